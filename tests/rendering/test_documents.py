"""A rule and an object become documents: rendered templates, then copied files, under safe names that differ."""

import datetime
import tracemalloc

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone, translation

from pigeon_admin.exceptions import DocumentError, RenderError, UnsafeName
from pigeon_admin.models import FileDocument, TemplateDocument
from pigeon_admin.rendering import documents_of, render
from tests.newsdesk.models import Photo, Story


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def names(rule, obj):
    return [document.name for document in documents_of(rule, obj)]


def contents(rule, obj):
    return {document.name: document.content.decode() for document in documents_of(rule, obj)}


def test_a_template_becomes_a_document_named_by_its_patterns(rule, story, make_template):
    template = make_template(
        directory="{{ object.section.slug }}/{{ object.event_date|date:'Y/m' }}", file_name="{{ object.title }}.xml"
    )
    TemplateDocument.objects.create(rule=rule, template=template)
    [document] = documents_of(rule, story)
    assert document.name == "music/2026/07/AC-DC & -friends-.xml"
    assert document.media_type == "application/xml"
    assert document.content == b"<t>AC/DC &amp; &lt;friends&gt;</t>"
    with document.open() as reader:
        assert reader.read() == document.content


def test_patterns_of_the_document_come_before_those_of_the_template(rule, story, make_template):
    template = make_template(directory="a", file_name="b.xml")
    TemplateDocument.objects.create(
        rule=rule, template=template, directory="{{ rule.slug }}", file_name="{{ object.pk }}-{{ now|date:'Y' }}.xml"
    )
    [document] = documents_of(rule, story, now=datetime.datetime(2026, 12, 31, 23, 30, tzinfo=datetime.UTC))
    assert document.name == f"partner/{story.pk}-2027.xml"  # it is 2027 in Paris by then


def test_one_document_for_each_related_object(rule, story, make_template):
    template = make_template("{{ object.pk }}:{{ item.caption }}", file_name="{{ item.pk }}.xml")
    TemplateDocument.objects.create(rule=rule, template=template, relation_path="photos")
    assert list(contents(rule, story).values()) == [f"{story.pk}:{caption}" for caption in ("Stage", "Crowd", "Bus")]


def test_a_relation_path_goes_through_empty_relations_and_finds_each_object_once(rule, story, make_template):
    template = make_template("{{ item.name }}", file_name="{{ item.pk }}.xml")
    TemplateDocument.objects.create(rule=rule, template=template, relation_path="photos__author")
    assert list(contents(rule, story).values()) == ["Bo Diaz"]


@pytest.mark.parametrize(
    "path, found", [("section", ["Music"]), ("tags", ["rock", "loud"]), ("section__stories__author", ["Ann Lee"])]
)
def test_relation_paths_of_all_kinds(rule, story, make_template, path, found):
    template = make_template("{{ item.name }}", file_name="{{ item.pk }}.xml")
    TemplateDocument.objects.create(rule=rule, template=template, relation_path=path)
    assert list(contents(rule, story).values()) == found


def test_templates_come_before_files_each_in_their_order(rule, story, make_template, media):
    story.attachment.save("z.pdf", ContentFile(b"pdf"))
    FileDocument.objects.create(rule=rule, file_field="attachment")
    for position, name in ((2, "b.xml"), (1, "a.xml")):
        TemplateDocument.objects.create(rule=rule, template=make_template(), file_name=name, position=position)
    assert names(rule, story) == ["a.xml", "b.xml", "z.pdf"]


def test_a_file_is_copied_under_its_own_base_name(rule, story, media):
    story.attachment.save("tour {{ 1 }}.pdf", ContentFile(b"pdf"))
    FileDocument.objects.create(rule=rule, file_field="attachment", directory="{{ object.section.slug }}")
    [document] = documents_of(rule, story)
    assert document.name == f"music/{story.attachment.name.rpartition('/')[2]}"
    assert (document.media_type, document.content) == ("application/pdf", None)
    for _again in range(2):
        with document.open() as reader:
            assert reader.read() == b"pdf"


def test_a_file_can_be_renamed_and_keep_its_extension(rule, story, media):
    photo = story.photos.first()
    photo.image.save("IMG_1.JPG", ContentFile(b"jpg"))
    story.photos.exclude(pk=photo.pk).delete()
    FileDocument.objects.create(
        rule=rule,
        file_field="image",
        relation_path="photos",
        file_name="{{ object.pk }}-{{ item.pk }}.{{ item.image.extension|lower }}",
    )
    [document] = documents_of(rule, story)
    assert document.name == f"{story.pk}-{photo.pk}.jpg"
    assert document.media_type == "image/jpeg"


def test_a_large_file_is_never_in_memory(rule, story, media):
    (media / "attachments").mkdir()
    with open(media / "attachments" / "film.mp4", "wb") as file:
        file.truncate(200_000_000)
    Story.objects.filter(pk=story.pk).update(attachment="attachments/film.mp4")
    story.refresh_from_db()
    FileDocument.objects.create(rule=rule, file_field="attachment")
    tracemalloc.start()
    [document] = documents_of(rule, story)
    size = 0
    with document.open() as reader:
        while chunk := reader.read(1 << 20):
            size += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 200_000_000
    assert peak < 10_000_000


def test_an_empty_file_field_is_an_error_in_words(rule, story):
    FileDocument.objects.create(rule=rule, file_field="attachment")
    with pytest.raises(DocumentError, match=r"story “AC/DC.*” has no file in “attachment”. Add one, or a condition to the rule"):
        names(rule, story)


def test_a_file_that_is_gone_is_an_error_in_words_before_and_after(rule, story, media):
    story.attachment.save("tour.pdf", ContentFile(b"pdf"))
    FileDocument.objects.create(rule=rule, file_field="attachment")
    [document] = documents_of(rule, story)
    default_storage.delete(story.attachment.name)
    with pytest.raises(DocumentError, match=r"attachments/tour.*is gone from the storage"):
        document.open()
    with pytest.raises(DocumentError, match="is gone from the storage"):
        names(rule, story)


def test_a_file_name_that_leaves_the_storage_is_an_error(rule, story, media):
    Story.objects.filter(pk=story.pk).update(attachment="../../etc/passwd")
    story.refresh_from_db()
    FileDocument.objects.create(rule=rule, file_field="attachment")
    with pytest.raises(DocumentError, match="is gone from the storage"):
        names(rule, story)


@pytest.mark.parametrize("field", ["title", "nothing", "delete"])
def test_a_field_that_holds_no_file_is_an_error(rule, story, field):
    FileDocument.objects.create(rule=rule, file_field=field)
    with pytest.raises(DocumentError, match=f"has no file field “{field}”"):
        names(rule, story)


def test_a_relation_that_is_gone_is_an_error(rule, story, make_template):
    TemplateDocument.objects.create(rule=rule, template=make_template(), relation_path="pictures")
    with pytest.raises(DocumentError, match=r"“pictures” is no relation of story. There are: .*photos"):
        names(rule, story)


def test_two_documents_of_one_name_are_an_error_that_names_both(rule, story, make_template):
    for name in ("Élan.xml", "E\u0301LAN.XML"):
        TemplateDocument.objects.create(rule=rule, template=make_template(name=f"T {name[-3:]}"), file_name=name)
    with pytest.raises(DocumentError, match=r"have the name “ÉLAN.XML”: the template “T xml” and the template “T XML”"):
        names(rule, story)


def test_related_objects_that_share_a_name_are_told_apart_in_the_error(rule, story, make_template):
    TemplateDocument.objects.create(
        rule=rule, template=make_template(name="T"), relation_path="photos", file_name="{{ object.pk }}.xml"
    )
    with pytest.raises(DocumentError, match="the template “T” of photo “Stage” and the template “T” of photo “Crowd”"):
        names(rule, story)


def test_the_same_stored_file_reached_twice_is_packed_once(rule, story, media):
    first, _second, third = story.photos.all()
    first.image.save("shared.jpg", ContentFile(b"jpg"))
    Photo.objects.update(image=first.image.name)
    FileDocument.objects.create(rule=rule, file_field="image", relation_path="photos")
    assert len(names(rule, story)) == 1
    third.image.save("other/shared.jpg", ContentFile(b"another"))
    Photo.objects.filter(pk=third.pk).update(
        image=default_storage.save("elsewhere/" + first.image.name.rpartition("/")[2], ContentFile(b"x"))
    )
    with pytest.raises(DocumentError, match="have the name"):
        names(rule, story)


def test_a_rule_without_documents_is_an_error(rule, story):
    with pytest.raises(DocumentError, match="The rule “Partner” has no documents"):
        names(rule, story)


def test_no_related_object_at_all_is_an_error(rule, story, make_template):
    story.photos.all().delete()
    TemplateDocument.objects.create(rule=rule, template=make_template(), relation_path="photos", file_name="{{ item.pk }}")
    with pytest.raises(DocumentError, match="none of the related objects"):
        names(rule, story)


def test_an_error_in_a_name_says_in_which(rule, story, make_template):
    document = TemplateDocument.objects.create(rule=rule, template=make_template(), file_name="{{ object.titel }}.xml")
    with pytest.raises(RenderError, match=r"In the file name “{{ object.titel }}.xml”: The story has no field “titel”"):
        names(rule, story)
    document.file_name = "{{ object.subtitle }}"
    document.save()
    with pytest.raises(UnsafeName, match="The file name is empty"):
        names(rule, story)


def test_documents_are_made_one_after_the_other(rule, story, make_template):
    TemplateDocument.objects.create(rule=rule, template=make_template(), file_name="a.xml", position=1)
    TemplateDocument.objects.create(rule=rule, template=make_template("{{ object.titel }}"), file_name="b.xml", position=2)
    made = documents_of(rule, story)
    assert next(made).name == "a.xml"
    with pytest.raises(RenderError, match="titel"):
        next(made)


def test_language_and_time_zone_are_the_templates_and_come_back_afterwards(story, make_template):
    source = "{{ object.published_at|date:'j F Y H:i O' }} {{ now|date:'H:i' }}"
    template = make_template(source, language="fr", time_zone="America/New_York")
    with translation.override("de"), timezone.override("Asia/Tokyo"):
        assert render(template, story, now=story.published_at) == b"1 juillet 2026 18:30 -0400 18:30"
        assert translation.get_language() == "de"
        assert timezone.get_current_timezone_name() == "Asia/Tokyo"
        template.language = template.time_zone = ""
        assert render(template, story, now=story.published_at) == b"2 July 2026 00:30 +0200 00:30"
        template.source = "{{ object.titel }}"
        with pytest.raises(RenderError):
            render(template, story)
        assert translation.get_language() == "de"
        assert timezone.get_current_timezone_name() == "Asia/Tokyo"


def test_a_time_zone_that_is_gone_is_an_error_in_words(story, make_template):
    with pytest.raises(RenderError, match="There is no time zone “Mars/Olympus”"):
        render(make_template(time_zone="Mars/Olympus"), story)


def test_an_item_and_extra_variables_can_be_given_to_a_single_rendering(story, make_template):
    template = make_template("{{ item.caption }} {{ see_also.0.title|safe }}")
    assert render(template, story, story.photos.first(), extra={"see_also": [story]}) == b"Stage AC/DC & <friends>"


def test_an_object_whose_own_name_fails_is_still_sent(rule, story, media, monkeypatch):
    story.attachment.save("tour.pdf", ContentFile(b"pdf"))
    FileDocument.objects.create(rule=rule, file_field="attachment")
    monkeypatch.setattr(Story, "__str__", lambda self: 1 / 0)
    assert len(names(rule, story)) == 1
    Story.objects.update(attachment="")
    story.refresh_from_db()
    with pytest.raises(DocumentError, match=f"story {story.pk} has no file"):
        names(rule, story)


def test_a_deleted_object_leaves_only_rendered_documents(rule, story, make_template, media):
    story.attachment.save("tour.pdf", ContentFile(b"pdf"))
    FileDocument.objects.create(rule=rule, file_field="attachment")
    with pytest.raises(DocumentError, match="only copies files"):
        list(documents_of(rule, story, templates_only=True))
    TemplateDocument.objects.create(rule=rule, template=make_template(), file_name="gone.xml")
    assert [document.name for document in documents_of(rule, story, templates_only=True)] == ["gone.xml"]
