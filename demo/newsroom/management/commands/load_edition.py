"""Fill an empty newsroom with its first edition."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from newsroom import content
from newsroom.content.pictures import picture
from newsroom.models import Author, Photo, Section, Story, Tag


class Command(BaseCommand):
    help = "Loads the sections, authors and stories of the first edition; does nothing when there are stories already."

    def handle(self, *args, **options) -> None:
        if Story.objects.exists():
            self.stdout.write("The newsroom has stories already.")
            return
        edition = json.loads((Path(content.__file__).parent / "edition.json").read_text(encoding="utf-8"))
        with transaction.atomic():
            count = load(edition)
        self.stdout.write(f"{count} stories loaded.")


def load(edition: dict) -> int:
    """Create everything the edition names; answers the number of stories."""
    sections = {
        slug: Section.objects.get_or_create(slug=slug, defaults={"name": name})[0] for slug, name in edition["sections"].items()
    }
    authors = {
        name: Author.objects.get_or_create(name=name, defaults={"email": mail})[0] for name, mail in edition["authors"].items()
    }
    now = timezone.now().replace(second=0, microsecond=0)
    for number, entry in enumerate(edition["stories"]):
        story = Story.objects.create(
            title=entry["title"],
            slug=slugify(entry["title"])[:200],
            lead=entry["lead"],
            body=entry["body"],
            language=entry.get("language", Story.Language.ENGLISH),
            status=entry["status"],
            section=sections[entry["section"]],
            author=authors[entry["author"]],
            publish_at=now - timedelta(hours=5 * number + 1),
        )
        story.tags.set([Tag.objects.get_or_create(name=name)[0] for name in entry["tags"]])
        for position, (name, caption, credit) in enumerate(entry["photos"], start=1):
            photo = Photo(story=story, caption=caption, credit=credit, position=position)
            photo.image.save(f"{name}.jpg", ContentFile(picture(name)))
    return len(edition["stories"])
