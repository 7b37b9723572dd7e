"""Following a relation path such as ``photos__author`` from an object to the objects at its end."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import DocumentError


def relations_of(model: type[models.Model]) -> dict[str, Any]:
    """The relations of a model by their name in queries and, where that differs, by the name of the attribute."""
    found: dict[str, Any] = {}
    for field in (model._meta.concrete_model or model)._meta.get_fields():
        if field.is_relation and field.related_model is not None:
            found[field.name] = field
            if isinstance(field, ForeignObjectRel):
                found.setdefault(str(field.get_accessor_name()), field)
    return found


def relation(model: type[models.Model], name: str) -> Any:
    """The relation of this name; raises DocumentError in words."""
    relations = relations_of(model)
    if name not in relations:
        text = _("“%(name)s” is no relation of %(model)s. There are: %(names)s.")
        raise DocumentError(
            text % {"name": name, "model": model._meta.verbose_name, "names": ", ".join(sorted(relations)) or "-"}
        )
    return relations[name]


def related_model(model: type[models.Model], path: str) -> type[models.Model]:
    """The model at the end of ``path``; the model itself for ""; raises DocumentError in words."""
    for name in path.split("__") if path else ():
        model = relation(model, name).related_model
    return model


def related_objects(obj: models.Model, path: str) -> list[models.Model]:
    """The objects at the end of ``path``, each once, in the order of the relations; an empty relation leads to none."""
    found = [obj]
    for name in path.split("__") if path else ():
        found = [item for source in found for item in one_step(source, name)]
        # By key: the host may have its own ideas of equality.
        found = list({(item._meta.concrete_model, item.pk): item for item in found}.values())
    return found


def one_step(source: models.Model, name: str) -> list[models.Model]:
    """What one relation of one object leads to."""
    field = relation(type(source), name)
    attribute = str(field.get_accessor_name()) if isinstance(field, ForeignObjectRel) else field.name
    try:
        value = getattr(source, attribute)
    except ObjectDoesNotExist:
        return []
    if isinstance(value, models.Manager):
        return list(value.all())
    return [] if value is None else [value]
