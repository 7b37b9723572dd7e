"""Saves: screened in memory before the row is written, judged after it, in one transaction with it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from django.db import connections, models, router, transaction
from django.db.models.signals import post_save, pre_save
from django.utils import timezone

from pigeon_admin.models.outbox import outbox_alias
from pigeon_admin.selection.change import Change, Ongoing
from pigeon_admin.selection.compiled import CompiledRule
from pigeon_admin.selection.rulebook import Entry, shelf
from pigeon_admin.selection.values import InstanceSource
from pigeon_admin.tracking.children import judge_parents, parent_keys
from pigeon_admin.tracking.names import name_of
from pigeon_admin.tracking.old_values import learn, old_values
from pigeon_admin.tracking.places import AFTER_SAVE, BEFORE_SAVE, take_places
from pigeon_admin.tracking.switch import off

logger = logging.getLogger("pigeon_admin.selection")

UNTRACKED = frozenset({"pigeon_admin", "django_q", "sessions", "contenttypes", "migrations"})


def entry_for(model: type[models.Model]) -> Entry | None:
    """What the rules have to do with a model class; None for our own tables and for the frozen classes inside migrations."""
    if model._meta.app_label in UNTRACKED or model.__module__ == "__fake__" or off.get():
        return None
    return shelf.current().entry(model)


def writable(entry: Entry, using: str) -> bool:
    """Whether the rows can be written in one transaction with the object: only in our own database."""
    if using == outbox_alias():
        return True
    names = ", ".join(f"“{rule.name}”" for rule in entry.rules)
    logger.warning("An object was saved in the database “%s”, where the rules %s cannot follow it.", using, names)
    return False


class Saving:
    """One call of ``Model.save_base`` on an instance that rules have to do with."""

    def __init__(
        self, instance: models.Model, entry: Entry, using: str, update_fields: Sequence[str] | None, outer: Saving | None
    ) -> None:
        self.instance = instance
        self.outer = outer  # the save in one of whose receivers this one is called
        self.entry = entry
        self.using = using
        self.update_fields = update_fields
        self.candidates: tuple[CompiledRule, ...] = ()
        self.old: dict[str, Sequence[Any]] = {}
        self.parents_before: dict[str, Any] = {}
        self.created: bool | None = None
        self.ongoing = Ongoing(using)
        self.change: Change | None = None
        self.atomic: transaction.Atomic | None = None

    def source(self, *, created: bool | None, saved: bool) -> InstanceSource:
        """What the instance's memory knows now."""
        written = None if self.update_fields is None else written_attnames(self.instance, self.update_fields)
        moment = self.change.moment if self.change else timezone.now()
        return InstanceSource(self.instance, moment=moment, created=created, written=written, old=self.old, saved=saved)

    def screen(self) -> None:
        """Before the row is written: which rules may say yes? Read what they need of the old state, then open a transaction."""
        instance = self.instance
        if instance.pk is not None:
            self.change = self.ongoing.get(type(instance), instance.pk)
            if self.change is not None and self.change.deleted:
                self.ongoing.forget(self.change)  # made again under the same key
                self.change = None
            elif self.change is None and self.outer is not None and self.outer.created is not None:
                self.change = self.outer.begin()
        if self.change is not None:
            learn(self.change, instance, self.entry.rules)
            self.candidates, self.old = self.entry.rules, self.change.old
        else:
            self.screen_first_save()
        if self.entry.parents:
            self.parents_before = parent_keys(instance, self.entry, self.using)
        if (self.candidates or self.entry.parents) and not connections[self.using].in_atomic_block:
            # Only now: reading inside a transaction that is to write gave "database is locked" on SQLite.
            self.atomic = transaction.atomic(using=self.using)
            self.atomic.__enter__()

    def screen_first_save(self) -> None:
        """Judge in memory; where an answer depends on old values, read those and judge once more."""
        adding = self.instance._state.adding
        created = None if adding and self.instance.pk is not None else adding
        source = self.source(created=created, saved=False)
        self.candidates = self.possible(self.entry.rules, source, created)
        paths = {path for rule in self.candidates for path in rule.before_paths}
        if paths and created is not True:
            found = old_values(self.instance, paths, self.using)
            if found is None:
                created = True
            else:
                self.old = found
                created = False if found else created  # empty: they could not be read
            self.candidates = self.possible(self.candidates, self.source(created=created, saved=False), created)

    @staticmethod
    def possible(rules: Sequence[CompiledRule], source: InstanceSource, created: bool | None) -> tuple[CompiledRule, ...]:
        """The rules that do not say no. One that raises is kept: its failure becomes a row once the object is written."""

        def may_match(rule: CompiledRule) -> bool:
            if rule.problem:
                return True
            try:
                return rule.answer(source, created) is not False
            except Exception:
                return True

        return tuple(filter(may_match, rules))

    def begin(self) -> Change:
        """The change that this save is, as soon as it is known whether it created the object."""
        if self.change is None:
            instance = self.instance
            self.change = Change(type(instance), instance.pk, self.using, created=bool(self.created), old=self.old)
            self.ongoing.keep(self.change)
        return self.change

    def judge(self) -> None:
        """After the row is written, and after the host's own post_save receivers."""
        # A creation is kept in mind even when no rule may match it yet: later saves of its transaction are part of it.
        if self.entry.rules and (self.candidates or self.created):
            self.begin()
        if self.change is not None and self.candidates:
            self.change.judge(self.candidates, self.source(created=self.change.created, saved=True), name_of(self.instance))
        if self.entry.parents:
            judge_parents(self.instance, self.entry, self.using, self.parents_before)


# Not on the instances: the host may pickle or copy them in its receivers.
under_way: ContextVar[tuple[Saving, ...]] = ContextVar("pigeon_admin_saves", default=())


def saving_of(instance: models.Model) -> Saving | None:
    """The innermost save of this very instance that is under way, or None."""
    return next((saving for saving in reversed(under_way.get()) if saving.instance is instance), None)


def written_attnames(instance: models.Model, update_fields: Sequence[str]) -> frozenset[str]:
    """The attnames behind ``update_fields``, which may name a relation by its name or its column."""
    wanted = set(update_fields)
    return frozenset(field.attname for field in instance._meta.concrete_fields if {field.name, field.attname} & wanted)


def wrap(save_base: Callable[..., None]) -> Callable[..., None]:
    """``Model.save_base`` with the rules around it.

    The seam is private to Django and pinned by a test. It is here, not in signals alone, because post_save comes after Django's
    own transaction, and because a save that fails sends no signal in which a transaction of ours could be ended.
    """

    def tracked(self: models.Model, *args: Any, **kwargs: Any) -> None:
        entry = entry_for(type(self))
        if entry is None or args or kwargs.get("raw"):
            # raw: a fixture being loaded, half-written. Positional arguments: not Django's own call, we know nothing of it.
            save_base(self, *args, **kwargs)
            return
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        if not writable(entry, using):
            save_base(self, *args, **kwargs)
            return
        saving = Saving(self, entry, using, kwargs.get("update_fields"), saving_of(self))
        take_places()
        token = under_way.set((*under_way.get(), saving))
        try:
            save_base(self, *args, **kwargs)
            saving.judge()
        except BaseException as error:
            if saving.atomic is not None:
                saving.atomic.__exit__(type(error), error, error.__traceback__)
            raise
        else:
            if saving.atomic is not None:
                saving.atomic.__exit__(None, None, None)
        finally:
            under_way.reset(token)

    tracked.alters_data = True  # type: ignore[attr-defined]
    tracked.__wrapped__ = save_base  # type: ignore[attr-defined]
    return tracked


def before_save(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """pre_save, after the host's own receivers: the values are what will be written."""
    saving = saving_of(instance)
    if saving is not None:
        saving.screen()


def after_save(sender: type[models.Model], instance: models.Model, created: bool, **kwargs: Any) -> None:
    """post_save: the only place that tells whether the row is new."""
    saving = saving_of(instance)
    if saving is not None:
        saving.created = created


def connect() -> None:
    """Put the seam in, once."""
    if not hasattr(models.Model.save_base, "__wrapped__"):
        models.Model.save_base = wrap(models.Model.save_base)  # type: ignore[method-assign]
    pre_save.connect(before_save, dispatch_uid=BEFORE_SAVE)
    post_save.connect(after_save, dispatch_uid=AFTER_SAVE)
