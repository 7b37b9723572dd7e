"""Operators that compare the values before a save with those after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from pigeon_admin.conditions.coercion import coercion
from pigeon_admin.conditions.equality import VALUES, equal_to, missing
from pigeon_admin.conditions.operator import ANY_KIND, Judge, Operator, Test
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.source import UNKNOWN, Source, Values
from pigeon_admin.conditions.values import EMPTY, a_value

Read = Callable[[Values], list[Any] | None]


def values_reader(path: FieldPath) -> Read:
    """Reads values for comparison: what is missing as None, whatever way it is; None where any is not known."""
    coerce = coercion(path)
    ordered = path.multi_valued

    def read(values: Values) -> list[Any] | None:
        if values is UNKNOWN:
            return None
        result = [None if value is None else coerce(value) for value in values]
        if any(value is UNKNOWN for value in result):
            return None
        return sorted(result, key=lambda value: (value is not None, value)) if ordered and len(result) > 1 else result

    return read


def changed(path: FieldPath, wanted: None) -> Judge:
    read = values_reader(path)

    def judge(source: Source) -> bool | None:
        if source.created:
            return True
        before = read(source.before(path))
        now = read(source.now(path))
        if source.created is None or before is None or now is None:
            return None
        return before != now

    return judge


def changed_from(path: FieldPath, wanted: Test) -> Judge:
    read = values_reader(path)

    def judge(source: Source) -> bool | None:
        if source.created:
            return False
        before, now = read(source.before(path)), read(source.now(path))
        was = None if before is None else any(map(wanted, before))
        still = None if now is None else any(map(wanted, now))
        if was is False or still is True:
            return False
        return True if was and still is False and source.created is False else None

    return judge


def changed_to(path: FieldPath, wanted: Test) -> Judge:
    read = values_reader(path)

    def judge(source: Source) -> bool | None:
        now = read(source.now(path))
        becomes = None if now is None else any(map(wanted, now))
        if source.created or becomes is False:
            return becomes
        before = read(source.before(path))
        was = None if before is None else any(map(wanted, before))
        if source.created is None:
            return True if becomes and was is False else None
        if was is True:
            return False
        return True if becomes and was is False else None

    return judge


def a_test(path: FieldPath, text: str) -> Test:
    """Whether a value is the typed one; "(empty)" stands for a missing one."""
    if text.strip() == EMPTY:
        return missing
    equal = equal_to(a_value(path, text))
    return lambda value: value is not None and equal(value)


HINT = _("One value, or (empty).")

CHANGE_OPERATORS = [
    Operator(name="changed", label=_("changed"), kinds=ANY_KIND, judge=changed, about_change=True),
    Operator(
        name="changed_from",
        label=_("changed from"),
        kinds=VALUES,
        parse=a_test,
        judge=changed_from,
        hint=HINT,
        about_change=True,
    ),
    Operator(
        name="changed_to",
        label=_("changed to"),
        kinds=VALUES,
        parse=a_test,
        judge=changed_to,
        hint=HINT,
        about_change=True,
    ),
]
