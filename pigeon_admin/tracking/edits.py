"""Edits of rules, documents, templates and destinations, which put a new rulebook in force."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models.signals import m2m_changed, post_delete, post_save

from pigeon_admin.models import ConditionRow, Destination, Document, ExportTemplate, Rule
from pigeon_admin.selection.rulebook import publish

EDITED = (Rule, ConditionRow, Document, ExportTemplate, Destination)


def edited(using: str, **kwargs: Any) -> None:
    """Something that rules are made of was saved or deleted."""
    if not kwargs.get("raw"):
        publish(using)


def connect() -> None:
    """Listen to each model that is edited, including rule and destination kinds of other apps."""
    for model in apps.get_models(include_auto_created=True):
        if issubclass(model, EDITED):
            post_save.connect(edited, sender=model, dispatch_uid=f"pigeon_admin.edited.{model._meta.label}")
            post_delete.connect(edited, sender=model, dispatch_uid=f"pigeon_admin.edited.{model._meta.label}")
    m2m_changed.connect(edited, sender=Rule.destinations.through, dispatch_uid="pigeon_admin.destinations_edited")
