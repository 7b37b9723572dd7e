"""Operators that ask whether a value is one of some values, or is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from pigeon_admin.conditions.operator import ANY_KIND, Judge, Operator, Test, any_value
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.ranges import Range
from pigeon_admin.conditions.source import UNKNOWN, Source
from pigeon_admin.conditions.superset import ANYTHING, Superset, some
from pigeon_admin.conditions.texts import TEXT, same
from pigeon_admin.conditions.values import a_list, a_value

VALUES = frozenset({"text", "file", "number", "boolean", "date", "datetime", "time", "relation", "uuid"})
MOST_DAYS = 100  # each is a pair of comparisons, and SQLite takes expressions only so deep
LONG = 2**63  # SQLite knows no whole numbers beyond


def equal_to(wanted: Any) -> Test:
    """Whether a value is the wanted one; a date equals every moment of its day."""
    return wanted.test() if isinstance(wanted, Range) else lambda value: bool(value == wanted)


def one_of(path: FieldPath, wanted: list[Any]) -> Judge:
    if len(wanted) == 1:
        return any_value(path, equal_to(wanted[0]))
    if any(isinstance(value, Range) for value in wanted):
        tests = [equal_to(value) for value in wanted]
        return any_value(path, lambda value: any(test(value) for test in tests))
    values = frozenset(wanted)
    return any_value(path, lambda value: value in values)


def one_of_query(path: FieldPath, wanted: list[Any], vendor: str, now: datetime) -> Superset:
    if path.kind in TEXT:
        return same(path, wanted, vendor)
    # Each number beyond the column's range becomes a lookup of its own: Django knows those that no column can hold.
    alone = [value for value in wanted if isinstance(value, Range) or (isinstance(value, int) and abs(value) >= LONG)]
    parts = [value if isinstance(value, Range) else Range(value, value) for value in alone]
    terms = [part.query(path, vendor) for part in parts]
    if together := [value for value in wanted if value not in alone]:
        term = Range(together[0], together[0]).query(path, vendor)
        if len(together) > 1 and term.exact:
            term = Superset(Q(**{f"{path.query_path}__in": together}), exact=True)
        terms.append(term)
    return some(terms)


def one(path: FieldPath, text: str) -> list[Any]:
    return [a_value(path, text)]


def several(path: FieldPath, text: str) -> list[Any]:
    texts = a_list(text, MOST_DAYS) if path.kind == "datetime" else a_list(text)
    return [a_value(path, text) for text in texts]


def missing(value: Any) -> bool:
    """None, an empty text, no file; of JSON also an empty list or object."""
    return value is None or (not value and (isinstance(value, str | list | dict) or hasattr(value, "_committed")))


def is_missing(path: FieldPath, wanted: None) -> Judge:
    def judge(source: Source) -> bool | None:
        values = source.now(path)
        if values is UNKNOWN:
            return None
        unsure = False
        for value in values:
            if hasattr(value, "resolve_expression"):
                unsure = True
            elif missing(value):
                return True
        return None if unsure else False

    return judge


def is_missing_query(path: FieldPath, wanted: None, vendor: str, now: datetime) -> Superset:
    if path.kind in ("json", "other"):
        return ANYTHING
    q = Q(**{f"{path.path}__isnull": True})
    if path.kind in TEXT:
        # To MariaDB "  " equals "".
        q |= Q(Exact(Length(F(path.path)), 0)) if vendor == "mysql" else Q(**{path.path: ""})
    return Superset(q, exact=True)


EQUALS = Operator(
    name="equals",
    label=_("equals"),
    kinds=VALUES,
    parse=one,
    judge=one_of,
    query=one_of_query,
    hint=_("One value. A choice by its key or label; yes or no; a date means the whole day; a related object by its id."),
)

EQUALITY_OPERATORS = [
    EQUALS,
    replace(EQUALS, name="not_equals", label=_("does not equal"), negated=True),
    Operator(
        name="in",
        label=_("is one of"),
        kinds=VALUES - {"boolean"},
        parse=several,
        judge=one_of,
        query=one_of_query,
        hint=_("Several values, one a line."),
    ),
    Operator(
        name="is_empty",
        label=_("is empty"),
        kinds=ANY_KIND,
        judge=is_missing,
        query=is_missing_query,
    ),
]
