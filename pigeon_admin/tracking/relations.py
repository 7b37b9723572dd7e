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
from pigeon_admin.tracking.old_values import learn
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
    if near is not None and concerned(near, sender, type(instance), model) and writable(near, using):
        touch(instance, near, phase, using)
    if far is not None and concerned(far, sender, model, type(instance)) and writable(far, using):
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


def field_of(through: type[models.Model], model: type[models.Model]) -> Any:
    """The many-to-many field of ``model`` that uses this table, or None: a table may have other keys beside the two of the relation."""
    return next((field for field in model._meta.many_to_many if field.remote_field.through is through), None)


def ends(through: type[models.Model], instance: models.Model, model: type[models.Model], reverse: bool) -> tuple[str, str]:
    """Names of the two foreign keys of a through table: (to the instance's side, to the other side)."""
    field = field_of(through, model if reverse else type(instance))
    near, far = field.m2m_field_name(), field.m2m_reverse_field_name()
    return (far, near) if reverse else (near, far)


def concerned(entry: Entry | None, through: type[models.Model], model: type[models.Model], other: type[models.Model]) -> bool:
    """Whether rules about ``model`` have to do with a change of the relation.

    For whoever has the field it is a change like any other; the other side must look at it, or a tag would change with each story.
    """
    if entry is None or not entry.rules:
        return False
    if field_of(through, model) is not None:
        return True
    field = field_of(through, other)
    return field is not None and any(field.remote_field.name in rule.relations for rule in entry.rules)


def touch(obj: models.Model, entry: Entry, phase: str, using: str) -> None:
    """Before: take the old values, unless this transaction took them already. After: judge."""
    ongoing = Ongoing(using)
    change = ongoing.get(type(obj), obj.pk)
    if phase == "pre":
        if change is None:
            change = Change(type(obj), obj.pk, using, created=False, old={})
            ongoing.keep(change)
        learn(change, obj, entry.rules)
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
