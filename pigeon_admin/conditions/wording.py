"""Conditions and the values they saw, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from pigeon_admin.conditions.condition import Condition
from pigeon_admin.conditions.operator import Operator
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.source import UNKNOWN, Source, Values
from pigeon_admin.conditions.values import EMPTY

LONGEST = 200  # characters of a value that are shown
MOST = 20  # values that are shown


def words_of(condition: Condition, operator: Operator, path: FieldPath) -> str:
    """Such as: title contains “war”."""
    text = f"{path.label} {operator.label}"
    if operator.needs_value:
        value = (
            ", ".join(line.strip() for line in condition.value.strip().splitlines())
            if "\n" in condition.value.strip()
            else condition.value
        )
        text = _("%(text)s “%(value)s”") % {"text": text, "value": cut(value)}
    return _("not: %(text)s") % {"text": text} if condition.negate else text


def seen_by(operator: Operator, path: FieldPath, source: Source) -> str:
    """The values that a condition looked at, as text of at most 200 characters or so."""
    now = shown(source.now(path))
    if not operator.about_change:
        return now
    if source.created:
        return _("new: %(now)s") % {"now": now}
    return f"{shown(source.before(path))} → {now}"


def shown(values: Values) -> str:
    if values is UNKNOWN:
        return _("(not known)")
    texts = [show(value) for value in values[:MOST]]
    return cut(", ".join(texts) + (", …" if len(values) > MOST else ""))


def show(value: Any) -> str:
    """One value, for people; times in the site's time zone."""
    if hasattr(value, "resolve_expression"):
        return _("(the database will tell)")
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(timezone.get_default_timezone()).replace(tzinfo=None)
    if isinstance(value, datetime):
        return value.isoformat(" ", "auto" if value.second or value.microsecond else "minutes")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or (text := str(value)) == "":
        return EMPTY
    return text[: LONGEST + 1]


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
