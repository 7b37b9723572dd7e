"""What an import would do, found out by reading only: created, changed, unchanged or refused, with words."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from pigeon_admin.exchange.checks import notes_on, problems_of
from pigeon_admin.exchange.document import Entry
from pigeon_admin.exchange.drafts import draft, settled
from pigeon_admin.exchange.kinds import SECTIONS, kind_name, kinds
from pigeon_admin.exchange.shape import CHUNK, Reference, describe, load, references, wanted

CREATED, CHANGED, UNCHANGED, REFUSED = "created", "changed", "unchanged", "refused"
OUTCOMES = (REFUSED, CREATED, CHANGED, UNCHANGED)

# Asks whether somebody may "add" or "change" objects of a model.
Permission = Callable[[str, type[models.Model]], bool]


@dataclass(frozen=True)
class Difference:
    """One value that an import changes; both sides are plain values of a document."""

    name: str
    old: Any
    new: Any


@dataclass
class PlannedEntry:
    """One entry and what becomes of it. ``reasons``: why it is refused. ``notes``: what one should know before confirming."""

    entry: Entry
    model: type[models.Model] | None = None
    instance: models.Model | None = None
    existing: models.Model | None = None
    wanted: dict[str, Any] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    restored: bool = False
    written: bool = False

    @property
    def key(self) -> Reference:
        """The name of this entry in the document."""
        return self.entry.section, self.entry.slug

    @property
    def outcome(self) -> str:
        """One of created, changed, unchanged, refused."""
        if self.reasons:
            return REFUSED
        if self.existing is None:
            return CREATED
        return CHANGED if self.differences or self.restored else UNCHANGED

    def settle(self) -> None:
        """Take over what cleaning made of the values: line breaks, for one."""
        if self.instance is None or self.reasons:
            return
        names = self.changed_names
        cleaned = settled(self.instance, self.wanted)
        self.wanted.update({name: value for name, value in cleaned.items() if names is None or name in names})
        if self.existing is not None:
            self.differences = [Difference(each.name, each.old, self.wanted[each.name]) for each in self.differences]
            self.differences = [each for each in self.differences if each.old != each.new]

    @property
    def changed_names(self) -> set[str] | None:
        """The keys that differ; None for a new object, where all do."""
        return None if self.existing is None else {each.name for each in self.differences}

    @property
    def kind_words(self) -> str:
        """The kind of thing, as the admin calls it."""
        model = self.model or SECTIONS[self.entry.section]
        return str(model._meta.verbose_name)


class Plan:
    """All entries of one document, judged. ``outside``: what they refer to and the document does not hold, as found here."""

    def __init__(self, entries: Iterable[Entry], allowed: Permission | None = None) -> None:
        self.entries = [PlannedEntry(entry) for entry in entries]
        self.by_key = {planned.key: planned for planned in self.entries}
        self.outside: dict[Reference, models.Model] = {}
        self.allowed = allowed
        for section in SECTIONS:
            self._meet([planned for planned in self.entries if planned.entry.section == section])
        self._find_outside()
        for planned in self.entries:
            self._judge(planned)

    def _meet(self, section: list[PlannedEntry]) -> None:
        """Find each entry's model, and the object here that has its slug."""
        if not section:
            return
        base = SECTIONS[section[0].entry.section]
        existing = existing_by_slug(base, [planned.entry.slug for planned in section])
        available = kinds(base) or {"": base}
        for planned in section:
            entry = planned.entry
            planned.model = available.get(entry.kind)
            planned.existing = existing.get(entry.slug)
            if planned.model is None:
                planned.reasons.append(
                    _("This site has no kind “%(kind)s” in “%(section)s”. It has: %(kinds)s. Is an app missing here?")
                    % {"kind": entry.kind[:60], "section": entry.section, "kinds": ", ".join(available)}
                )
            elif planned.existing is not None and type(planned.existing) is not planned.model:
                here = type(planned.existing)
                planned.reasons.append(
                    _(
                        "“%(slug)s” is of another kind here (%(here)s, “%(kind)s”) than in the file (%(there)s). "
                        "Give one of them another short name."
                    )
                    % {
                        "slug": entry.slug,
                        "here": here._meta.verbose_name,
                        "kind": kind_name(here, base),
                        "there": planned.model._meta.verbose_name,
                    }
                )
            else:
                planned.wanted, problems = wanted(planned.model, entry.content)
                planned.reasons += problems

    def _find_outside(self) -> None:
        """Fetch what entries refer to and the document does not hold."""
        missing: dict[str, set[str]] = {}
        for planned in self.entries:
            if planned.wanted and planned.model is not None:
                for section, slug in references(planned.model, planned.wanted):
                    if (section, slug) not in self.by_key:
                        missing.setdefault(section, set()).add(slug)
        for section, slugs in missing.items():
            for slug, instance in existing_by_slug(SECTIONS[section], sorted(slugs), complete=False).items():
                self.outside[section, slug] = instance

    def _judge(self, planned: PlannedEntry) -> None:
        if planned.reasons or planned.model is None:
            return
        for section, slug in references(planned.model, planned.wanted):
            self._check_reference(planned, section, slug)
        if planned.existing is not None:
            old = describe(planned.existing)
            planned.differences = [Difference(name, old[name], new) for name, new in planned.wanted.items() if old[name] != new]
            planned.restored = getattr(planned.existing, "archived_at", None) is not None
        if planned.outcome == UNCHANGED or planned.reasons:
            return
        self._check_permission(planned)
        planned.instance = draft(planned.model, planned.existing, planned.entry.slug, planned.wanted, planned.changed_names)
        problems, lacking = problems_of(planned.instance, planned.wanted)
        planned.reasons += problems
        planned.settle()
        planned.notes += notes_on(planned.instance, lacking, created=planned.existing is None, restored=planned.restored)

    def _check_reference(self, planned: PlannedEntry, section: str, slug: str) -> None:
        if (section, slug) in self.by_key:
            return
        found = self.outside.get((section, slug))
        words = {"slug": planned.entry.slug, "other": slug, "kind": SECTIONS[section]._meta.verbose_name}
        if found is None:
            planned.reasons.append(
                _("“%(slug)s” needs the %(kind)s “%(other)s”, which is neither in the file nor on this site.") % words
            )
        elif getattr(found, "archived_at", None) is not None:
            planned.reasons.append(
                _("“%(slug)s” needs the %(kind)s “%(other)s”, which is archived on this site and not in the file.") % words
            )

    def _check_permission(self, planned: PlannedEntry) -> None:
        model = planned.model
        if self.allowed is None or model is None:
            return
        action = "add" if planned.existing is None else "change"
        if not self.allowed(action, model):
            words = _("Your account may not add a %s.") if action == "add" else _("Your account may not change a %s.")
            planned.reasons.append(words % model._meta.verbose_name)

    @property
    def refused(self) -> list[PlannedEntry]:
        """Entries that cannot be imported; one is enough that nothing is written."""
        return [planned for planned in self.entries if planned.reasons]

    @property
    def counts(self) -> dict[str, int]:
        """How many entries have each outcome; all four are present."""
        counted = Counter(planned.outcome for planned in self.entries)
        return {outcome: counted[outcome] for outcome in OUTCOMES}

    @property
    def digest(self) -> str:
        """64 hex digits that change when the import would do anything else than this."""
        told = [
            [
                *planned.key,
                planned.outcome,
                planned.restored,
                planned.reasons,
                [[each.name, each.old, each.new] for each in planned.differences],
            ]
            for planned in self.entries
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def existing_by_slug(base: type[models.Model], slugs: list[str], *, complete: bool = True) -> dict[str, models.Model]:
    """The objects here with these slugs; ``complete`` ones can be described without further queries."""
    found: list[models.Model] = []
    for start in range(0, len(slugs), CHUNK):
        rows = base._default_manager.filter(slug__in=slugs[start : start + CHUNK])
        found += rows if complete or not hasattr(rows, "non_polymorphic") else rows.non_polymorphic()
    if complete:
        for model in {type(instance) for instance in found}:
            load([instance for instance in found if type(instance) is model])
    return {instance.slug: instance for instance in found}  # type: ignore[attr-defined]
