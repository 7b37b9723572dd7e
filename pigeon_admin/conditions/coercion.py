"""Values as their field would read them, whatever type somebody assigned."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.source import UNKNOWN

Coerce = Callable[[Any], Any]

TYPES: dict[str, type] = {"text": str, "date": date, "boolean": bool}


def coercion(path: FieldPath) -> Coerce:
    """A function that reads a value that is not None.

    It answers the value in the field's own type; None for one that can satisfy nothing (no file, NaN); UNKNOWN for what only the
    save will settle: a database expression, a file still to be stored, or something the field cannot read, which the save itself
    will refuse.
    """
    read = reader(path)

    def coerce(value: Any) -> Any:
        if hasattr(value, "resolve_expression"):
            return UNKNOWN
        try:
            return read(value)
        except (ValidationError, TypeError, ValueError, ArithmeticError):
            return UNKNOWN

    exact = TYPES.get(path.kind)
    if exact is None:
        return coerce
    # By far the most frequent case by far the fastest: the type is right already.
    return lambda value: value if type(value) is exact else coerce(value)


def reader(path: FieldPath) -> Coerce:
    """The function that reads values of this kind; it may raise."""
    key = path.key
    if path.kind == "file":
        return file_name
    if path.kind == "datetime":
        return lambda value: instant(key.to_python(value) if isinstance(value, str) else value)
    if isinstance(key, models.DecimalField):
        return decimal_reader(key)
    if isinstance(key, models.FloatField):
        return lambda value: None if math.isnan(number := float(value)) else number
    if path.kind == "text":
        return lambda value: text(key.to_python(value))
    return key.to_python


def text(value: Any) -> Any:
    """A field of a site's own making may hand out anything: only text is judged as text."""
    return str.__str__(value) if isinstance(value, str) else UNKNOWN


def file_name(value: Any) -> Any:
    """The stored name. A new upload gets its name only when it is saved; no file, whether NULL or "", has none."""
    if not getattr(value, "_committed", True):
        return UNKNOWN
    return str(getattr(value, "name", value) or "") or None


def decimal_reader(field: models.DecimalField[Any, Any]) -> Coerce:
    """Rounded as the database will round it."""
    step = None if field.decimal_places is None else Decimal(1).scaleb(-field.decimal_places)

    def read(value: Any) -> Any:
        number = value if type(value) is Decimal else field.to_python(value)
        if number is None or number.is_nan():
            return None
        return number if step is None or number.is_infinite() else number.quantize(step)

    return read


def instant(value: Any) -> Any:
    """A datetime as it is compared: in UTC, or naive in the site's time zone where USE_TZ is off; may raise OverflowError."""
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            return None if value is None else UNKNOWN
        value = datetime(value.year, value.month, value.day)
    if not django_settings.USE_TZ:
        return value if value.tzinfo is None else timezone.make_naive(value, timezone.get_default_timezone())
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.get_default_timezone())
    # Two times of one zone would be compared by the clock on the wall, which repeats an hour each autumn.
    return value.astimezone(UTC)
