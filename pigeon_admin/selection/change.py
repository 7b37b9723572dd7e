"""What happened to one object in one transaction, judged again whenever more of it is written."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, models, transaction
from django.utils import timezone

from pigeon_admin.conditions import UNKNOWN, FieldPath
from pigeon_admin.exceptions import told
from pigeon_admin.judging import DatabaseSource, verdict_json
from pigeon_admin.models import Package
from pigeon_admin.models.outbox import Match, coalesce, discard
from pigeon_admin.nudge import nudge_on_commit
from pigeon_admin.selection.compiled import CompiledRule
from pigeon_admin.selection.marks import Mark
from pigeon_admin.selection.values import InstanceSource, SavedSource

logger = logging.getLogger("pigeon_admin.selection")

Key = tuple[type[models.Model], Any]
LONGEST_KEY: int = Package._meta.get_field("object_pk").max_length or 0


def key_of(model: type[models.Model], pk: Any) -> Key:
    """One object, one key, though somebody wrote "5" for 5, or a UUID as text."""
    concrete: Any = model._meta.concrete_model
    try:
        return concrete, model._meta.pk.to_python(pk)
    except (ValidationError, TypeError, ValueError):  # an expression, which only the database can work out
        return concrete, pk


@dataclass(frozen=True)
class Record:
    """A rule's package stands for this change. ``package``: where this very transaction opened it. ``problem``: what it says."""

    mark: Mark
    package: Package | None
    problem: str


class Change:
    """One object, one transaction: the first old values and the event hold, the rows follow the last verdict.

    ``old``: old values by path, of those paths that rules ask about. ``created``: whether this transaction created the object.
    """

    def __init__(self, model: type[models.Model], pk: Any, using: str, *, created: bool, old: dict[str, Sequence[Any]]) -> None:
        self.model = model
        self.pk = key_of(model, pk)[1]
        self.using = using
        self.created = created
        self.old = old
        self.moment = timezone.now()
        self.recorded: dict[int, Record] = {}  # by rule
        self.deletion: Mark | None = None

    @property
    def deleted(self) -> bool:
        """Whether this transaction deleted the object."""
        return self.deletion is not None and self.deletion.stands

    def standing(self, rule: CompiledRule) -> Record | None:
        """What was recorded for a rule, unless a savepoint was rolled back since."""
        record = self.recorded.get(rule.pk)
        if record is not None and not record.mark.stands:
            del self.recorded[rule.pk]
            return None
        return record

    def judge(self, rules: Iterable[CompiledRule], memory: InstanceSource | None, name: str | None = None) -> None:
        """Judge by each rule and make the rows follow. Errors of judging become failed rows; errors of writing are the caller's."""
        rules = tuple(rules)
        expected = tuple({path for rule in rules for path in rule.paths})
        database = DatabaseSource(
            self.model,
            self.pk,
            self.using,
            self.moment,
            created=self.created,
            expected=self.unknown(expected, memory),
            old=self.old,
        )
        source = SavedSource(memory, database)
        event = "create" if self.created else "update"
        for rule in rules:
            if not rule.wants(event):
                continue
            matched, verdict, problem = self.verdict(rule, source)
            record = self.standing(rule)
            if matched:
                if record is None or record.problem != problem:
                    package = coalesce(self.match(rule, event, verdict, problem, name))
                    if package is None and record is not None:
                        package = record.package
                    self.recorded[rule.pk] = Record(Mark(self.using), package, problem)
                    nudge_on_commit(self.using)
            elif record is not None and record.package is not None:
                discard(record.package)
                del self.recorded[rule.pk]

    def unknown(self, paths: Iterable[FieldPath], memory: InstanceSource | None) -> tuple[FieldPath, ...]:
        """Those paths that memory cannot answer."""
        return tuple(path for path in paths if memory is None or memory.now(path) is UNKNOWN)

    def verdict(self, rule: CompiledRule, source: SavedSource) -> tuple[bool, dict[str, Any], str]:
        """(matched, what was seen, why it could not be judged): a rule that raises counts as matched, so that its row is seen."""
        if rule.problem:
            rule.tell(rule.problem, of=f"{rule.label} {self.pk}")
            return True, {}, rule.problem
        if len(str(self.pk)) > LONGEST_KEY:
            return True, {}, f"The key of this object has more than {LONGEST_KEY} characters, so it cannot be sent."
        try:
            # A failed query would break the caller's transaction without this savepoint, so it is there where queries may be.
            if source.memory is None or any(source.memory.now(path) is UNKNOWN for path in rule.paths):
                with transaction.atomic(using=self.using):
                    return self.answer(rule, source)
            return self.answer(rule, source)
        except Exception as error:
            reason = f"the database said: {told(error)}" if isinstance(error, DatabaseError) else told(error)
            trouble = f"The rule “{rule.name}” could not judge this object: {reason}"
            rule.tell(trouble, of=f"{rule.label} {self.pk}")
            logger.debug("How rule “%s” failed", rule.slug, exc_info=True)
            return True, {}, trouble

    def answer(self, rule: CompiledRule, source: SavedSource) -> tuple[bool, dict[str, Any], str]:
        """As ``verdict``, with whatever error judging raises."""
        if not rule.answer(source, self.created):
            return False, {}, ""
        return True, verdict_json(rule.conditions.explain(source)), ""

    def match(self, rule: CompiledRule, event: str, verdict: dict[str, Any], problem: str, name: str | None) -> Match:
        return Match(
            rule_id=rule.pk,
            model=rule.label,
            object_pk=str(self.pk)[:LONGEST_KEY],
            object_repr=name or f"{self.model._meta.verbose_name} {self.pk}"[:200],
            event=event,
            destination_ids=rule.destination_ids,
            moment=self.moment,
            verdict=verdict,
            problem=problem,
        )


class Ongoing:
    """The changes of the transactions now open, per connection; each is forgotten when its transaction or savepoint ends."""

    ATTRIBUTE = "_pigeon_admin_changes"

    def __init__(self, using: str) -> None:
        self.connection = connections[using]
        self.using = using
        # On the connection, since that is what a transaction belongs to; Django has no other place per transaction.
        self.changes: dict[Key, tuple[Change, Mark]] = self.connection.__dict__.setdefault(self.ATTRIBUTE, {})

    def get(self, model: type[models.Model], pk: Any) -> Change | None:
        """The ongoing change of an object, or None."""
        key = key_of(model, pk)
        found = self.changes.get(key)
        if found is None:
            return None
        change, mark = found
        # Outside an atomic block, with autocommit off, nobody tells us when the host commits: each save is a change of its own.
        if self.connection.in_atomic_block and mark.stands:
            return change
        del self.changes[key]
        return None

    def forget(self, change: Change) -> None:
        """Let what comes next be another change."""
        self.changes.pop(key_of(change.model, change.pk), None)

    def keep(self, change: Change) -> None:
        """Remember a change until its transaction ends; outside one there is nothing to wait for."""
        key = key_of(change.model, change.pk)
        if not self.connection.in_atomic_block or key in self.changes:
            return
        if not self.connection.run_on_commit:
            self.changes.clear()  # left-overs of rolled-back transactions
        self.changes[key] = (change, Mark(self.using, lambda: self.changes.pop(key, None)))
