"""One story with all around it, and short ways to render text for it."""

import datetime

import pytest

from pigeon_admin.models import ExportTemplate, SaveRule
from pigeon_admin.sandbox import compile_source
from tests.newsdesk.models import Author, Photo, Section, Story, Tag


@pytest.fixture
def story(db):
    """A story with a section, an author, two tags and three photos, two of them by another author."""
    section = Section.objects.create(name="Music", slug="music")
    writer = Author.objects.create(name="Ann Lee", email="ann@example.com", password="hunter2")
    photographer = Author.objects.create(name="Bo Diaz", password="hunter3")
    story = Story.objects.create(
        title="AC/DC & <friends>",
        body="<p>Loud & clear</p>",
        section=section,
        author=writer,
        words=1234567,
        price="1234.500",
        published_at=datetime.datetime(2026, 7, 1, 22, 30, tzinfo=datetime.UTC),
        event_date=datetime.date(2026, 7, 14),
    )
    story.tags.add(Tag.objects.create(name="rock"), Tag.objects.create(name="loud"))
    for caption, author in (("Stage", photographer), ("Crowd", photographer), ("Bus", None)):
        Photo.objects.create(story=story, caption=caption, author=author)
    return story


@pytest.fixture
def rule(db):
    return SaveRule.objects.create(name="Partner", slug="partner", model="newsdesk.story")


@pytest.fixture
def make_template(db):
    def make(source="<t>{{ object.title }}</t>", **fields):
        count = ExportTemplate.objects.count()
        fields = {"name": f"Template {count}", "slug": f"template-{count}", "file_name": "{{ object.pk }}.xml"} | fields
        return ExportTemplate.objects.create(source=source, **fields)

    return make


@pytest.fixture
def write(story):
    """Render a source for the story, as plain text unless told otherwise."""

    def write(source, media_type="text/plain", **values):
        return compile_source(source, media_type).render({"object": story} | values)

    return write
