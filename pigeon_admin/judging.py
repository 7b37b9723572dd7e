"""What a rule says about an object as the database has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone

from pigeon_admin.conditions import UNKNOWN, Conditions, FieldPath, Row, compile_conditions
from pigeon_admin.exceptions import PigeonError
from pigeon_admin.models import Rule


@dataclass(frozen=True)
class Verdict:
    """What one rule says: ``matched`` is None when it could not be judged, and ``problem`` says why."""

    rule: Rule
    matched: bool | None
    rows: tuple[Row, ...] = ()
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form kept on the package: what was asked, what was seen."""
        return verdict_json(self.rows)


def verdict_json(rows: Iterable[Row]) -> dict[str, Any]:
    """Rows as JSON: ``{"conditions": [{"group", "words", "seen", "matched"}]}``."""
    return {
        "conditions": [
            {"group": row.condition.group, "words": row.words, "seen": row.seen, "matched": row.matched} for row in rows
        ]
    }


@dataclass
class DatabaseSource:
    """Values of one saved object, read when asked for; single-valued paths are read together in one query.

    ``before`` holds old values by field path, where somebody took them before the save.
    """

    model: type[models.Model]
    pk: Any
    using: str
    moment: datetime
    created: bool | None = False
    expected: Sequence[FieldPath] = ()
    old: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    known: dict[str, Sequence[Any]] = field(default_factory=dict)

    def now(self, path: FieldPath) -> Sequence[Any]:
        """The present values at ``path``; an empty relation is ``[None]``."""
        if path.path not in self.known:
            self.read(path)
        return self.known[path.path]

    def before(self, path: FieldPath) -> Any:
        """The old values; where nobody took them, nothing changed them."""
        if path.path in self.old:
            return self.old[path.path]
        return [None] if self.created else self.now(path)

    def read(self, path: FieldPath) -> None:
        """Read ``path``, and with it every other single-valued path that will be asked for."""
        rows = self.model._base_manager.using(self.using).filter(pk=self.pk)
        if path.multi_valued:
            self.known[path.path] = list(rows.values_list(path.query_path, flat=True)) or [None]
            return
        together = {each for each in self.expected if not each.multi_valued and each.path not in self.known} | {path}
        wanted = sorted({each.query_path for each in together})
        row = rows.values(*wanted).first() or {}
        for each in together:
            self.known[each.path] = [row.get(each.query_path)]


def exists(obj: models.Model, using: str) -> bool:
    """Whether the database still has this object."""
    return type(obj)._base_manager.using(using).filter(pk=obj.pk).exists()


def source_of(obj: models.Model, conditions: Conditions, moment: datetime | None = None) -> DatabaseSource:
    """The values of ``obj`` as the database has them now."""
    using = obj._state.db or "default"
    return DatabaseSource(type(obj), obj.pk, using, moment or timezone.now(), expected=tuple(conditions.paths))


def judge(rule: Rule, obj: models.Model, moment: datetime | None = None) -> Verdict:
    """Judge a saved object by the rule's conditions as they are now; conditions about the change see no change.

    Nothing is written. A rule that cannot judge answers with ``problem``, never with an exception of ours.
    """
    model = rule.model_class
    if model is None:
        return Verdict(rule, None, problem=f"“{rule.model}” is not installed on this site any more.")
    try:
        conditions = compile_conditions(model, rule.conditions())
        source = source_of(obj, conditions, moment)
        return Verdict(rule, conditions.answer(source), tuple(conditions.explain(source)))
    except (PigeonError, FieldDoesNotExist) as error:
        return Verdict(rule, None, problem=str(error))


__all__ = ["UNKNOWN", "DatabaseSource", "Verdict", "judge", "source_of", "verdict_json"]
