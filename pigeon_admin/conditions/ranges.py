"""Ranges of numbers, dates or times: the one form of all comparisons of order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q

from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.superset import Superset

SQLITE_DIGITS = 15  # decimals are kept there as 8-byte floats, which tell numbers of 15 digits apart, and no longer ones


@dataclass(frozen=True)
class Range:
    """From ``low`` to ``high``, each None where there is no bound; an open end does not belong to the range."""

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False

    def test(self) -> Callable[[Any], bool]:
        """Whether a value lies within."""
        low, high, low_open, high_open = self.low, self.high, self.low_open, self.high_open
        if high is None:
            return (lambda value: value > low) if low_open else (lambda value: value >= low)
        if low is None:
            return (lambda value: value < high) if high_open else (lambda value: value <= high)
        if low == high and not low_open and not high_open:
            return lambda value: bool(value == low)
        return lambda value: (low < value if low_open else low <= value) and (value < high if high_open else value <= high)

    def query(self, path: FieldPath, vendor: str) -> Superset:
        """The rows with a value within."""
        name = path.query_path
        if vendor == "sqlite" and decimals_blur(path.key):
            return Superset(Q(**{f"{name}__isnull": False}), exact=False)
        if self.low is not None and self.low == self.high and not self.low_open and not self.high_open:
            return Superset(Q(**{name: self.low}), exact=True)
        # Said outright, for Django drops a comparison that every number in the column's range fulfils, and NULL fulfils none.
        q = Q(**{f"{name}__isnull": False})
        if self.low is not None:
            q &= Q(**{f"{name}__gt" if self.low_open else f"{name}__gte": self.low})
        high, high_open = self.high, self.high_open
        if high is None and vendor == "postgresql":
            high, high_open = ceiling(path.key), False
        if high is not None:
            q &= Q(**{f"{name}__lt" if high_open else f"{name}__lte": high})
        return Superset(q, exact=True)


def decimals_blur(field: Any) -> bool:
    """Whether SQLite may hold two of this field's values as one number."""
    return isinstance(field, models.DecimalField) and (field.max_digits or 100) > SQLITE_DIGITS


def ceiling(field: Any) -> Any:
    """The greatest number a field holds: PostgreSQL takes NaN for a greater one still, and it must not be found."""
    if isinstance(field, models.FloatField):
        return float("inf")
    if isinstance(field, models.DecimalField) and field.max_digits is not None and field.decimal_places is not None:
        return Decimal(10**field.max_digits - 1).scaleb(-field.decimal_places)
    return None
