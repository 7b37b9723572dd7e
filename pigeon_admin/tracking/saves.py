"""Saves: screened in memory before the row is written, judged after it, in one transaction with it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
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
from pigeon_admin.tracking.old_values import old_values
from pigeon_admin.tracking.switch import off

logger = logging.getLogger("pigeon_admin.selection")

SAVE = "_pigeon_admin_save"  # on an instance while it is being saved, never longer
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
            self.change = self.ongoing.get((instance._meta.concrete_model, instance.pk))  # type: ignore[arg-type]
            if self.change is None and self.outer is not None and self.outer.created is not None:
                self.change = self.outer.begin()
        if self.change is not None:
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
                created = False
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
            self.ongoing.keep((instance._meta.concrete_model, instance.pk), self.change)  # type: ignore[arg-type]
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
        outer = self.__dict__.get(SAVE)
        saving = Saving(self, entry, using, kwargs.get("update_fields"), outer)
        stay_last()
        self.__dict__[SAVE] = saving
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
            if outer is None:
                self.__dict__.pop(SAVE, None)
            else:
                self.__dict__[SAVE] = outer

    tracked.alters_data = True  # type: ignore[attr-defined]
    tracked.__wrapped__ = save_base  # type: ignore[attr-defined]
    return tracked


def before_save(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """pre_save, after the host's own receivers: the values are what will be written."""
    saving = instance.__dict__.get(SAVE)
    if saving is not None:
        saving.screen()


def after_save(sender: type[models.Model], instance: models.Model, created: bool, **kwargs: Any) -> None:
    """post_save: the only place that tells whether the row is new."""
    saving = instance.__dict__.get(SAVE)
    if saving is not None:
        saving.created = created


BEFORE_SAVE = "pigeon_admin.before_save"


def stay_last() -> None:
    """Put our pre_save receiver behind those of the host, whenever they were connected: what they set is what is judged."""
    if pre_save.receivers and pre_save.receivers[-1][0][0] != BEFORE_SAVE:
        pre_save.disconnect(dispatch_uid=BEFORE_SAVE)
        pre_save.connect(before_save, dispatch_uid=BEFORE_SAVE)


def connect() -> None:
    """Put the seam in, once."""
    if not hasattr(models.Model.save_base, "__wrapped__"):
        models.Model.save_base = wrap(models.Model.save_base)  # type: ignore[method-assign]
    pre_save.connect(before_save, dispatch_uid=BEFORE_SAVE)
    post_save.connect(after_save, dispatch_uid="pigeon_admin.after_save")
