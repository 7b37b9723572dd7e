"""What can be named of a host's model: fields to watch, paths for conditions, relations and files for documents."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.db import models
from django.utils.text import capfirst

from pigeon_admin.conditions import OPERATORS, resolve
from pigeon_admin.conf import settings
from pigeon_admin.exceptions import ConditionError


def visible(name: str) -> bool:
    """Whether a field of this name may be proposed: what looks like a password is not."""
    return re.search(settings.TEMPLATE_HIDDEN_FIELDS, name, re.IGNORECASE) is None


def label_of(field) -> str:
    """The name of a field, or of the objects at the other end of a reverse relation, in words."""
    if field.auto_created and not field.concrete:
        meta = field.related_model._meta
        return capfirst(str(meta.verbose_name_plural if field.one_to_many or field.many_to_many else meta.verbose_name))
    return capfirst(str(field.verbose_name))


def own_fields(model: type[models.Model]) -> list[models.Field]:
    """Concrete and many-to-many fields, without the links to parent tables and what must stay hidden."""
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return [
        field
        for field in fields
        if visible(field.name) and not (field.remote_field and getattr(field.remote_field, "parent_link", False))
    ]


def relations_of(model: type[models.Model]) -> list:
    """Fields and reverse fields that lead to other objects of the site's content."""
    found = []
    for field in model._meta.get_fields():
        if not field.is_relation or field.related_model is None or not visible(field.name):
            continue
        reverse = field.auto_created and not field.concrete
        if reverse and (field.related_model._meta.app_label in settings.EXCLUDED_APPS or getattr(field, "parent_link", False)):
            continue
        if not reverse and getattr(field.remote_field, "parent_link", False):
            continue
        found.append(field)
    return found


def watchable(model: type[models.Model]) -> list[tuple[str, str]]:
    """(name, label) of every field whose change a rule can wait for: those that the operator “changed” fits."""
    changed = OPERATORS["changed"]
    relations = [relation for relation in relations_of(model) if not relation.concrete or relation.many_to_many]
    candidates = dict.fromkeys([*own_fields(model), *relations])
    return [
        (field.name, label_of(field))
        for field in candidates
        if not getattr(field, "primary_key", False) and fits(changed, model, field)
    ]


def fits(operator, model: type[models.Model], field) -> bool:
    """Whether the operator can be used on this field."""
    try:
        return operator.fits(resolve(model, field.name))
    except ConditionError:
        return False


def paths(model: type[models.Model], depth: int = 2) -> Iterator[tuple[str, str]]:
    """(path, label) of the fields of a model and of what it is related to, ``depth`` steps deep; nearest first."""
    for field in own_fields(model):
        if not field.is_relation or field.many_to_one or field.one_to_one or field.many_to_many:
            yield field.name, label_of(field)
    if depth < 2:
        return
    for relation in relations_of(model):
        for path, label in paths(relation.related_model, depth - 1):
            yield f"{relation.name}__{path}", f"{label_of(relation)} › {label}"


def relation_paths(model: type[models.Model], depth: int = 2) -> Iterator[tuple[str, str]]:
    """(path, label) of the relations that documents can be made for, ``depth`` steps deep."""
    for relation in relations_of(model):
        yield relation.name, label_of(relation)
        if depth > 1:
            for path, label in relation_paths(relation.related_model, depth - 1):
                yield f"{relation.name}__{path}", f"{label_of(relation)} › {label}"


def file_fields(model: type[models.Model]) -> list[tuple[str, str]]:
    """(name, label) of the file and image fields of a model."""
    return [(field.name, label_of(field)) for field in own_fields(model) if isinstance(field, models.FileField)]
