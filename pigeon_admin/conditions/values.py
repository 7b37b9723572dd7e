"""The values of conditions, from the text that a person typed."""

from __future__ import annotations

import csv
import math
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from pigeon_admin.conditions.moments import a_date, a_datetime, a_time
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.exceptions import ConditionError

EMPTY = "(empty)"  # how a missing value is shown, and how it is written where one may be asked for
MOST_VALUES = 1000
LONGEST_AGE = timedelta(days=36525)

YES, NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}
WHOLE = re.compile(r"[+-]?\d{1,30}", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
DURATION = re.compile(r"(\d{1,9})\s*(second|minute|hour|day|week)s?", re.ASCII | re.IGNORECASE)


def refused(text: str, /, **words: Any) -> ConditionError:
    """The error of a value; ``text`` is translated and has its %(names)s filled in."""
    return ConditionError(text % words, part="value")


def a_text(path: FieldPath, text: str) -> str:
    """Any text, as it stands; raises ConditionError for one that no database holds."""
    if "\0" in text:
        raise refused(_("The value holds an invisible character (NUL) that no text has. Type it anew."))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise refused(_("The value holds half a character that no text has. Type it anew.")) from None
    return text


def a_value(path: FieldPath, text: str) -> Any:
    """One value to compare with those of the field: a choice's key, else what the kind of field asks for."""
    if path.choices:
        return a_choice(path, text)
    return PARSERS[path.kind](path, text)


def a_choice(path: FieldPath, text: str) -> Any:
    """The key of a choice, from the key or from its label."""
    wanted = text.strip()
    for key, label in path.choices:
        if wanted in (str(key), label):
            return key if path.kind == "text" else path.key.to_python(key)
    if path.kind == "boolean" and wanted.lower() in YES | NO:
        return a_boolean(path, wanted)
    keys = ", ".join(str(key) for key, _label in path.choices[:20])
    raise refused(
        _("“%(text)s” is not one of the choices of %(field)s. Choose from: %(keys)s."), text=text, field=path.label, keys=keys
    )


def a_boolean(path: FieldPath, text: str) -> bool:
    """Yes or no."""
    word = text.strip().lower()
    if word not in YES | NO:
        raise refused(_("“%(text)s” is neither yes nor no. Write yes or no."), text=text)
    return word in YES


def a_number(path: FieldPath, text: str) -> Any:
    """A number of the field's own type."""
    return number_of(path.key, text.strip(), path.label)


def number_of(field: Any, text: str, label: str) -> Any:
    if isinstance(field, models.DecimalField):
        return a_decimal(field, text, label)
    if isinstance(field, models.FloatField):
        try:
            number = float(text) if text.isascii() and "_" not in text else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise refused(_("“%(text)s” is not a number. Write it like 12 or 12.5, with a point."), text=text)
        return number
    if not WHOLE.fullmatch(text):
        raise refused(_("“%(text)s” is not a whole number. Write it like 12."), text=text)
    return int(text)


def a_decimal(field: Any, text: str, label: str) -> Decimal:
    if not DECIMAL.fullmatch(text) or len(text) > 100:
        raise refused(_("“%(text)s” is not a number. Write it like 12 or 12.5, with a point."), text=text)
    number = Decimal(text)
    if field.max_digits is None or field.decimal_places is None:
        return number
    if number != round(number, field.decimal_places):
        raise refused(_("%(field)s has only %(places)d digits after the point."), field=label, places=field.decimal_places)
    if abs(number) >= Decimal(10) ** (field.max_digits - field.decimal_places):
        digits = field.max_digits - field.decimal_places
        raise refused(
            _("“%(text)s” is too large: %(field)s has at most %(digits)d digits before the point."),
            text=text,
            field=label,
            digits=digits,
        )
    return round(number, int(field.decimal_places))


def a_key(path: FieldPath, text: str) -> Any:
    """The key of a related object."""
    text = text.strip()
    if isinstance(path.key, models.IntegerField):
        if not WHOLE.fullmatch(text):
            message = _(
                "“%(text)s” is not the number (id) of a %(model)s. To compare a name, choose a field of it, such as %(path)s__…"
            )
            raise refused(message, text=text, model=path.field.related_model._meta.verbose_name, path=path.path)
        return int(text)
    return other(path, a_text(path, text))


def other(path: FieldPath, text: str) -> Any:
    """Whatever the field itself makes of the text."""
    try:
        return path.key.to_python(text.strip())
    except (ValidationError, ValueError, TypeError):
        raise refused(_("“%(text)s” cannot be a value of %(field)s."), text=text, field=path.label) from None


def a_duration(path: FieldPath, text: str) -> timedelta:
    """Such as "3 days"; whole days and weeks only, for a field without a time of day."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise refused(_("“%(text)s” is not a span of time. Write it like 30 minutes, 2 hours, 3 days or 1 week."), text=text)
    count, unit = int(match[1]), match[2].lower()
    if path.kind == "date" and unit not in ("day", "week"):
        raise refused(_("%(field)s has no time of day. Write the span in days or weeks."), field=path.label)
    if count > 10**10 or (span := count * timedelta(**{f"{unit}s": 1})) > LONGEST_AGE:
        raise refused(_("“%(text)s” is too long. A hundred years is the most."), text=text)
    return span


def a_list(text: str, most: int = MOST_VALUES) -> list[str]:
    """The texts of a list: one a line, or on one line separated by commas, with "quotes" around one that holds a comma."""
    lines = text.strip().splitlines()
    if len(lines) == 1:
        try:
            lines = next(csv.reader(lines, skipinitialspace=True, strict=True))
        except csv.Error:
            raise refused(_("The quotation marks in the list do not match. Write one value a line instead.")) from None
    values = [line.strip() for line in lines if line.strip()]
    if not values:
        raise refused(_("The list is empty. Write one value a line."))
    if len(values) > most:
        raise refused(_("The list has %(count)d values; at most %(most)d."), count=len(values), most=most)
    return values


PARSERS: dict[str, Any] = {
    "text": a_text,
    "file": a_text,
    "number": a_number,
    "boolean": a_boolean,
    "relation": a_key,
    "uuid": other,
    "date": a_date,
    "datetime": a_datetime,
    "time": a_time,
}
