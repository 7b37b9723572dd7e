"""Operators on text; their queries go round the databases' own ideas of case, accents and trailing blanks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import regex
from django.db.models import BinaryField, F, Func, IntegerField, Q, Value
from django.db.models.functions import Length, StrIndex, Upper
from django.db.models.lookups import Exact, GreaterThan, In, LessThan
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from pigeon_admin.conditions.operator import Judge, Operator, any_value
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.superset import Superset
from pigeon_admin.conditions.values import WHOLE, a_text, refused
from pigeon_admin.conf import settings
from pigeon_admin.exceptions import ConditionError

TEXT = frozenset({"text", "file"})
LONGEST_PATTERN = 1000

# Runs of characters that only they themselves, in either case, fold to: "k" is not among them, for the Kelvin sign folds to it,
# nor "s", for "ß" folds to "ss". What a database makes of the others differs; of these none does anything else.
PLAIN_RUN = re.compile(r"[b-egmo-ruvxzB-EGMO-RUVXZ0-9 !-/:-@\[-`{-~]+")


class Bytes(Func):
    """The bytes of a text: MariaDB compares them as they are."""

    template = "CAST(CONVERT(%(expressions)s USING utf8mb4) AS BINARY)"
    output_field = BinaryField()


def same(path: FieldPath, wanted: list[str], vendor: str) -> Superset:
    """The rows whose text is one of ``wanted``."""
    q = Q(**{f"{path.query_path}__in": wanted}) if len(wanted) > 1 else Q(**{path.query_path: wanted[0]})
    if vendor == "mysql":  # by an index, but "Élan" for 'elan' and "a " for 'a', too: then of these, the same bytes
        q &= Q(In(Bytes(F(path.query_path)), [text.encode() for text in wanted]))
    return Superset(q, exact=True)


def present(path: FieldPath) -> Superset:
    """The rows with a text at all, to be judged again."""
    return Superset(Q(**{f"{path.query_path}__isnull": False}), exact=False)


def index_of(path: FieldPath, text: str, *, upper: bool = False) -> StrIndex:
    # The field may count as a file name or a slug: to the function all are text.
    where: Any = Upper(F(path.query_path)) if upper else F(path.query_path)
    return StrIndex(where, Value(text), output_field=IntegerField())


def contains(path: FieldPath, text: str, vendor: str, now: datetime) -> Superset:
    if vendor == "sqlite":  # its LIKE does not tell "a" from "A"
        return Superset(Q(GreaterThan(index_of(path, text), 0)), exact=True)
    return Superset(Q(**{f"{path.query_path}__contains": text}), exact=True)


def starts_with(path: FieldPath, text: str, vendor: str, now: datetime) -> Superset:
    if vendor == "sqlite":
        return Superset(Q(Exact(index_of(path, text), 1)), exact=True)
    return Superset(Q(**{f"{path.query_path}__startswith": text}), exact=True)


def ends_with(path: FieldPath, text: str, vendor: str, now: datetime) -> Superset:
    if vendor == "sqlite":  # whatever looks from the end stops at a NUL character there
        return Superset(contains(path, text, vendor, now).q, exact=False)
    return Superset(Q(**{f"{path.query_path}__endswith": text}), exact=True)


def contains_any_case(path: FieldPath, text: str, vendor: str, now: datetime) -> Superset:
    q = Q(**{f"{path.query_path}__isnull": False})
    for run in PLAIN_RUN.findall(text):
        q &= Q(GreaterThan(index_of(path, run.upper(), upper=True), 0))
    return Superset(q, exact=False)


def contains_folded(path: FieldPath, text: str) -> Judge:
    folded = text.casefold()
    return any_value(path, lambda value: folded in value.casefold())


def a_pattern(path: FieldPath, text: str) -> Any:
    """A compiled regular expression."""
    if len(text) > LONGEST_PATTERN:
        raise refused(_t("The pattern is too long: at most %(most)d characters."), most=LONGEST_PATTERN)
    try:
        return regex.compile(a_text(path, text))  # type: ignore[no-untyped-call]
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise refused(_t("“%(text)s” is not a regular expression: %(error)s."), text=text, error=error) from None


def matches(path: FieldPath, pattern: Any) -> Judge:
    timeout = settings.REGEX_TIMEOUT

    def test(value: str) -> bool:
        try:
            return pattern.search(value, timeout=timeout) is not None
        except TimeoutError:
            message = _t(
                "The pattern “%(pattern)s” takes too long on %(field)s: more than %(seconds)s seconds. Write a simpler one."
            )
            words = {"pattern": pattern.pattern, "field": path.label, "seconds": timeout}
            raise ConditionError(message % words, part="value") from None

    return any_value(path, test)


def a_length(path: FieldPath, text: str) -> int:
    """A number of characters."""
    if not WHOLE.fullmatch(text.strip()) or not 0 <= int(text) <= 10**9:
        raise refused(_t("“%(text)s” is not a number of characters. Write it like 200."), text=text)
    return int(text)


def length_operator(name: str, label: Any, test: Callable[[int, int], bool], lookup: Any) -> Operator:
    def query(path: FieldPath, wanted: int, vendor: str, now: datetime) -> Superset:
        q = Q(lookup(Length(F(path.query_path)), wanted))
        if path.kind == "file":  # "" is no file, and has no length
            q &= Q(GreaterThan(Length(F(path.query_path)), 0))
        if vendor == "sqlite":  # it counts up to the first NUL character
            q |= Q(GreaterThan(index_of(path, "\0"), 0))
            return Superset(q, exact=False)
        return Superset(q, exact=True)

    return Operator(
        name=name,
        label=label,
        kinds=TEXT,
        parse=a_length,
        judge=lambda path, wanted: any_value(path, lambda value: test(len(value), wanted)),
        query=query,
        hint=_("A number of characters."),
    )


TEXT_OPERATORS = [
    Operator(
        name="contains",
        label=_("contains"),
        kinds=TEXT,
        parse=a_text,
        judge=lambda path, wanted: any_value(path, lambda value: wanted in value),
        query=contains,
        hint=_("A piece of text, with capitals and accents just so."),
    ),
    Operator(
        name="icontains",
        label=_("contains (any case)"),
        kinds=TEXT,
        parse=a_text,
        judge=contains_folded,
        query=contains_any_case,
        hint=_("A piece of text; capitals do not matter, accents do."),
        cost=1,
    ),
    Operator(
        name="starts_with",
        label=_("starts with"),
        kinds=TEXT,
        parse=a_text,
        judge=lambda path, wanted: any_value(path, lambda value: value.startswith(wanted)),
        query=starts_with,
        hint=_("The first characters, with capitals and accents just so."),
    ),
    Operator(
        name="ends_with",
        label=_("ends with"),
        kinds=TEXT,
        parse=a_text,
        judge=lambda path, wanted: any_value(path, lambda value: value.endswith(wanted)),
        query=ends_with,
        hint=_("The last characters, such as .pdf"),
    ),
    Operator(
        name="regex",
        label=_("matches the pattern"),
        kinds=TEXT,
        parse=a_pattern,
        judge=matches,
        query=lambda path, wanted, vendor, now: present(path),
        hint=_("A regular expression, found anywhere in the text: ^[A-Z]{3}-"),
        cost=2,
    ),
    length_operator("length_equals", _("has exactly so many characters"), lambda a, b: a == b, Exact),
    length_operator("length_greater", _("is longer than"), lambda a, b: a > b, GreaterThan),
    length_operator("length_less", _("is shorter than"), lambda a, b: a < b, LessThan),
]
