"""Deletes: judged, and their documents written, while the object is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import models, transaction
from django.db.models.deletion import Collector

from pigeon_admin.selection.change import Change, Ongoing
from pigeon_admin.selection.farewell import say_farewell
from pigeon_admin.selection.marks import Mark
from pigeon_admin.selection.rulebook import Entry
from pigeon_admin.tracking.children import judge_parents
from pigeon_admin.tracking.names import name_of
from pigeon_admin.tracking.saves import entry_for, writable


def cares(entry: Entry | None) -> bool:
    """Whether deletes of this class concern any rule."""
    return entry is not None and (bool(entry.parents) or any(rule.on_delete for rule in entry.rules))


def wrap_can_fast_delete(can_fast_delete: Callable[..., bool]) -> Callable[..., bool]:
    """``Collector.can_fast_delete`` that refuses where a rule wants to see the objects.

    Connecting to pre_delete for every model would refuse everywhere, and make every delete of the host slow.
    """

    def tracked(self: Collector, objs: Any, from_field: Any = None) -> bool:
        if not can_fast_delete(self, objs, from_field):
            return False
        model = getattr(objs, "model", None) or type(objs)
        return not (isinstance(model, type) and issubclass(model, models.Model) and cares(entry_for(model)))

    tracked.__wrapped__ = can_fast_delete  # type: ignore[attr-defined]
    return tracked


def wrap_delete(delete: Callable[..., Any]) -> Callable[..., Any]:
    """``Collector.delete`` with the rules around it; a private seam of Django's, pinned by a test."""

    def tracked(self: Collector) -> Any:
        using = self.using
        concerned = {model: entry for model in self.data if (entry := entry_for(model)) is not None and cares(entry)}
        concerned = {model: entry for model, entry in concerned.items() if writable(entry, using)}
        if not concerned:
            return delete(self)
        # Lists, since the collector empties the keys of its objects when it is done.
        leaving = [(entry, list(self.data[model])) for model, entry in concerned.items()]
        with transaction.atomic(using=using, savepoint=False):
            mark_deleted(leaving, using)
            before_delete(leaving, using)
            children = [(obj, entry, parents_of(obj, entry)) for entry, objects in leaving for obj in objects if entry.parents]
            result = delete(self)
            for obj, entry, parents in children:
                judge_parents(obj, entry, using, parents)
        return result

    tracked.__wrapped__ = delete  # type: ignore[attr-defined]
    return tracked


def mark_deleted(leaving: Iterable[tuple[Entry, list[models.Model]]], using: str) -> None:
    """So that a child that goes with its parent does not have the parent judged once more."""
    ongoing = Ongoing(using)
    for _entry, objects in leaving:
        for obj in objects:
            change = ongoing.get(type(obj), obj.pk)
            if change is None:
                change = Change(type(obj), obj.pk, using, created=False, old={})
                ongoing.keep(change)
            change.deletion = Mark(using)


def before_delete(leaving: Iterable[tuple[Entry, list[models.Model]]], using: str) -> None:
    """Judge each object once by each rule; a child table's object comes along with its parent's, and is the same object."""
    seen: set[tuple[int, str]] = set()
    for entry, objects in leaving:
        for obj in objects:
            for rule in entry.rules:
                if rule.on_delete and isinstance(obj, rule.model) and (rule.pk, str(obj.pk)) not in seen:
                    seen.add((rule.pk, str(obj.pk)))
                    say_farewell(rule, obj, using, name_of(obj))


def parents_of(obj: models.Model, entry: Entry) -> dict[str, Any]:
    """The keys of a child's parents, while it still has them."""
    return {link.attname: getattr(obj, link.attname) for link in entry.parents}


def connect() -> None:
    """Put the seams in, once."""
    if not hasattr(Collector.delete, "__wrapped__"):
        Collector.delete = wrap_delete(Collector.delete)  # type: ignore[method-assign]
        Collector.can_fast_delete = wrap_can_fast_delete(Collector.can_fast_delete)  # type: ignore[method-assign]
