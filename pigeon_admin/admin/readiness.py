"""What stands between a rule and going live, in words."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from pigeon_admin.admin.contents import refusal
from pigeon_admin.conditions import Condition, compile_conditions, resolve
from pigeon_admin.exceptions import ConditionError
from pigeon_admin.models import Rule

EVENTS = ("on_create", "on_update", "on_delete")


def missing(*, events: bool, destinations: bool, documents: bool) -> dict[str, str]:
    """What a live rule lacks, by the form field that can mend it."""
    lacks = {}
    if not events:
        lacks["on_create"] = _("A live rule needs at least one event. Tick one of the three, or keep the rule as a draft.")
    if not documents:
        lacks["state"] = _(
            "A live rule needs at least one document: add a rendered document or a copied file, or keep the rule as a draft."
        )
    if not destinations:
        lacks["destinations"] = _("A live rule needs at least one destination. Choose one, or keep the rule as a draft.")
    return lacks


def condition_error(model: type[models.Model], condition: Condition, about_change: bool = True) -> ConditionError | None:
    """Why this condition cannot be judged, or None."""
    try:
        compile_conditions(model, [condition], about_change=about_change)
    except ConditionError as error:
        return error
    return None


def relation_error(model: type[models.Model], relation_path: str) -> str:
    """Why saves along this relation cannot be followed; "" when they can. That it leads somewhere, the model has checked."""
    try:
        if relation_path:
            resolve(model, relation_path)  # by the name in queries: photo, not photo_set
    except ConditionError as error:
        return str(error)
    return ""


def problems(rule: Rule) -> list[str]:
    """Everything that keeps a stored rule from going live."""
    model = rule.model_class
    if model is None:
        return [_("Its content “%s” is not installed on this site any more.") % rule.model]
    found = [refusal(model)]
    events = any(getattr(rule, name, False) for name in EVENTS) or not hasattr(rule, EVENTS[0])
    documents = [*rule.template_documents.all(), *rule.file_documents.all()]
    found += missing(
        events=events, destinations=rule.destinations.filter(archived_at__isnull=True).exists(), documents=bool(documents)
    ).values()
    for condition in rule.conditions():
        error = condition_error(model, condition, about_change=hasattr(rule, EVENTS[0]))
        found.append(f"{condition}: {error}" if error else "")
    for document in documents:
        try:
            document.clean()
        except ValidationError as error:
            found += [f"{document}: {text}" for text in error.messages]
    return [text for text in found if text]
