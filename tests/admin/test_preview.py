"""The preview of a rule shows what a save would do, and does nothing itself."""

from __future__ import annotations

import base64
from types import ModuleType
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import path

from pigeon_admin.models import Delivery, Package, Rule
from tests.admin.rows import client_with, messages_of
from tests.factories import make_dummy, make_rule, make_template
from tests.newsdesk.models import Photo, Section, Story

pytestmark = pytest.mark.django_db
PIXEL = base64.b64decode("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==")


@pytest.fixture
def editor():
    return client_with("view_rule", "newsdesk.view_story", "view_delivery", "change_delivery")


@pytest.fixture
def story():
    return Story.objects.create(
        title="Storm & sea", status="published", section=Section.objects.create(name="Sports", slug="sports")
    )


@pytest.fixture
def host_admin(settings):
    """The host has a page for stories, with a search of its own, that hides some of them."""

    class StoryAdmin(admin.ModelAdmin):
        search_fields = ["body"]

        def get_queryset(self, request):
            return super().get_queryset(request).exclude(title="Hidden")

    admin.site.register(Story, StoryAdmin)
    urls = ModuleType("urls_with_stories")
    urls.urlpatterns = [path("admin/", admin.site.urls)]
    settings.ROOT_URLCONF = urls
    yield
    admin.site.unregister(Story)


def page(rule, **query):
    base = f"/admin/pigeon_admin/rule/{rule.pk}/preview/"
    return f"{base}?{urlencode(query)}" if query else base


def send(client, rule, obj, **data):
    return client.post(f"/admin/pigeon_admin/rule/{rule.pk}/send/", {"object": obj.pk, **data}, follow=True)


def test_the_rule_form_leads_to_it(admin_client):
    rule = make_rule()
    assert page(rule) in admin_client.get(f"/admin/pigeon_admin/rule/{rule.pk}/change/").text


def test_the_latest_objects_are_offered(editor, story):
    newer = Story.objects.create(title="Newer")
    found = editor.get(page(make_rule())).context["found"]
    assert found == [newer, story]


def test_an_object_is_found_by_its_id_or_its_name(editor, story):
    Story.objects.create(title="Other")
    rule = make_rule()
    assert editor.get(page(rule, q=story.pk)).context["object"] == story
    assert editor.get(page(rule, q="storm")).context["found"] == [story]
    assert "Nothing found" in editor.get(page(rule, q="calm")).text
    assert "no object with the id" in messages_of(editor.get(page(rule, object="x")))


def test_the_search_of_the_hosts_own_page_is_used_and_its_limits_hold(editor, host_admin):
    found = Story.objects.create(title="Title", body="needle")
    hidden = Story.objects.create(title="Hidden", body="needle")
    rule = make_rule()
    assert editor.get(page(rule, q="needle")).context["found"] == [found]
    assert editor.get(page(rule, object=hidden.pk)).context["object"] is None
    assert send(editor, rule, hidden, anyway="1").status_code == 404
    assert not Package.objects.exists()


def test_each_condition_shows_the_value_seen_and_whether_it_held(editor, story):
    rule = make_rule(
        conditions=[
            ("status", "equals", "draft"),
            ("section__slug", "equals", "sports"),
            ("breaking", "equals", "true", False, 2),
            ("title", "changed", "", False, 3),
        ]
    )
    response = editor.get(page(rule, object=story.pk))
    shown = [[(row.seen, row.matched) for row in group] for group in response.context["preview"].groups]
    assert shown[0] == [("published", False), ("sports", True)]
    assert [held for group in shown[1:] for _seen, held in group] == [False, None]
    assert response.text.count("… or all of these") == 2
    assert "depends on what its next save changes" in response.text


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ([], "every object matches"),
        ([("status", "equals", "published")], "matches the rule"),
        ([("status", "equals", "draft")], "does not match the rule"),
        ([("status", "equals", "draft"), ("title", "changed")], "does not match the rule"),
        ([("status", "equals", "published"), ("title", "changed")], "depends on what its next save changes"),
        ([("gone", "equals", "x")], "The rule cannot judge"),
    ],
)
def test_the_verdict_is_one_sentence(editor, story, conditions, sentence):
    response = editor.get(page(make_rule(conditions=conditions), object=story.pk))
    assert sentence in response.context["preview"].sentence


def test_documents_are_shown_with_their_names_as_they_would_be_sent(editor, story):
    Photo.objects.create(story=story).image.save("harbour.gif", ContentFile(PIXEL))
    response = editor.get(page(make_rule(files=[("photos", "image")]), object=story.pk))
    text, picture = response.context["preview"].documents
    assert (text.name, text.text) == (f"{story.pk}.xml", "<story><title>Storm &amp; sea</title></story>")
    assert "&lt;title&gt;Storm &amp;amp; sea&lt;/title&gt;" in response.text
    assert picture.name == "medias/harbour.gif"
    assert f'<img src="data:image/gif;base64,{base64.b64encode(PIXEL).decode()}"' in response.text


def test_a_document_that_is_no_text_is_named_and_not_poured_onto_the_page(editor, story):
    story.attachment.save("a.bin", ContentFile(b"\0\1\2" * 100))
    response = editor.get(page(make_rule(files=[("", "attachment")]), object=story.pk))
    assert "sent as it is" in response.text
    assert "300\xa0bytes" in response.text


def test_a_long_document_is_cut_on_the_page_only(editor, story):
    story.body = "é" * 200_000
    story.save()
    response = editor.get(page(make_rule(template=make_template("{{ object.body }}")), object=story.pk))
    (document,) = response.context["preview"].documents
    assert document.size == 400_000
    assert document.text == "é" * 100_000
    assert "Only the beginning is shown." in response.text


def test_an_error_is_told_in_words_with_its_line_after_what_could_be_written(editor, story):
    story.attachment.save("a.txt", ContentFile(b"text"))
    story.attachment.storage.delete(story.attachment.name)
    response = editor.get(page(make_rule(files=[("", "attachment")]), object=story.pk))
    assert len(response.context["preview"].documents) == 1
    assert "gone from the storage" in response.text
    broken = make_rule(template=make_template("fine\n{{ object.title|nonsense }}"))
    response = editor.get(page(broken, object=story.pk))
    assert response.context["preview"].trouble.line == 2
    assert "Line 2:" in response.text


def test_a_preview_writes_nothing(editor, story):
    rule = make_rule(conditions=[("status", "equals", "published")])
    with CaptureQueriesContext(connection) as queries:
        assert editor.get(page(rule, object=story.pk)).status_code == 200
    assert not [query["sql"] for query in queries if not query["sql"].startswith("SELECT")]


def test_send_now_makes_the_deliveries_and_leads_to_them(editor, story):
    rule = make_rule(conditions=[("status", "equals", "published")], destinations=[make_dummy(), make_dummy()])
    Package.objects.all().delete()
    response = send(editor, rule, story)
    assert len(response.context["cl"].result_list) == 2
    assert {each.package.event for each in Delivery.objects.select_related("package")} == {Package.Event.MANUAL}
    assert "is sent as soon as" in messages_of(response)


def test_an_object_that_does_not_match_is_sent_after_a_second_yes_only(editor, story):
    rule = make_rule(conditions=[("status", "equals", "draft")])
    asked = send(editor, rule, story)
    assert "Send anyway" in asked.text
    assert not Delivery.objects.exists()
    send(editor, rule, story, anyway="1")
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": Rule.State.DRAFT}, "is a draft"),
        ({"destinations": []}, "has no destination"),
    ],
)
def test_what_cannot_be_sent_is_previewed_and_says_why(editor, story, fields, words):
    rule = make_rule(**fields)
    text = editor.get(page(rule, object=story.pk)).text
    assert words in text
    assert f"/rule/{rule.pk}/send/" not in text
    assert words in messages_of(send(editor, rule, story))
    assert not Delivery.objects.exists()


def test_permissions_of_the_rule_and_of_the_object_are_both_needed(story):
    rule = make_rule()
    assert client_with("view_rule").get(page(rule, object=story.pk)).status_code == 403
    assert client_with("newsdesk.view_story").get(page(rule, object=story.pk)).status_code == 403
    viewer = client_with("view_rule", "newsdesk.view_story")
    text = viewer.get(page(rule, object=story.pk)).text
    assert "Storm" in text
    assert f"/rule/{rule.pk}/send/" not in text
    assert send(viewer, rule, story).status_code == 403
    assert not Delivery.objects.exists()


def test_sending_needs_a_post(editor, story):
    rule = make_rule()
    assert editor.get(f"/admin/pigeon_admin/rule/{rule.pk}/send/?object={story.pk}").status_code == 405


def test_a_rule_on_a_model_that_is_gone_is_not_found(editor):
    assert editor.get(page(make_rule(model="gone.Story"))).status_code == 404


def test_an_object_whose_name_is_markup_stays_text(editor):
    evil = Story.objects.create(title="<script>alert(1)</script>")
    rule = make_rule(conditions=[("title", "contains", "<script>")])
    for address in (page(rule), page(rule, object=evil.pk), page(rule, q="<script>alert(1)")):
        assert "<script>alert" not in editor.get(address).text
