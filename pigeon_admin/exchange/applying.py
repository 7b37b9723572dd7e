"""Writes one planned entry, with ordinary saves, so that signals fire; what is equal already is not written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from pigeon_admin.conditions import Condition, from_tree
from pigeon_admin.exchange.drafts import fill
from pigeon_admin.exchange.kinds import document_kinds, own_fields, referred_section
from pigeon_admin.exchange.plan import CHANGED, CREATED, Plan, PlannedEntry
from pigeon_admin.exchange.shape import describe_document, documents_of, references
from pigeon_admin.models import ConditionRow, Document, Rule


def write(plan: Plan, planned: PlannedEntry) -> models.Model | None:
    """Save one entry and, before it, what it refers to. Call in a transaction, for a plan in which nothing is refused."""
    instance = planned.instance
    if planned.written or planned.outcome not in (CREATED, CHANGED) or instance is None or planned.model is None:
        return instance or planned.existing
    planned.written = True
    for reference in references(planned.model, planned.wanted):
        if reference in plan.by_key:
            write(plan, plan.by_key[reference])
    relate(plan, instance, planned.wanted)
    instance.save()
    names = planned.changed_names
    if isinstance(instance, Rule):
        if names is None or "conditions" in names:
            write_conditions(instance, from_tree(planned.wanted["conditions"]))
        if names is None or "documents" in names:
            write_documents(plan, instance, planned.wanted["documents"])
    for field in own_fields(planned.model):
        if isinstance(field, models.ManyToManyField) and (names is None or field.name in names):
            write_links(plan, instance, field, planned.wanted[field.name])
    return instance


def found(plan: Plan, field: Any, slug: str) -> models.Model:
    """The saved object that a relation's slug names."""
    key = (str(referred_section(field)), slug)
    planned = plan.by_key.get(key)
    instance = plan.outside[key] if planned is None else planned.instance or planned.existing
    if instance is None:
        raise LookupError(f"{key} was planned, but is not there.")
    return instance


def relate(plan: Plan, instance: models.Model, wanted: dict[str, Any]) -> None:
    """Point the foreign keys of ``instance`` to what ``wanted`` names."""
    for field in own_fields(type(instance)):
        if isinstance(field, models.ForeignKey) and field.name in wanted:
            slug = wanted[field.name]
            setattr(instance, field.name, found(plan, field, slug) if slug else None)


def write_links(plan: Plan, instance: models.Model, field: models.ManyToManyField[Any, Any], slugs: Iterable[str]) -> None:
    """Add and remove what differs; links to archived objects stay as they are."""
    relation = getattr(instance, field.name)
    others = [found(plan, field, slug) for slug in slugs]
    here = list(relation.all())
    kept = {other.pk for other in others}
    relation.remove(*[other for other in here if other.pk not in kept and getattr(other, "archived_at", None) is None])
    relation.add(*[other for other in others if other.pk not in {each.pk for each in here}])


def write_conditions(rule: Rule, conditions: Iterable[Condition]) -> None:
    """Make the rows of ``rule`` stand for ``conditions``; a row that says the same keeps its key."""
    spare = list(rule.condition_rows.all()) if rule.pk else []
    for position, condition in enumerate(conditions):
        row = _taken(spare, lambda row, condition=condition: row.as_condition() == condition) or _taken(
            spare, lambda row, condition=condition: _without_group(row.as_condition()) == _without_group(condition)
        )
        if row is None:
            row = ConditionRow(
                rule=rule, path=condition.path, operator=condition.operator, value=condition.value, negate=condition.negate
            )
        elif (row.group, row.position) == (condition.group, position):
            continue
        row.group, row.position = condition.group, position
        row.save()
    for row in spare:
        row.delete()


def _without_group(condition: Condition) -> tuple[str, str, str, bool]:
    return condition.path, condition.operator, condition.value, condition.negate


def write_documents(plan: Plan, rule: Rule, entries: Iterable[dict[str, Any]]) -> None:
    """Make the documents of ``rule`` those of ``entries``; one that says the same keeps its key."""
    spare: list[tuple[dict[str, Any], Document]] = [
        (describe_document(kind, document), document) for kind, document in documents_of(rule)
    ]
    available = document_kinds()
    for position, entry in enumerate(entries):
        same = _taken(spare, lambda each, entry=entry: each[0] == entry)
        if same is not None and same[1].position == position:
            continue
        model, key = available[entry["kind"]]
        document = same[1] if same is not None else model(**{key.name: rule})
        if same is None:
            fill(document, entry)
            relate(plan, document, entry)
        document.position = position
        document.save()
    for _entry, document in spare:
        document.delete()


def _taken(rows: list[Any], fits: Any) -> Any:
    """The first of ``rows`` that fits, taken out of the list, or None."""
    for index, row in enumerate(rows):
        if fits(row):
            return rows.pop(index)
    return None
