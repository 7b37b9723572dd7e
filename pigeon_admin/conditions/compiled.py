"""Conditions made ready: judged in Python, explained, or asked of a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Model, Q
from django.utils.translation import gettext as _

from pigeon_admin.conditions.condition import Condition
from pigeon_admin.conditions.operator import Judge, Operator
from pigeon_admin.conditions.operators import OPERATORS, operators_for
from pigeon_admin.conditions.paths import FieldPath, resolve
from pigeon_admin.conditions.source import Source
from pigeon_admin.conditions.superset import EVERYTHING, Superset, every, of_objects, some
from pigeon_admin.conditions.wording import seen_by, words_of
from pigeon_admin.exceptions import ConditionError


@dataclass(frozen=True)
class Row:
    """What became of one condition. ``seen``: the values it looked at, as short text. ``problem``: why not judged, or ""."""

    condition: Condition
    words: str
    seen: str
    matched: bool | None
    problem: str = ""

    @property
    def group(self) -> int:
        """The group of the condition."""
        return self.condition.group

    def as_json(self) -> dict[str, Any]:
        """This row for a JSON column: {"words", "seen", "matched", "group"} and, where there is one, "problem"."""
        row = {"words": self.words, "seen": self.seen, "matched": self.matched, "group": self.group}
        return row | {"problem": self.problem} if self.problem else row


@dataclass(frozen=True)
class Compiled:
    """One condition with all that can be worked out beforehand."""

    condition: Condition
    path: FieldPath
    operator: Operator
    negate: bool
    wanted: Any
    judge: Judge = field(repr=False)

    @property
    def cost(self) -> tuple[int, int]:
        """Cheap conditions first: on the object itself before across relations, old values after new ones."""
        return (
            0 if self.path.is_local else 2 if self.path.multi_valued else 1,
            self.operator.cost + 5 * self.operator.about_change,
        )

    def superset(self, vendor: str, now: datetime) -> Superset:
        """The objects for which the condition may hold."""
        found = self.operator.superset(self.path, self.wanted, vendor, now)
        if self.path.is_local and not self.negate:
            return found
        return of_objects(found, self.path.model, negate=self.negate)


class Conditions:
    """Groups of conditions on one model: all of a group must hold, one group is enough; without any, every object matches."""

    def __init__(self, groups: Iterable[tuple[Compiled, ...]]) -> None:
        self._groups = tuple(groups)
        self._judges = tuple(tuple(row.judge for row in sorted(group, key=lambda row: row.cost)) for group in self._groups)

    def answer(self, source: Source) -> bool | None:
        """Whether the conditions hold; None where it depends on what the source does not know.

        Asks no more than it needs. Once all is known that can be, None means that a value could not be read: no match.
        Raises ConditionError when a regular expression takes too long.
        """
        unknown = False
        for judges in self._judges:
            state: bool | None = True
            for judge in judges:
                held = judge(source)
                if held is False:
                    state = False
                    break
                if held is None:
                    state = None
            if state:
                return True
            if state is None:
                unknown = True
        return None if unknown else not self._judges

    def explain(self, source: Source) -> list[Row]:
        """Each condition, in its order, with the values it saw; raises nothing that a condition raises."""
        return [explained(row, source) for row in self.rows]

    @cached_property
    def rows(self) -> tuple[Compiled, ...]:
        """All conditions, group by group."""
        return tuple(row for group in self._groups for row in group)

    @cached_property
    def paths(self) -> tuple[FieldPath, ...]:
        """The field paths whose present values decide, each once."""
        return tuple(dict.fromkeys(row.path for row in self.rows))

    @cached_property
    def before_paths(self) -> tuple[FieldPath, ...]:
        """The field paths whose values before the save decide, each once."""
        return tuple(dict.fromkeys(row.path for row in self.rows if row.operator.about_change))

    def state_only(self) -> Conditions:
        """These without the conditions about the change, which was judged at the save: what must still hold later."""
        return Conditions(tuple(row for row in group if not row.operator.about_change) for group in self._groups)

    def query(self, vendor: str, now: datetime) -> tuple[Q, bool]:
        """A Q for ``filter()`` that finds all objects for which these hold, and whether it finds no others.

        ``vendor``: "sqlite", "postgresql" or "mysql" (which is MariaDB, too). Where it is not exact, judge again what it finds.
        """
        groups = [every(row.superset(vendor, now) for row in group) for group in self._groups]
        found = some(groups) if groups else EVERYTHING
        return found.filter, found.exact


def explained(row: Compiled, source: Source) -> Row:
    problem, matched = "", None
    try:
        matched = row.judge(source)
    except ConditionError as error:
        problem = str(error)
    seen = seen_by(row.operator, row.path, source)
    return Row(row.condition, words_of(row.condition, row.operator, row.path), seen, matched, problem)


def compile_condition(model: type[Model], condition: Condition, *, about_change: bool = True) -> Compiled:
    """One condition made ready; raises ConditionError whose ``part`` says where the trouble is."""
    path = resolve(model, condition.path)
    operator = operator_of(path, condition.operator, about_change=about_change)
    value = condition.value
    wanted = None
    if operator.parse is not None:
        if not value.strip():
            raise ConditionError(
                _("Write a value, or choose the operator “%(label)s”.") % {"label": OPERATORS["is_empty"].label}, "value"
            )
        wanted = operator.parse(path, value)
    elif value.strip():
        raise ConditionError(_("“%(label)s” takes no value: leave it empty.") % {"label": operator.label}, "value")
    negate = condition.negate is not operator.negated
    judge = operator.judge(path, wanted)
    return Compiled(condition, path, operator, negate, wanted, negation(judge) if negate else judge)


def negation(judge: Judge) -> Judge:
    def negated(source: Source) -> bool | None:
        held = judge(source)
        return None if held is None else not held

    return negated


def operator_of(path: FieldPath, name: str, *, about_change: bool) -> Operator:
    """The operator of that name, if it fits the field."""
    operator = OPERATORS.get(name)
    fitting = [each for each in operators_for(path) if about_change or not each.about_change]
    if operator is not None and operator in fitting:
        return operator
    if operator is None:
        text = _("There is no operator “%(name)s”.") % {"name": name}
    elif operator.about_change and not about_change:
        text = _("“%(label)s” needs a save to compare before and after; here there is none.") % {"label": operator.label}
    elif operator.about_change:
        text = _("“%(label)s” is known for the object's own fields only.") % {"label": operator.label}
    else:
        text = _("“%(label)s” does not fit %(field)s.") % {"label": operator.label, "field": path.label}
    hint = _("Choose from: %(names)s.") % {"names": ", ".join(f"{each.label} ({each.name})" for each in fitting)}
    raise ConditionError(f"{text} {hint}", part="operator")


def compile_conditions(model: type[Model], conditions: Iterable[Condition], *, about_change: bool = True) -> Conditions:
    """Conditions made ready for ``model``; without ``about_change``, those that compare old and new are refused.

    Raises ConditionError for the first condition that cannot be judged.
    """
    groups: dict[int, list[Compiled]] = {}
    for condition in conditions:
        groups.setdefault(condition.group, []).append(compile_condition(model, condition, about_change=about_change))
    return Conditions(tuple(groups[number]) for number in sorted(groups))
