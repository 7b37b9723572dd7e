"""Changes of many-to-many relations, which the admin writes after the object itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models.signals import m2m_changed

from pigeon_admin.selection.change import Change, Ongoing
from pigeon_admin.selection.compiled import CompiledRule
from pigeon_admin.selection.rulebook import Entry
from pigeon_admin.tracking.names import name_of
from pigeon_admin.tracking.old_values import old_values
from pigeon_admin.tracking.saves import entry_for, writable


def relation_changed(
    sender: Any,
    instance: models.Model,
    action: str,
    reverse: bool,
    model: type[models.Model],
    pk_set: Any,
    using: str,
    **kwargs: Any,
) -> None:
    """m2m_changed: ``model`` is the class of the objects in ``pk_set``, on the other side of the relation than ``instance``.

    Either side may have rules that look at the relation, so both are looked at.
    """
    phase, _, verb = action.partition("_")
    near, far = entry_for(type(instance)), entry_for(model)
    if near is not None and near.rules and writable(near, using):
        touch(instance, near, phase, using)
    if far is not None and far.rules and writable(far, using):
        for other in others(sender, instance, model, verb, phase, pk_set, using, reverse):
            touch(other, far, phase, using)


def others(
    through: type[models.Model],
    instance: models.Model,
    model: type[models.Model],
    verb: str,
    phase: str,
    pk_set: Any,
    using: str,
    reverse: bool,
) -> Iterable[models.Model]:
    """The objects on the other side. A clear names none: they are found before it, and kept on the instance until after it."""
    if verb != "clear":
        return model._base_manager.using(using).filter(pk__in=pk_set or ())
    attribute = f"_pigeon_admin_cleared_{through.__name__}_{reverse}"
    if phase == "post":
        kept: Iterable[models.Model] = instance.__dict__.pop(attribute, ())
        return kept
    to_instance, to_model = ends(through, instance, model, reverse)
    keys = through._base_manager.using(using).filter(**{to_instance: instance.pk}).values_list(to_model, flat=True)
    found = list(model._base_manager.using(using).filter(pk__in=list(keys)))
    instance.__dict__[attribute] = found
    return found


def ends(through: type[models.Model], instance: models.Model, model: type[models.Model], reverse: bool) -> tuple[str, str]:
    """Attnames of the two foreign keys of a through table: (to the instance's side, to the other side)."""
    keys = [field for field in through._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    if len(keys) > 1 and keys[0].related_model is keys[1].related_model:  # to itself: from_x, to_x
        return (keys[1].attname, keys[0].attname) if reverse else (keys[0].attname, keys[1].attname)
    mine = [field for field in keys if isinstance(field.related_model, type) and isinstance(instance, field.related_model)]
    theirs = [field for field in keys if isinstance(field.related_model, type) and issubclass(model, field.related_model)]
    return mine[0].attname, theirs[0].attname


def touch(obj: models.Model, entry: Entry, phase: str, using: str) -> None:
    """Before: take the old values, unless this transaction took them already. After: judge."""
    ongoing = Ongoing(using)
    key: Any = (obj._meta.concrete_model, obj.pk)
    change = ongoing.get(key)
    if phase == "pre":
        if change is None:
            paths = {path for rule in entry.rules for path in rule.before_paths}
            old = old_values(obj, paths, using) if paths else {}
            ongoing.keep(key, Change(type(obj), obj.pk, using, created=False, old={} if old is None else old))
        return
    if change is None:
        change = Change(type(obj), obj.pk, using, created=False, old={})
    if not change.deleted:
        change.judge(rules_for(entry, obj), None, name_of(obj))


def rules_for(entry: Entry, obj: models.Model) -> tuple[CompiledRule, ...]:
    """The rules that are about this object."""
    return tuple(rule for rule in entry.rules if isinstance(obj, rule.model))


def connect() -> None:
    """Listen to every relation; those that no rule looks at cost a dictionary look-up."""
    m2m_changed.connect(relation_changed, dispatch_uid="pigeon_admin.relation_changed")
