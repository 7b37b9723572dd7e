"""An object as an import would leave it, in memory only, so that it can be checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from pigeon_admin.exchange.kinds import document_kinds, own_fields
from pigeon_admin.exchange.values import read
from pigeon_admin.models import Document, Rule


def draft(
    model: type[models.Model], existing: models.Model | None, slug: str, wanted: dict[str, Any], names: Iterable[str] | None
) -> models.Model:
    """``existing`` with the values called ``names`` changed, or a new object with all; relations are left for later."""
    instance = existing if existing is not None else model()
    if existing is None:
        instance.slug = slug  # type: ignore[attr-defined]
    elif getattr(existing, "archived_at", None) is not None:
        existing.archived_at = None  # type: ignore[attr-defined]
    fill(instance, wanted, names)
    return instance


def fill(instance: models.Model, wanted: dict[str, Any], names: Iterable[str] | None = None) -> None:
    """Set the plain fields of ``instance``: all that ``wanted`` has, or those called ``names``."""
    for field in own_fields(type(instance)):
        if field.remote_field is None and field.name in wanted and (names is None or field.name in names):
            value = wanted[field.name]
            setattr(instance, field.attname, value if isinstance(field, models.JSONField) else field.to_python(value))


def settled(instance: models.Model, wanted: dict[str, Any]) -> dict[str, Any]:
    """The plain values of ``instance``, as an entry has them, of those that ``wanted`` has."""
    return {
        field.name: read(field, instance)
        for field in own_fields(type(instance))
        if field.remote_field is None and field.name in wanted
    }


def draft_documents(rule: Rule, entries: Iterable[dict[str, Any]]) -> list[Document]:
    """New documents of ``rule``, unsaved, without their templates."""
    available = document_kinds()
    documents = []
    for position, entry in enumerate(entries):
        model, key = available[entry["kind"]]
        document = model(position=position)
        fill(document, entry)
        setattr(document, key.name, rule)
        documents.append(document)
    return documents


def relation_names(model: type[models.Model]) -> set[str]:
    """The fields of ``model`` that refer to other entries; they are checked by slug, not by ``full_clean``."""
    return {field.name for field in own_fields(model) if field.remote_field is not None}
