"""Hostile texts as names: whatever a title holds, the file arrives in the partner's folder under a safe name, and only there."""

from __future__ import annotations

import threading
import unicodedata

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from pigeon_admin.delivery.push import Push
from pigeon_admin.models import Attempt, Delivery, FileDocument, Package
from pigeon_admin.naming import safe_path
from tests.acceptance.bad_input import KINDS, Desk, destination_at, in_words, push, visible
from tests.factories import make_folder_destination, make_rule, make_template
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)

TITLES = [
    "two\nlines",
    "carriage\r\nDELE other.xml",
    "l" * 300,
    "é" * 300,
    "😀 emoji 👨‍👩‍👧‍👦",
    "..",
    "../../../../etc/passwd",
    "/absolute/path",
    "back\\slash\\..\\up",
    "a/b/c",
    "tab\tand \x1b[31m colour",
    "zero width\u200b and \u202e right to left",
    "percent %2e%2e%2f and ?query#fragment;type=a",
    "quotes \" ' ` $(reboot) && ;",
    "CON",
    ".hidden",
    "-rf",
    "~root",
    "trailing dot.",
    "日本語の記事",
    "e\u0301lan decomposed",
    "{{ object.pk }}",
    "    blanks    ",
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_title_becomes_one_file_in_the_partners_folder(kind, tmp_path):
    inbox = tmp_path / "inbox"
    names = {"directory": "{{ object.title }}", "file_name": "{{ object.title }}.txt"}
    template = make_template(source="{{ object.pk }}", media_type="text/plain", **names)
    with KINDS[kind].start(inbox) as partner:
        make_rule(template=template, destinations=[destination_at(partner, timeout=10)])
        stories = [Story.objects.create(title=title) for title in TITLES]
        push()
    assert [each.reason for each in Delivery.objects.exclude(state="sent")] == []
    found = {path.relative_to(inbox).as_posix(): path.read_bytes() for path in inbox.rglob("*") if path.is_file()}
    assert sorted(found.values()) == sorted(str(story.pk).encode() for story in stories)  # each once, none over another
    for package in Package.objects.all():
        (document,) = package.documents
        assert found[document["name"]] == package.object_pk.encode()
    for name in found:
        assert name == unicodedata.normalize("NFC", name)
        assert name.isprintable() or "\u200d" in name
        assert all(
            len(part.encode()) <= 200 and part.strip(". ") and not part.startswith((".", "-", "~")) for part in name.split("/")
        )
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("inbox", "export")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_uploaded_files(kind, tmp_path, settings):
    """What people upload: Django makes the stored names safe for our disk, we for the partner's."""
    inbox = tmp_path / "inbox"
    names = ["ünïcode 😀.pdf", "l" * 80 + ".pdf", "{{ braces }}.pdf", "e\u0301.pdf", "a b  c.PDF"]
    with KINDS[kind].start(inbox) as partner:
        rule = make_rule(destinations=[destination_at(partner, timeout=10)])
        FileDocument.objects.create(rule=rule, file_field="attachment")
        for number, name in enumerate(names):
            Story.objects.create(title=name, attachment=ContentFile(f"file {number}".encode(), name=name))
        push()
    assert [each.reason for each in Delivery.objects.exclude(state="sent")] == []
    files = {name: content for name, content in visible(inbox).items() if not name.endswith(".xml")}
    assert sorted(files.values()) == [f"file {number}".encode() for number in range(len(names))]


@pytest.mark.parametrize("title", ["", "   ", "...", "\u200b\u202e", "\n\n"])
def test_a_title_of_which_nothing_is_left(title, tmp_path):
    desk = Desk(tmp_path)
    desk.rule_to(template=make_template(file_name="{{ object.title }}"))
    Story.objects.create(title=title)
    push()
    (delivery,) = desk.troubled
    assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
    assert "file name is empty" in delivery.reason
    desk.others_went_on()


def test_two_documents_of_one_package_whose_names_differ_only_in_how_they_are_written(tmp_path):
    """Composed or decomposed, upper or lower case: on many a partner's disk it is the same file, so it is refused in words."""
    desk = Desk(tmp_path)
    one, two = "É", "e\u0301"
    rule = desk.rule_to(template=make_template(file_name=f"{one}.bin"))
    FileDocument.objects.create(rule=rule, file_field="attachment", file_name=f"{two}.bin")
    Story.objects.create(title="x", attachment=ContentFile(b"x", name="x.bin"))
    push()
    (delivery,) = desk.troubled
    assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
    assert "Two documents have the name" in delivery.reason
    assert visible(desk.beside) == {}
    desk.others_went_on()


def test_the_two_ways_to_write_an_accent_are_one_name_at_the_partner(tmp_path):
    """The same story, its title retyped on another keyboard: its file is replaced, not put beside itself."""
    make_rule(template=make_template(file_name="{{ object.title }}.xml"), destinations=[make_folder_destination(tmp_path / "in")])
    story = Story.objects.create(title="\u00e9lan")
    push()
    story.title = "e\u0301lan"
    story.save()
    push()
    assert list(visible(tmp_path / "in")) == [safe_path("", "élan.xml")]


@pytest.mark.parametrize("kind", KINDS)
def test_two_workers_at_once_on_the_same_destination(kind, tmp_path):
    inbox = tmp_path / "inbox"
    template = make_template(directory="in/{{ object.words }}")
    with KINDS[kind].start(inbox) as partner:
        make_rule(template=template, destinations=[destination_at(partner, timeout=20)])
        stories = [Story.objects.create(title=str(number), words=number % 4) for number in range(120)]
        barrier = threading.Barrier(2)

        def work():
            barrier.wait()
            try:
                Push().run()
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [each.reason for each in Delivery.objects.exclude(state="sent")] == []
    assert visible(inbox) == {
        f"in/{story.words}/{story.pk}.xml": f"<story><title>{story.title}</title></story>".encode() for story in stories
    }
    assert Attempt.objects.count() == len(stories)
    assert len(set(Attempt.objects.values_list("worker", flat=True))) == 2
