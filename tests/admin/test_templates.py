"""The form and the list of export templates."""

from __future__ import annotations

import pytest

from pigeon_admin.models import ExportTemplate, SaveRule, TemplateDocument

pytestmark = pytest.mark.django_db

ADD = "/admin/pigeon_admin/exporttemplate/add/"
WHOLE = {
    "name": "NewsML",
    "slug": "newsml",
    "source": "<story>\n  <title>{{ object.title }}</title>\n</story>\n",
    "media_type": "application/xml",
    "language": "fr",
    "time_zone": "Europe/Paris",
    "directory": "{{ object.section.slug }}",
    "file_name": "{{ object.pk }}.xml",
}


def change_url(template):
    return f"/admin/pigeon_admin/exporttemplate/{template.pk}/change/"


def made(client, **changes):
    answer = client.post(ADD, WHOLE | changes)
    assert answer.status_code == 302, answer.context["errors"]
    return ExportTemplate.objects.get()


def errors(client, **changes):
    answer = client.post(ADD, WHOLE | changes)
    assert answer.status_code == 200
    return answer, answer.context["adminform"].form.errors


def test_a_template_is_made_through_the_form_with_its_line_breaks(admin_client):
    template = made(admin_client, source=WHOLE["source"].replace("\n", "\r\n"))
    assert template.source == WHOLE["source"]


def test_a_syntax_error_names_its_line_and_the_editor_marks_it(admin_client):
    answer, found = errors(admin_client, source="one\ntwo\n{% if object.title %}\nfour\n")
    assert list(found) == ["source"]
    assert found["source"][0].startswith("Line 3: ")
    assert 'data-error-line="3"' in answer.content.decode()


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("source", "a\n{% load static %}", "load"),
        ("source", "a\n{{ object.title|nosuchfilter }}", "nosuchfilter"),
        ("file_name", "{{ object.pk", ""),
        ("directory", "{% nothing %}", "nothing"),
        ("time_zone", "Europe/Pariss", "Europe/Paris"),
        ("language", "tlh", ""),
    ],
)
def test_each_mistake_is_an_error_at_its_field(admin_client, field, value, words):
    _answer, found = errors(admin_client, **{field: value})
    assert list(found) == [field]
    assert words in found[field][0]


def test_languages_come_from_the_settings(admin_client, settings):
    settings.LANGUAGES = [("en", "English"), ("br", "Breton")]
    page = admin_client.get(ADD).content.decode()
    assert '<option value="br">Breton</option>' in page
    assert 'value="fr"' not in page


def test_a_new_source_is_a_new_revision_and_a_new_name_is_not(admin_client):
    template = made(admin_client)
    admin_client.post(change_url(template), WHOLE | {"name": "Other"})
    template.refresh_from_db()
    assert (template.name, template.revision) == ("Other", 1)
    admin_client.post(change_url(template), WHOLE | {"source": "<new/>"})
    template.refresh_from_db()
    assert template.revision == 2


def test_the_list_counts_rules_and_leads_to_them(admin_client):
    template = made(admin_client)
    rule = SaveRule.objects.create(name="Sports", slug="sports", model="newsdesk.story")
    TemplateDocument.objects.create(rule=rule, template=template)
    TemplateDocument.objects.create(rule=rule, template=template, relation_path="photos")
    page = admin_client.get("/admin/pigeon_admin/exporttemplate/").content.decode()
    assert f'<a href="/admin/pigeon_admin/rule/?template={template.pk}&amp;archived=all">1 rule</a>' in page


def test_a_template_in_use_is_not_deleted_and_the_page_names_the_rules(admin_client):
    template = made(admin_client)
    rule = SaveRule.objects.create(name="Sports", slug="sports", model="newsdesk.story")
    TemplateDocument.objects.create(rule=rule, template=template)
    url = f"/admin/pigeon_admin/exporttemplate/{template.pk}/delete/"
    page = admin_client.get(url).content.decode()
    assert "still in use" in page
    assert "Sports" in page
    admin_client.post(url, {"post": "yes"})
    assert ExportTemplate.objects.exists()
    rule.delete()
    admin_client.post(url, {"post": "yes"})
    assert not ExportTemplate.objects.exists()


def test_the_panel_lists_what_a_template_can_say(admin_client):
    page = admin_client.get("/admin/pigeon_admin/exporttemplate/fields/?list=1&model=newsdesk.story").content.decode()
    for expression in ("{{ object.title }}", "{{ object.get_status_display }}", "{{ object.section.slug }}", "object.photos.all"):
        assert expression in page
    assert "password" not in page


def test_every_expression_of_the_panel_renders(admin_client):
    from pigeon_admin.admin.field_views import template_fields
    from pigeon_admin.rendering import render
    from tests.newsdesk.models import Author, Photo, Section, Story

    story = Story.objects.create(
        title="T", section=Section.objects.create(name="S", slug="s"), author=Author.objects.create(name="A", password="hush")
    )
    Photo.objects.create(story=story, caption="A photo")
    expressions = [field["expression"] for field in template_fields(Story)]
    template = ExportTemplate(source="\n".join(expressions), media_type="text/plain", file_name="x")
    text = render(template, story).decode()
    assert "A photo" in text
    assert "hush" not in text


def test_the_short_name_is_read_only_later(admin_client):
    template = made(admin_client)
    assert 'name="slug"' not in admin_client.get(change_url(template)).content.decode()
