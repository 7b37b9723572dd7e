"""Saves and deletes of direct children, such as the rows of an inline: the parent is judged again."""

from __future__ import annotations

from typing import Any

from django.db import models

from pigeon_admin.selection.change import Change, Ongoing
from pigeon_admin.selection.compiled import CompiledRule
from pigeon_admin.selection.rulebook import Entry
from pigeon_admin.tracking.names import name_of


def parent_keys(instance: models.Model, entry: Entry, using: str) -> dict[str, Any]:
    """``{attname: old parent key}`` of a child about to be saved: it may move from one parent to another."""
    if instance._state.adding or instance.pk is None:
        return {}
    names = [link.attname for link in entry.parents]
    row = type(instance)._base_manager.using(using).filter(pk=instance.pk).values(*names).first()
    return dict(row or {})


def judge_parents(instance: models.Model, entry: Entry, using: str, before: dict[str, Any]) -> None:
    """Judge the parents that a saved or deleted child points to, and those it pointed to before."""
    for link in entry.parents:
        for key in {instance.__dict__.get(link.attname), before.get(link.attname)} - {None}:
            obj = link.parent._base_manager.using(using).filter(**{link.target: key}).first()
            if obj is not None:
                judge_object(obj, link.rules, using)


def judge_object(obj: models.Model, rules: tuple[CompiledRule, ...], using: str) -> None:
    """Judge an object whose relations changed: as part of its ongoing change, else as an update that changed no field of its own."""
    ongoing = Ongoing(using)
    change = ongoing.get(type(obj), obj.pk)
    if change is not None and change.deleted:
        return
    if change is None:
        change = Change(type(obj), obj.pk, using, created=False, old={})
        ongoing.keep(change)
    change.judge(tuple(rule for rule in rules if isinstance(obj, rule.model)), None, name_of(obj))
