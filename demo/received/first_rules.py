"""One destination and one live rule for each partner of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from pigeon_admin.models import (
    ConditionRow,
    Destination,
    ExportTemplate,
    FileDocument,
    FtpDestination,
    HttpDestination,
    Rule,
    SaveRule,
    SftpDestination,
    TemplateDocument,
)

TEMPLATES = Path(__file__).parent / "export_templates"


@dataclass(frozen=True)
class FirstRule:
    """What one partner gets. ``conditions``: (path, operator, value), all of which must hold."""

    partner: str
    name: str
    template: str
    media_type: str
    directory: str
    file_name: str
    conditions: tuple[tuple[str, str, str], ...]
    language: str = ""
    photos: bool = False
    notes: str = ""


PUBLISHED = ("status", "equals", "published")
FIRST_RULES = [
    FirstRule(
        "ftp", "Published stories to the Harbour Herald", "story.xml", "application/xml", "{{ object.section.slug }}",
        "{{ object.pk }}.xml",         (PUBLISHED,), photos=True, notes="XML, with the photos beside it in medias/.",
    ),
    FirstRule(
        "sftp", "Published stories to Open Wire", "story.json", "application/json", "", "story-{{ object.pk }}.json",
        (PUBLISHED,), notes="JSON, all sections.",
    ),
    FirstRule(
        "http", "Le français au Quai", "story.html", "text/html", "articles", "{{ object.pk }}-{{ object.slug }}.html",
        (PUBLISHED, ("section__slug", "equals", "france")), language="fr", notes="HTML, the French section only.",
    ),
]  # fmt: skip


def destination_of(key: str, name: str, facts: dict[str, Any]) -> Destination:
    """An unsaved destination for a running partner; ``facts`` as that partner told them when it started."""
    common = {"name": name, "slug": f"demo-{key}", "notes": "Made by the demo; its server runs on this machine."}
    login = {"username": facts["username"], "password": facts["password"]}
    if key == "ftp":
        return FtpDestination(**common, **login, host=facts["host"], port=facts["port"])
    if key == "sftp":
        return SftpDestination(**common, **login, host=facts["host"], port=facts["port"], host_key=facts["host_key"])
    return HttpDestination(**common, **login, url=facts["url"], auth=HttpDestination.Auth.BASIC)


@transaction.atomic
def make(partners: dict[str, dict[str, Any]], names: dict[str, str]) -> list[str]:
    """Destinations and rules where there are none at all; answers the names of the new rules."""
    if Rule.objects.exists() or Destination.objects.exists():
        return []
    made = []
    for first in FIRST_RULES:
        destination = destination_of(first.partner, names[first.partner], partners[first.partner])
        destination.full_clean()
        destination.save()
        template = ExportTemplate(
            name=f"Story as {first.template.rpartition('.')[2].upper()}",
            slug=first.template.replace(".", "-"),
            source=(TEMPLATES / first.template).read_text(encoding="utf-8"),
            media_type=first.media_type,
            language=first.language,
            directory=first.directory,
            file_name=first.file_name,
        )
        template.full_clean()
        template.save()
        rule = SaveRule(name=first.name, slug=f"demo-{first.partner}", model="newsroom.story", notes=first.notes)
        rule.full_clean()
        rule.save()
        for position, (path, operator, value) in enumerate(first.conditions):
            ConditionRow.objects.create(rule=rule, path=path, operator=operator, value=value, position=position)
        TemplateDocument.objects.create(rule=rule, template=template)
        if first.photos:
            FileDocument.objects.create(
                rule=rule,
                relation_path="photos",
                file_field="image",
                directory=f"{first.directory}/medias",
                file_name="{{ object.pk }}-{{ item.pk }}.{{ item.image.extension }}",
            )
        rule.destinations.add(destination)
        rule.state = Rule.State.LIVE  # last: a live rule is whole
        rule.save()
        made.append(rule.name)
    return made


def follow(partners: dict[str, dict[str, Any]]) -> list[str]:
    """Point the demo's destinations at where its partners run this time; answers the names of those that moved."""
    moved = []
    for destination in Destination.objects.filter(slug__in=[f"demo-{key}" for key in partners]):
        facts = partners[destination.slug.removeprefix("demo-")]
        wanted = {"url": facts["url"]} if isinstance(destination, HttpDestination) else {"port": facts["port"]}
        if isinstance(destination, SftpDestination):
            wanted["host_key"] = facts["host_key"]
        changed = {name: value for name, value in wanted.items() if getattr(destination, name) != value}
        if changed:
            for name, value in changed.items():
                setattr(destination, name, value)
            destination.save()
            moved.append(destination.name)
    return moved
