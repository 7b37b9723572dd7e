"""What an operator is: its words, its reading of the value, its Python form and its ``Q`` form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Field

from pigeon_admin.conditions.coercion import coercion
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.source import UNKNOWN, Source
from pigeon_admin.conditions.superset import ANYTHING, Superset

Words: TypeAlias = Any  # str, or a lazily translated one
Judge = Callable[[Source], bool | None]
Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Operator:
    """One way to compare.

    ``parse(path, text)`` answers the wanted value, or raises ConditionError (part "value"). ``judge(path, wanted)`` is the Python
    form: a function of a source that answers True, False, or None where the source does not know. ``query(path, wanted, vendor,
    now)`` is the ``Q`` form: rows of a join along the path of which at least one must be in it; without one, the query leaves all
    to Python. ``hint`` says what to type. ``about_change``: compares old and new, so it makes sense at a save only. ``negated``:
    the forms say the opposite of what the operator means. ``cost``: among conditions on like fields, the cheap go first.
    """

    name: str
    label: Words
    kinds: frozenset[str]
    judge: Callable[[FieldPath, Any], Judge]
    parse: Callable[[FieldPath, str], Any] | None = None
    query: Callable[[FieldPath, Any, str, datetime], Superset] | None = None
    hint: Words = ""
    about_change: bool = False
    negated: bool = False
    cost: int = 0

    @property
    def needs_value(self) -> bool:
        """Whether a value has to be given; otherwise none may be."""
        return self.parse is not None

    def fits(self, path: FieldPath) -> bool:
        """Whether this operator can be used on the field. Changes are followed on the object's own fields and relations only."""
        if self.about_change and len(path.steps) > 1:
            return False
        return self.kinds == ANY_KIND or path.kind in self.kinds

    def superset(self, path: FieldPath, wanted: Any, vendor: str, now: datetime) -> Superset:
        """The ``Q`` form where the field and the database are ones whose ways we know, else everything."""
        if self.query is None or vendor not in ("sqlite", "postgresql", "mysql") or not stored_plainly(path.key):
            return ANYTHING
        return self.query(path, wanted, vendor, now)


ANY_KIND: frozenset[str] = frozenset({"*"})

# What decides how a value looks in the database and in a query.
TELLING = ("get_prep_value", "get_db_prep_value", "to_python", "get_lookup", "get_transform")


def stored_plainly(field: Any) -> bool:
    """Whether the column holds what Python sees: a field that reads and writes as Django's own, under the usual collation."""
    if hasattr(field, "from_db_value") and type(field).from_db_value is not getattr(Field, "from_db_value", None):
        return False
    if getattr(field, "db_collation", None):
        return False
    return all(getattr(type(field), name).__module__.startswith("django.") for name in TELLING)


def any_value(path: FieldPath, test: Test) -> Judge:
    """Holds if ``test`` affirms at least one value of the field; what is missing satisfies nothing."""
    coerce = coercion(path)

    def judge(source: Source) -> bool | None:
        values = source.now(path)
        if values is UNKNOWN:
            return None
        unsure = False
        for value in values:
            if value is None:
                continue
            read = coerce(value)
            if read is UNKNOWN:
                unsure = True
            elif read is not None and test(read):
                return True
        return None if unsure else False

    return judge


def any_value_at(path: FieldPath, test_at: Callable[[datetime], Test]) -> Judge:
    """The same for a test that depends on what moment it is."""
    coerce = coercion(path)

    def judge(source: Source) -> bool | None:
        values = source.now(path)
        if values is UNKNOWN:
            return None
        test = test_at(source.moment)
        unsure = False
        for value in values:
            read = value if value is None else coerce(value)
            if read is UNKNOWN:
                unsure = True
            elif read is not None and test(read):
                return True
        return None if unsure else False

    return judge
