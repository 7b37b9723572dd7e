"""What happened to one object in one transaction, judged again whenever more of it is written."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import DatabaseError, connections, models, transaction
from django.utils import timezone

from pigeon_admin.conditions import UNKNOWN, FieldPath
from pigeon_admin.exceptions import told
from pigeon_admin.judging import DatabaseSource, verdict_json
from pigeon_admin.models import Package
from pigeon_admin.models.outbox import Match, coalesce, discard
from pigeon_admin.nudge import nudge_on_commit
from pigeon_admin.selection.compiled import CompiledRule
from pigeon_admin.selection.values import InstanceSource, SavedSource

logger = logging.getLogger("pigeon_admin.selection")

Key = tuple[type[models.Model], Any]


class Change:
    """One object, one transaction: the first old values and the event hold, the rows follow the last verdict.

    ``old``: old values by path, of those paths that rules ask about. ``created``: whether this transaction created the object.
    """

    def __init__(self, model: type[models.Model], pk: Any, using: str, *, created: bool, old: dict[str, Sequence[Any]]) -> None:
        self.model = model
        self.pk = pk
        self.using = using
        self.created = created
        self.old = old
        self.deleted = False
        self.moment = timezone.now()
        self.inserted: dict[int, Package] = {}  # by rule: packages that this transaction opened
        self.recorded: set[int] = set()  # rules whose package stands for this change already

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
            if matched:
                if rule.pk not in self.recorded:
                    match = self.match(rule, event, verdict, problem, name)
                    package = coalesce(match)
                    if package is not None:
                        self.inserted[rule.pk] = package
                    self.recorded.add(rule.pk)
                    nudge_on_commit(self.using)
            elif rule.pk in self.inserted:
                discard(self.inserted.pop(rule.pk))
                self.recorded.discard(rule.pk)

    def unknown(self, paths: Iterable[FieldPath], memory: InstanceSource | None) -> tuple[FieldPath, ...]:
        """Those paths that memory cannot answer."""
        return tuple(path for path in paths if memory is None or memory.now(path) is UNKNOWN)

    def verdict(self, rule: CompiledRule, source: SavedSource) -> tuple[bool, dict[str, Any], str]:
        """(matched, what was seen, why it could not be judged): a rule that raises counts as matched, so that its row is seen."""
        if rule.problem:
            return True, {}, rule.problem
        try:
            # A failed query would break the caller's transaction without this savepoint, so it is there where queries may be.
            if source.memory is None or any(source.memory.now(path) is UNKNOWN for path in rule.paths):
                with transaction.atomic(using=self.using):
                    answer = rule.answer(source, self.created)
            else:
                answer = rule.answer(source, self.created)
            if not answer:
                return False, {}, ""
            return True, verdict_json(rule.conditions.explain(source)), ""
        except Exception as error:
            logger.warning("Rule “%s” could not judge %s %s", rule.slug, rule.label, self.pk, exc_info=True)
            reason = f"the database said: {told(error)}" if isinstance(error, DatabaseError) else told(error)
            return True, {}, f"The rule “{rule.name}” could not judge this object: {reason}"

    def match(self, rule: CompiledRule, event: str, verdict: dict[str, Any], problem: str, name: str | None) -> Match:
        return Match(
            rule_id=rule.pk,
            model=rule.label,
            object_pk=str(self.pk),
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
        self.changes: dict[Key, tuple[Change, Any]] = self.connection.__dict__.setdefault(self.ATTRIBUTE, {})

    def get(self, key: Key) -> Change | None:
        """The ongoing change of an object, or None."""
        found = self.changes.get(key)
        if found is None:
            return None
        change, marker = found
        # A rollback, also one to a savepoint, drops what was to be run on commit: so our marker tells whether it still counts.
        if any(entry[1] is marker for entry in reversed(self.connection.run_on_commit)):
            return change
        del self.changes[key]
        return None

    def keep(self, key: Key, change: Change) -> None:
        """Remember a change until its transaction ends; outside one there is nothing to wait for."""
        if not self.connection.in_atomic_block or key in self.changes:
            return
        if not self.connection.run_on_commit:
            self.changes.clear()  # left-overs of rolled-back transactions

        def marker() -> None:
            self.changes.pop(key, None)

        transaction.on_commit(marker, using=self.using, robust=True)
        self.changes[key] = (change, marker)
