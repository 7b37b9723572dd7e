"""The entries of chosen rules with all that they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models

from pigeon_admin.exchange.document import Entry
from pigeon_admin.exchange.kinds import SECTIONS, kind_name, kinds, section_of
from pigeon_admin.exchange.plan import existing_by_slug
from pigeon_admin.exchange.shape import describe, load, references
from pigeon_admin.models import Rule


def entries_for(rules: models.QuerySet[Rule]) -> Iterator[Entry]:
    """Everything that these rules need, then the rules, each section by slug. Archived rules and destinations are left out."""
    found: dict[str, dict[str, models.Model]] = {section: {} for section in SECTIONS}
    chosen = Rule._default_manager.filter(pk__in=rules.order_by().values("pk"), archived_at=None)
    waiting: list[models.Model] = list(chosen)
    entries = []
    while waiting:
        needed: dict[str, set[str]] = {}
        for model in {type(instance) for instance in waiting}:
            load([instance for instance in waiting if type(instance) is model])
        for instance in waiting:
            section = str(section_of(type(instance)))
            found[section][instance.slug] = instance  # type: ignore[attr-defined]
            content = describe(instance)
            entries.append(entry_of(instance, section, content))
            for other_section, slug in references(type(instance), content):
                needed.setdefault(other_section, set()).add(slug)
        waiting = []
        for section, slugs in needed.items():
            waiting += existing_by_slug(SECTIONS[section], sorted(slugs - set(found[section]))).values()
    order = list(SECTIONS)
    yield from sorted(entries, key=lambda entry: (order.index(entry.section), entry.slug))


def entry_of(instance: Any, section: str, content: dict[str, Any]) -> Entry:
    """The entry of one object."""
    base = SECTIONS[section]
    model: type[models.Model] = type(instance)
    kind = kind_name(model, base) if kinds(base) else ""
    return Entry(section, kind, instance.slug, content)
