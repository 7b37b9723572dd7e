"""The form and the list of rules: each mistake is an error at its field, in words."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from pigeon_admin.models import (
    ConditionRow,
    DummyDestination,
    ExportTemplate,
    FileDocument,
    Package,
    Rule,
    SaveRule,
    TemplateDocument,
)

pytestmark = pytest.mark.django_db

ADD = "/admin/pigeon_admin/saverule/add/"
PREFIXES = ("condition_rows", "template_documents", "file_documents")


@pytest.fixture
def destination():
    return DummyDestination.objects.create(name="Agency", slug="agency")


@pytest.fixture
def template():
    return ExportTemplate.objects.create(
        name="NewsML", slug="newsml", source="{{ object.title }}", file_name="{{ object.pk }}.xml"
    )


def change_url(rule):
    return f"/admin/pigeon_admin/rule/{rule.pk}/change/"


def form_data(conditions=(), templates=(), files=(), **fields):
    """What a browser posts for a rule on stories; a field of None is left out."""
    data = {"name": "Sports", "slug": "sports", "model": "newsdesk.story", "state": "draft", "on_create": "on", "on_update": "on"}
    data |= fields
    for prefix, rows in zip(PREFIXES, (conditions, templates, files), strict=True):
        data |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": sum(1 for row in rows if row.get("id"))}
        for index, row in enumerate(rows):
            data |= {f"{prefix}-{index}-{name}": value for name, value in row.items()}
    return {name: value for name, value in data.items() if value is not None}


def condition(path="status", operator="equals", value="published", group=1, **more):
    return {"group": group, "path": path, "operator": operator, "value": value, **more}


def form_of(answer):
    assert answer.status_code == 200, "the form was accepted"
    return answer.context["adminform"].form


def row_errors(answer, prefix, index=0):
    assert answer.status_code == 200, "the form was accepted"
    formset = next(each.formset for each in answer.context["inline_admin_formsets"] if each.formset.prefix == prefix)
    return formset.forms[index].errors


# -- a whole rule


def test_a_live_rule_with_everything_is_made_through_the_form(admin_client, destination, template):
    data = form_data(
        [condition(), condition("section__slug", "in", "sports, news", 1, negate="on")],
        [{"template": template.pk}],
        [{"file_field": "image", "relation_path": "photos", "directory": "pictures"}],
        state="live",
        destinations=[destination.pk],
        watched_fields=["title", "tags"],
    )
    answer = admin_client.post(ADD, data)
    assert answer.status_code == 302, answer.context["errors"]
    rule = SaveRule.objects.get()
    assert rule.state == Rule.State.LIVE
    assert rule.watched_fields == ["title", "tags"]
    assert [str(row) for row in rule.conditions()] == ["status equals published", "section__slug not in sports, news"]
    assert rule.template_documents.get().template == template
    assert rule.file_documents.get().relation_path == "photos"
    assert list(rule.destinations.all()) == [destination]
    assert LogEntry.objects.get().object_repr == "Sports"


def test_a_draft_may_be_incomplete(admin_client):
    answer = admin_client.post(ADD, form_data(on_create=None, on_update=None))
    assert answer.status_code == 302, answer.context["errors"]


@pytest.mark.parametrize(
    "changes, field, words",
    [
        ({"destinations": []}, "destinations", "at least one destination"),
        ({"templates": []}, "state", "at least one document"),
        ({"on_create": None, "on_update": None}, "on_create", "at least one event"),
    ],
)
def test_a_live_rule_that_lacks_something_says_what_at_its_field(admin_client, destination, template, changes, field, words):
    whole = {"state": "live", "destinations": [destination.pk], "templates": [{"template": template.pk}]}
    answer = admin_client.post(ADD, form_data(**(whole | changes)))
    assert list(form_of(answer).errors) == [field]
    assert words in form_of(answer).errors[field][0]


def test_an_archived_destination_is_none_to_a_live_rule(admin_client, destination, template):
    rule = whole_rule(destination, template)
    destination.archived_at = timezone.now()
    destination.save()
    assert "at least one destination" in said(run_action(admin_client, "make_live", rule))
    row = {"id": rule.template_documents.get().pk, "rule": rule.pk, "template": template.pk}
    data = form_data(templates=[row], state="live", destinations=[destination.pk], slug=None)
    assert list(form_of(admin_client.post(change_url(rule), data)).errors) == ["destinations"]
    data["state"] = "draft"
    assert admin_client.post(change_url(rule), data).status_code == 302


def test_each_field_is_on_the_page_once_in_the_order_a_person_thinks(admin_client):
    page = admin_client.get(ADD).content.decode()
    names = [
        "name",
        "slug",
        "model",
        "on_create",
        "watched_fields",
        "condition_rows-TOTAL_FORMS",
        "template_documents-TOTAL_FORMS",
    ]
    names += ["file_documents-TOTAL_FORMS", "destinations", "state", "notes"]
    places = [page.find(f'name="{name}"') for name in names if name != "watched_fields"]
    assert -1 not in places
    assert places == sorted(places)
    assert page.count('<select name="destinations"') == 1


def test_a_rule_made_by_code_under_the_class_name_keeps_its_content(admin_client, destination, template):
    rule = whole_rule(destination, template, model="newsdesk.Story")
    page = admin_client.get(change_url(rule)).content.decode()
    assert '<option value="newsdesk.story" selected>' in page
    assert "Not available" not in page


def test_removing_the_last_document_of_a_live_rule_is_refused(admin_client, destination, template):
    rule = SaveRule.objects.create(name="R", slug="r", model="newsdesk.story", state="live")
    rule.destinations.set([destination])
    row = TemplateDocument.objects.create(rule=rule, template=template)
    kept = {"id": row.pk, "rule": rule.pk, "template": template.pk}
    data = form_data(templates=[kept | {"DELETE": "on"}], state="live", destinations=[destination.pk], slug=None)
    assert "at least one document" in form_of(admin_client.post(change_url(rule), data)).errors["state"][0]
    data = form_data(templates=[kept], state="live", destinations=[destination.pk], slug=None)
    assert admin_client.post(change_url(rule), data).status_code == 302


# -- conditions


@pytest.mark.parametrize(
    "row, field, words",
    [
        (condition("titel"), "path", "title"),
        (condition("section__slag"), "path", "slug"),
        (condition("title__upper"), "path", "title"),
        (condition("author__password"), "path", "password"),
        (condition("words", "greater", "many"), "value", "many"),
        (condition("published_at", "greater", "soon"), "value", "soon"),
        (condition("status", "equals", "publisht"), "value", "published"),
        (condition("title", "regex", "("), "value", ""),
        (condition("breaking", "contains", "x"), "operator", ""),
        (condition("section__slug", "changed", ""), "operator", ""),
        (condition("title", "", ""), "operator", "required"),
        (condition("title", "equals", ""), "value", ""),
    ],
)
def test_a_wrong_condition_is_an_error_at_the_field_that_is_wrong(admin_client, row, field, words):
    errors = row_errors(admin_client.post(ADD, form_data([condition(), row])), "condition_rows", 1)
    assert list(errors) == [field]
    assert words in errors[field][0]


def test_a_blank_row_is_refused_and_not_dropped(admin_client):
    blank = {"group": 1, "path": "", "operator": "", "value": ""}
    errors = row_errors(admin_client.post(ADD, form_data([blank])), "condition_rows")
    assert errors["path"] == ["This row is empty. Fill it in, or remove it."]
    assert not SaveRule.objects.exists()


@pytest.mark.parametrize("prefix, field", [("template_documents", "template"), ("file_documents", "file_field")])
def test_a_blank_document_is_refused_too(admin_client, prefix, field):
    rows = {"templates" if prefix == "template_documents" else "files": [{"relation_path": ""}]}
    errors = row_errors(admin_client.post(ADD, form_data(**rows)), prefix)
    assert errors[field] == ["This row is empty. Fill it in, or remove it."]


def test_no_conditions_are_said_to_mean_every_object(admin_client):
    rule = SaveRule.objects.create(name="R", slug="r", model="newsdesk.story")
    assert "No conditions: every story counts." in admin_client.get(change_url(rule)).content.decode()


def test_rows_keep_the_order_of_the_screen(admin_client):
    rule = SaveRule.objects.create(name="R", slug="r", model="newsdesk.story")
    old = ConditionRow.objects.create(rule=rule, path="title", operator="equals", value="x", position=4)
    kept = condition("title", "equals", "x", id=old.pk, rule=rule.pk)
    assert admin_client.post(change_url(rule), form_data([kept, condition()], slug=None)).status_code == 302
    assert [row.path for row in rule.condition_rows.all()] == ["title", "status"]


# -- documents


@pytest.mark.parametrize(
    "row, field, words",
    [
        ({"file_field": "image"}, "file_field", "attachment"),
        ({"file_field": "title"}, "file_field", "attachment"),
        ({"file_field": "image", "relation_path": "fotos"}, "relation_path", "photos"),
        ({"file_field": "image", "relation_path": "title"}, "relation_path", "title"),
        ({"file_field": "attachment", "file_name": "{{ object.pk"}, "file_name", ""),
        ({"file_field": "attachment", "directory": "{% if %}"}, "directory", ""),
    ],
)
def test_a_wrong_copied_file_is_an_error_at_its_field(admin_client, row, field, words):
    errors = row_errors(admin_client.post(ADD, form_data(files=[row])), "file_documents")
    assert list(errors) == [field]
    assert words in errors[field][0]


def test_a_wrong_relation_of_a_rendered_document_is_an_error_at_its_field(admin_client, template):
    row = {"template": template.pk, "relation_path": "photos__writer"}
    errors = row_errors(admin_client.post(ADD, form_data(templates=[row])), "template_documents")
    assert list(errors) == ["relation_path"]
    assert "author" in errors["relation_path"][0]


# -- content and watched fields


def test_excluded_apps_are_not_offered_and_not_accepted(admin_client):
    page = admin_client.get(ADD).content.decode()
    assert 'value="newsdesk.story"' in page
    assert 'value="auth.user"' not in page
    assert "model" in form_of(admin_client.post(ADD, form_data(model="auth.user"))).errors


def test_a_proxy_says_what_it_is_a_kind_of(admin_client):
    assert "Breaking story (a kind of story)" in admin_client.get(ADD).content.decode()


def test_content_of_another_database_is_refused_in_words(admin_client, settings):
    settings.DATABASE_ROUTERS = ["tests.admin.test_rules.StoriesElsewhere"]
    error = form_of(admin_client.post(ADD, form_data())).errors["model"][0]
    assert "“elsewhere”" in error
    assert "“default”" in error


class StoriesElsewhere:
    def db_for_write(self, model, **hints):
        return "elsewhere" if model._meta.label_lower == "newsdesk.story" else None


def test_a_watched_field_that_does_not_exist_is_an_error_at_the_field(admin_client):
    answer = admin_client.post(ADD, form_data(watched_fields=["title", "headline"]))
    assert "“headline”" in form_of(answer).errors["watched_fields"][0]
    assert "headline (does not exist)" in answer.content.decode(), "nobody could untick it"


def test_watched_fields_follow_the_content_after_a_save_without_javascript(admin_client):
    admin_client.post(ADD, form_data(_continue="1"))
    page = admin_client.get(change_url(SaveRule.objects.get())).content.decode()
    assert 'name="watched_fields" value="subtitle"' in page
    assert 'name="watched_fields" value="photos"' in page
    assert 'name="watched_fields" value="id"' not in page


def test_the_form_says_which_changes_do_not_count(admin_client):
    assert "further away" in admin_client.get(ADD).content.decode()


def test_the_field_list_knows_paths_and_the_operators_that_fit(admin_client):
    known = admin_client.get("/admin/pigeon_admin/rule/fields/?model=newsdesk.story").json()
    by_path = {entry["path"]: entry["operators"] for entry in known["paths"]}
    assert "contains" in by_path["section__slug"]
    assert "contains" not in by_path["breaking"]
    assert "author__password" not in by_path
    assert {"relation": "photos", "name": "image", "label": "Photos › Image"} in known["files"]
    assert "title" in [entry["name"] for entry in known["watched"]]


def test_the_field_list_tells_nothing_of_excluded_models(admin_client):
    assert admin_client.get("/admin/pigeon_admin/rule/fields/?model=auth.user").status_code == 404


# -- short name


def test_the_short_name_cannot_be_changed_later(admin_client):
    rule = SaveRule.objects.create(name="R", slug="r", model="newsdesk.story")
    assert 'name="slug"' not in admin_client.get(change_url(rule)).content.decode()
    admin_client.post(change_url(rule), form_data(slug="other"))
    rule.refresh_from_db()
    assert (rule.name, rule.slug) == ("Sports", "r")


# -- the list and its actions


def run_action(client, action, *rules, **more):
    return client.post(
        "/admin/pigeon_admin/rule/?archived=all",
        {"action": action, "_selected_action": [rule.pk for rule in rules], **more},
        follow=True,
    )


def said(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def whole_rule(destination, template, **fields):
    rule = SaveRule.objects.create(**({"name": "Sports", "slug": "sports", "model": "newsdesk.story"} | fields))
    rule.destinations.set([destination])
    TemplateDocument.objects.create(rule=rule, template=template)
    return rule


def package_of(rule):
    now = timezone.now()
    return Package.objects.create(
        rule=rule, model=rule.model, object_pk="1", object_repr="A story", event="create", created_at=now, changed_at=now
    )


def test_the_list_shows_content_state_events_and_destinations_in_words(admin_client, destination, template):
    whole_rule(destination, template, state="live", on_delete=True, watched_fields=["title"])
    page = admin_client.get("/admin/pigeon_admin/rule/").content.decode()
    for words in ("Story", "Live", "Created, changed (title), deleted", "Agency"):
        assert words in page


def test_the_list_costs_no_query_for_each_row(admin_client, destination, template, django_assert_max_num_queries):
    for number in range(20):
        package_of(whole_rule(destination, template, name=f"R{number}", slug=f"r{number}"))
    with django_assert_max_num_queries(20):
        admin_client.get("/admin/pigeon_admin/rule/")


def test_rules_are_found_by_destination_content_and_state(admin_client, destination, template):
    whole_rule(destination, template)
    SaveRule.objects.create(name="Pictures", slug="pictures", model="newsdesk.photo", state="live")
    for query, found in [
        (f"destinations__id__exact={destination.pk}", "Sports"),
        ("model=newsdesk.photo", "Pictures"),
        ("state__exact=live", "Pictures"),
        ("q=agency", "Sports"),
        (f"template={template.pk}", "Sports"),
    ]:
        rows = admin_client.get(f"/admin/pigeon_admin/rule/?{query}").context["cl"].result_list
        assert [str(rule) for rule in rows] == [found], query


def test_making_live_refuses_what_is_incomplete_and_says_why(admin_client, destination, template):
    ready = whole_rule(destination, template)
    empty = SaveRule.objects.create(name="Empty", slug="empty", model="newsdesk.story")
    gone = whole_rule(destination, template, name="Gone", slug="gone")
    ConditionRow.objects.create(rule=gone, path="headline", operator="equals", value="x")
    words = said(run_action(admin_client, "make_live", ready, empty, gone))
    assert [rule.state for rule in SaveRule.objects.order_by("pk")] == ["live", "draft", "draft"]
    assert "“Empty” stays a draft" in words
    assert "at least one document" in words
    assert "headline" in words
    run_action(admin_client, "make_draft", ready)
    ready.refresh_from_db()
    assert ready.state == "draft"
    assert LogEntry.objects.filter(change_message__contains="live").count() == 1


def test_a_duplicate_is_a_draft_with_all_rows_and_a_short_name_of_its_own(admin_client, destination, template):
    rule = whole_rule(destination, template, state="live", watched_fields=["title"])
    ConditionRow.objects.create(rule=rule, path="status", operator="equals", value="published")
    FileDocument.objects.create(rule=rule, relation_path="photos", file_field="image")
    run_action(admin_client, "duplicate", rule)
    run_action(admin_client, "duplicate", rule)
    copy, second = SaveRule.objects.exclude(pk=rule.pk).order_by("pk")
    assert (copy.slug, second.slug) == ("sports-copy", "sports-copy-2")
    assert (copy.state, copy.watched_fields) == ("draft", ["title"])
    assert copy.conditions() == rule.conditions()
    assert copy.file_documents.get().relation_path == "photos"
    assert copy.template_documents.get().template == template
    assert list(copy.destinations.all()) == [destination]
    assert rule.condition_rows.count() == 1, "the rows were moved instead of copied"


def test_a_rule_with_packages_is_archived_instead_of_deleted_and_the_page_says_so(admin_client, destination, template):
    rule = whole_rule(destination, template, state="live")
    package_of(rule)
    url = f"/admin/pigeon_admin/rule/{rule.pk}/delete/"
    page = admin_client.get(url).content.decode()
    assert "Archived, not deleted" in page
    assert "1 package" in page
    admin_client.post(url, {"post": "yes"})
    rule.refresh_from_db()
    assert rule.archived_at is not None
    assert not admin_client.get("/admin/pigeon_admin/rule/").context["cl"].result_list
    run_action(admin_client, "restore", rule)
    rule.refresh_from_db()
    assert (rule.archived_at, rule.state) == (None, "draft")


def test_a_rule_without_packages_is_deleted(admin_client, destination, template):
    rule = whole_rule(destination, template)
    url = f"/admin/pigeon_admin/rule/{rule.pk}/delete/"
    assert "Deleted for good" in admin_client.get(url).content.decode()
    admin_client.post(url, {"post": "yes"})
    assert not Rule.objects.exists()
    assert LogEntry.objects.get().is_deletion()


def test_deleting_many_tells_apart_what_is_archived(admin_client, destination, template):
    used, fresh = whole_rule(destination, template), whole_rule(destination, template, name="Fresh", slug="fresh")
    package_of(used)
    page = run_action(admin_client, "delete_selected", used, fresh).content.decode()
    assert "Archived, not deleted" in page
    assert "Deleted for good" in page
    run_action(admin_client, "delete_selected", used, fresh, post="yes")
    assert Rule.objects.get().archived_at is not None


def test_an_archived_rule_is_restored_from_its_page(admin_client, destination, template):
    rule = whole_rule(destination, template, archived_at=timezone.now())
    assert "it does nothing until it is restored" in admin_client.get(change_url(rule)).content.decode()
    row = rule.template_documents.get()
    data = form_data(
        templates=[{"id": row.pk, "rule": rule.pk, "template": template.pk}],
        destinations=[destination.pk],
        _restore="1",
        slug=None,
    )
    admin_client.post(change_url(rule), data)
    rule.refresh_from_db()
    assert rule.archived_at is None


# -- permissions


@pytest.fixture
def staff(client):
    def log_in(*codenames):
        user = User.objects.create_user("staff", password="x", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(content_type__app_label="pigeon_admin", codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def test_who_may_only_view_sees_the_rule_and_cannot_change_it(staff, destination, template):
    rule = whole_rule(destination, template)
    ConditionRow.objects.create(rule=rule, path="status", operator="in", value="published")
    client = staff("view_rule")
    page = client.get(change_url(rule)).content.decode()
    assert "published" in page
    assert 'name="_save"' not in page
    assert "<select" not in page
    assert "newsdesk.story" not in page
    assert "Every change counts." in page
    assert "is one of" in page
    assert client.post(change_url(rule), form_data()).status_code == 403
    assert client.get("/admin/pigeon_admin/rule/fields/?model=newsdesk.story").status_code == 200
    assert client.get(ADD).status_code == 403


def test_the_permission_to_change_rules_covers_their_rows(staff, destination, template):
    rule = whole_rule(destination, template)
    row = rule.template_documents.get()
    client = staff("change_rule", "view_rule")
    data = form_data(
        [condition()], [{"id": row.pk, "rule": rule.pk, "template": template.pk}], destinations=[destination.pk], slug=None
    )
    assert client.post(change_url(rule), data).status_code == 302
    assert rule.condition_rows.count() == 1


def test_the_list_has_the_buttons_of_import_and_export(admin_client):
    page = admin_client.get("/admin/pigeon_admin/rule/").content.decode()
    assert "/admin/pigeon_admin/rule/import/" in page
    assert "/admin/pigeon_admin/rule/export/" in page


def test_without_permission_nothing_is_told(staff):
    client = staff()
    assert client.get("/admin/pigeon_admin/rule/").status_code == 403
    assert client.get("/admin/pigeon_admin/rule/fields/?model=newsdesk.story").status_code == 403
