"""Which models make up a rule set, found through the model classes: a new kind is exported without an edit here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.text import camel_case_to_spaces

from pigeon_admin.models import Destination, Document, ExportTemplate, Rule
from pigeon_admin.models.secrets import SecretField

# The lists of a document, in the order in which they need each other.
SECTIONS: dict[str, type[models.Model]] = {"templates": ExportTemplate, "destinations": Destination, "rules": Rule}


def subclasses(model: type[models.Model]) -> Iterator[type[models.Model]]:
    """All concrete subclasses of ``model`` that are installed, at any depth, each once."""
    seen = set()
    waiting = list(model.__subclasses__())
    while waiting:
        found = waiting.pop(0)
        if found in seen:
            continue
        seen.add(found)
        waiting.extend(found.__subclasses__())
        # Migrations make look-alikes of these classes in registries of their own.
        if not found._meta.abstract and found._meta.apps is apps:
            yield found


def kinds(base: type[models.Model]) -> dict[str, type[models.Model]]:
    """The kinds of ``base`` by the name they have in a document; {} where there is only one kind."""
    return {kind_name(model, base): model for model in subclasses(base)}


@cache
def kind_name(model: type[models.Model], base: type[models.Model]) -> str:
    """FtpDestination → "ftp", SaveRule → "save"; a model of another app carries its label: "acme.pigeonhole"."""
    suffix = base.__name__
    name = model.__name__
    short = camel_case_to_spaces(name.removesuffix(suffix) or name).replace(" ", "_")
    return short if model._meta.app_label == base._meta.app_label else f"{model._meta.app_label}.{short}"


def section_of(model: type[models.Model]) -> str | None:
    """The list of a document that objects of ``model`` belong to, or None."""
    for section, base in SECTIONS.items():
        if issubclass(model, base):
            return section
    return None


@cache
def own_fields(model: type[models.Model], *, leave_out: tuple[str, ...] = ()) -> tuple[models.Field[Any, Any], ...]:
    """The fields of ``model`` that a document carries, in the order of the classes.

    Left out: keys, what nobody edits (dates, positions, revisions), secrets, and relations to what a rule set does not hold.
    """
    return tuple(
        field
        for field in [*model._meta.concrete_fields, *model._meta.many_to_many]
        if not field.primary_key
        and field.editable
        and field.name != "polymorphic_ctype"
        and field.name not in leave_out
        and not isinstance(field, SecretField)
        and (field.remote_field is None or (not field.remote_field.parent_link and referred_section(field) is not None))
    )


def referred_section(field: models.Field[Any, Any]) -> str | None:
    """For a relation: the section that its slugs name, or None."""
    related = field.related_model
    return section_of(related) if isinstance(related, type) else None


def secret_fields(model: type[models.Model]) -> list[SecretField]:
    """The fields of ``model`` that never leave this site."""
    return [field for field in model._meta.concrete_fields if isinstance(field, SecretField)]


def document_kinds() -> dict[str, tuple[type[Document], models.ForeignKey[Any, Any]]]:
    """What a match becomes, by the kind in a document: the model and its foreign key to the rule."""
    return {name: (kind, parent_key(kind)) for name, kind in kinds(Document).items() if issubclass(kind, Document)}


def parent_key(child: type[models.Model]) -> models.ForeignKey[Any, Any]:
    """The foreign key of a condition or document to its rule."""
    for field in child._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.related_model is Rule:
            return field
    raise LookupError(f"{child.__name__} has no foreign key to a rule.")
