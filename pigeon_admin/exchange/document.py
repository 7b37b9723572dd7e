"""A rule set as one document: its head, and its lists of entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RuleSetError
from pigeon_admin.exchange.kinds import SECTIONS, kinds

FORMAT = "pigeon_admin.rule_set"
VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One rule, template or destination. ``kind`` is "" where the section has only one; ``place`` says where it stands."""

    section: str
    kind: str
    slug: str
    content: dict[str, Any]
    place: str = ""


def to_document(entries: Iterable[Entry]) -> dict[str, Any]:
    """The document of these entries, in the one order that it always has."""
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    lists: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
    for entry in entries:
        lists[entry.section].append(entry)
    for section, found in lists.items():
        document[section] = [_head(entry) | entry.content for entry in sorted(found, key=lambda entry: entry.slug)]
    return document


def _head(entry: Entry) -> dict[str, Any]:
    return {"kind": entry.kind, "slug": entry.slug} if entry.kind else {"slug": entry.slug}


def from_document(document: Any) -> list[Entry]:
    """The entries of a document, in the order in which they need each other; raises RuleSetError when it is no rule set."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RuleSetError(_("This is not a rule set: it does not begin with “format: %s”.") % FORMAT)
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RuleSetError(_("The “version” of the rule set must be a whole number, such as %d.") % VERSION)
    if version > VERSION:
        raise RuleSetError(
            _(
                "This rule set has version %(version)d; this site reads up to version %(known)d. "
                "Update django-pigeon-admin here, then import it again."
            )
            % {"version": version, "known": VERSION}
        )
    for key in document:
        if key not in ("format", "version", *SECTIONS):
            raise RuleSetError(
                _("The rule set has a part “%(key)s” that is not known here. Known are: %(known)s.")
                % {"key": key[:100], "known": ", ".join(SECTIONS)}
            )
    return [entry for section in SECTIONS for entry in _entries(section, document.get(section, []))]


def _entries(section: str, found: Any) -> Iterable[Entry]:
    if not isinstance(found, list):
        raise RuleSetError(_("“%s” must be a list.") % section)
    has_kinds = bool(kinds(SECTIONS[section]))
    seen: set[str] = set()
    for number, content in enumerate(found, 1):
        place = f"{section}[{number}]"
        if not isinstance(content, dict):
            raise RuleSetError(_("%s must be an entry with a “slug”.") % place)
        for key in ("kind", "slug") if has_kinds else ("slug",):
            if not isinstance(content.get(key), str) or not content[key]:
                raise RuleSetError(_("%(place)s needs a “%(key)s”, as text.") % {"place": place, "key": key})
        slug = content["slug"]
        if slug in seen:
            raise RuleSetError(
                _("%(place)s: the short name “%(slug)s” stands twice in “%(section)s”.")
                % {"place": place, "slug": slug, "section": section}
            )
        seen.add(slug)
        head = ("kind", "slug") if has_kinds else ("slug",)
        rest = {key: value for key, value in content.items() if key not in head}
        yield Entry(section, content["kind"] if has_kinds else "", slug, rest, place)
