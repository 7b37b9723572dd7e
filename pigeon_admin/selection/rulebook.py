"""The live rules, compiled, cached in this process, and fresh."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from django.db import DatabaseError, connections, models, transaction

from pigeon_admin.conf import settings
from pigeon_admin.exceptions import ConfigurationError
from pigeon_admin.models import RuleSetVersion, SaveRule
from pigeon_admin.models.outbox import outbox_alias
from pigeon_admin.selection.compiled import CompiledRule, compile_rule
from pigeon_admin.selection.marks import Mark

logger = logging.getLogger("pigeon_admin.selection")


@dataclass(frozen=True)
class ParentLink:
    """A foreign key of a child model whose parent has rules that follow the relation back: Photo.story → Story."""

    attname: str
    parent: type[models.Model]
    target: str  # the parent's field that the key points to, most often its primary key
    rules: tuple[CompiledRule, ...]


@dataclass(frozen=True)
class Entry:
    """What saves of one model class have to do with the rules."""

    rules: tuple[CompiledRule, ...]
    parents: tuple[ParentLink, ...]


@dataclass
class Rulebook:
    """All live rules at one moment. ``token`` names that moment; ``entries`` is filled as classes are first saved."""

    token: uuid.UUID | None
    rules: tuple[CompiledRule, ...]
    entries: dict[type[models.Model], Entry | None] = field(default_factory=dict)

    def entry(self, model: type[models.Model]) -> Entry | None:
        """The entry of a class, or None when no rule has to do with it: one dictionary look-up after the first time."""
        try:
            return self.entries[model]
        except KeyError:
            self.entries[model] = entry = self.find(model)
            return entry

    def find(self, model: type[models.Model]) -> Entry | None:
        """A rule is about the instances of its model, so about subclasses and proxies of it too, as isinstance has it."""
        rules = tuple(rule for rule in self.rules if issubclass(model, rule.model))
        parents = tuple(self.parent_links(model))
        return Entry(rules, parents) if rules or parents else None

    def parent_links(self, model: type[models.Model]) -> Iterable[ParentLink]:
        """Foreign keys of ``model`` that some rule of the model they point to follows backwards."""
        for key in model._meta.concrete_fields:
            if not isinstance(key, models.ForeignKey) or isinstance(key.remote_field, models.ManyToManyRel):
                continue
            back = key.remote_field.name  # the name of the reverse relation in look-ups
            parent = key.related_model
            if not isinstance(parent, type):
                continue
            concrete = parent._meta.concrete_model
            rules = tuple(rule for rule in self.rules if rule.model._meta.concrete_model is concrete and back in rule.relations)
            # A child table's link to its own parent table is inheritance, not content.
            if rules and key not in model._meta.parents.values():
                yield ParentLink(key.attname, parent, key.target_field.name, rules)


EMPTY = Rulebook(token=None, rules=())


@dataclass
class Draft:
    """The edits of a transaction that is not committed, each with its mark, and the book as they make it: for that transaction only."""

    marks: list[Mark] = field(default_factory=list)
    book: Rulebook | None = None

    ATTRIBUTE: ClassVar[str] = "_pigeon_admin_draft"  # on the connection

    @property
    def stands(self) -> bool:
        """Whether any of the edits was not rolled back."""
        standing = [mark for mark in self.marks if mark.stands]
        if len(standing) < len(self.marks):
            self.marks, self.book = standing, None
        return bool(standing)


class Shelf:
    """Holds the book in force and decides when to look for a newer one."""

    def __init__(self) -> None:
        self.book = EMPTY
        self.edition = 0  # counts how often the book was forgotten
        self.drafted = False  # whether any transaction of this process ever had edits
        self.looked_at = float("-inf")
        self.complained = False
        self.lock = threading.Lock()

    def current(self) -> Rulebook:
        """The book in force, looked at again when it is older than RULES_REFRESH seconds."""
        try:
            interval = settings.RULES_REFRESH
        except ConfigurationError:  # the system checks tell the programmer; the host's saves are not what should fail of it
            interval = 1.0
        if self.drafted and (draft := self.draft()) is not None:
            return draft
        if time.monotonic() - self.looked_at >= interval:
            self.look()
        return self.book

    def draft(self) -> Rulebook | None:
        """The book as the edits of the transaction we are in make it, or None where there are none."""
        alias = outbox_alias()
        held = connections[alias].__dict__
        draft: Draft | None = held.get(Draft.ATTRIBUTE)
        if draft is None:
            return None
        if not draft.stands:
            del held[Draft.ATTRIBUTE]
            return None
        if draft.book is None and not connections[alias].needs_rollback:
            try:
                with transaction.atomic(using=alias):
                    draft.book = Rulebook(None, tuple(load(alias)))
            except Exception as error:
                self.complain(error)
        return draft.book

    def look(self) -> None:
        """Ask the database whether the rules changed: one query, in this process at most once in RULES_REFRESH seconds.

        While our tables are not there yet, or the database is away, the host's save goes on and the old book stays.
        """
        alias = outbox_alias()
        connection = connections[alias]
        if connection.needs_rollback:
            return
        edition = self.edition
        try:
            # On PostgreSQL a query that fails would break the transaction of the caller.
            if connection.in_atomic_block:
                with transaction.atomic(using=alias):
                    self.refresh(alias)
            else:
                self.refresh(alias)
            self.complained = False
        except Exception as error:
            self.complain(error)
        if self.edition == edition:  # else an edit was committed while we were reading, and the next save looks again
            self.looked_at = time.monotonic()

    def complain(self, error: Exception) -> None:
        """Log once why the rules cannot be read: an ERROR where that is a fault of ours."""
        if not self.complained:
            level = logging.WARNING if isinstance(error, DatabaseError) else logging.ERROR
            text = "The rules of pigeon_admin cannot be read, so those read before stay in force (migrated?): %s"
            logger.log(level, text, error, exc_info=level == logging.ERROR)
        self.complained = True

    def refresh(self, alias: str) -> None:
        """Load the rules when the token in the database is not the one of the book."""
        token = RuleSetVersion.objects.using(alias).values_list("token", flat=True).first()
        if self.book is EMPTY or token != self.book.token:
            with self.lock:
                self.book = Rulebook(token, tuple(load(alias)))

    def forget(self) -> None:
        """Make the next save look."""
        self.edition += 1
        self.book = EMPTY
        self.looked_at = float("-inf")
        self.complained = False


def load(alias: str) -> Iterable[CompiledRule]:
    """Compile all live rules."""
    rules = SaveRule.objects.using(alias).filter(state=SaveRule.State.LIVE, archived_at=None).order_by("pk")
    related = ("condition_rows", "destinations", "template_documents", "file_documents")
    for rule in rules.prefetch_related(*related):
        compiled = compile_rule(rule)
        if compiled is not None:
            yield compiled


shelf = Shelf()


def publish(using: str | None = None) -> None:
    """A rule, document, template or destination was edited: new token for the other processes, new book for this one.

    Until the transaction commits, the edit is in force in that transaction alone: an outbox row of another could not refer to it.
    """
    alias = using or outbox_alias()
    connection = connections[alias]
    if connection.in_atomic_block:
        draft = connection.__dict__.setdefault(Draft.ATTRIBUTE, Draft())
        # Others see this transaction as a whole, so one new token stands for all that it edits.
        written = draft.stands
        draft.book = None
        draft.marks.append(Mark(alias, shelf.forget))
        shelf.drafted = True
        if written:
            return
    else:
        shelf.forget()
    RuleSetVersion.objects.using(alias).update_or_create(pk=1, defaults={"token": uuid.uuid4()})
