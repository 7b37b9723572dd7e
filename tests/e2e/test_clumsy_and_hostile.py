"""What clumsy and hostile people type and click in a real browser: nothing runs, nothing breaks, nobody sees what is not theirs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import expect

from pigeon_admin.models import Delivery, DestinationState, FtpDestination, SaveRule
from tests.factories import make_rule, make_template
from tests.newsdesk.models import Story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCRIPT = "</textarea></script>'\"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:1 }}🕊"
EVERYWHERE = (
    "dashboard/", "rule/", "rule/{rule}/change/", "rule/{rule}/history/", "rule/{rule}/delete/", "rule/{rule}/preview/",
    "rule/{rule}/preview/?object={story}", "rule/{rule}/preview/?q=<script>alert(3)</script>", "rule/export/",
    "delivery/", "delivery/?q=<script>alert(4)</script>", "delivery/{delivery}/change/", "package/",
    "delivery/?rule=99999999999999999999999", "attempt/?destination=99999999999999999999999", "package/{package}/change/",
    "attempt/", "destination/", "destination/{destination}/change/", "destination/{destination}/test/",
    "destination/{destination}/delete/", "exporttemplate/", "exporttemplate/{template}/change/",
    "exporttemplate/{template}/delete/",
)  # fmt: skip


@pytest.fixture
def hostile():
    """Every text that staff may type is an attack; the delivery of it failed with an attack as its reason."""
    destination = FtpDestination.objects.create(
        name=SCRIPT,
        slug="agency",
        host="127.0.0.1",
        port=9,
        username=SCRIPT,
        password="top secret",
        notes=SCRIPT,
        directory=SCRIPT,
    )
    template = make_template(name=SCRIPT, source="<story>{{ object.title }}</story>")
    rule = make_rule(
        name=SCRIPT, notes=SCRIPT, template=template, destinations=[destination], conditions=[("title", "contains", SCRIPT)]
    )
    story = Story.objects.create(title=SCRIPT, body=SCRIPT)
    delivery = Delivery.objects.get()
    Delivery.objects.update(state="failed", reason=SCRIPT)
    DestinationState.objects.update_or_create(destination=destination, defaults={"last_error": SCRIPT})
    return {
        "rule": rule.pk, "story": story.pk, "delivery": delivery.pk, "package": delivery.package_id,
        "destination": destination.pk, "template": template.pk,
    }  # fmt: skip


def test_no_text_of_anybody_runs_as_a_script_on_any_page(desk, hostile):
    for path in EVERYWHERE:
        desk.goto("/admin/pigeon_admin/" + path.format(**hostile))
        expect(desk.locator("#content")).to_be_visible()
        assert desk.locator("img[src=x]").count() == 0, path
    desk.goto("/admin/")
    assert desk.locator("img[src=x]").count() == 0


def test_nor_in_the_preview_of_an_import(desk, hostile, tmp_path):
    desk.goto("/admin/pigeon_admin/rule/export/")
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "rules.yaml")
    text = (tmp_path / "rules.yaml").read_text()
    assert "top secret" not in text
    (tmp_path / "rules.yaml").write_text(text.replace("alert(1)", "alert(11)"))
    desk.goto("/admin/pigeon_admin/rule/import/")
    desk.locator("input[type=file]").set_input_files(tmp_path / "rules.yaml")
    desk.get_by_role("button", name="Show what it would do").click()
    expect(desk.locator(".pigeon-entry").first).to_be_visible()
    assert desk.locator("img[src=x]").count() == 0


def test_empty_forms_and_endless_names_come_back_with_a_word_at_the_field(desk):
    for kind in ("saverule", "exporttemplate", "ftpdestination", "httpdestination", "emaildestination", "storagedestination"):
        desk.goto(f"/admin/pigeon_admin/{kind}/add/")
        desk.eval_on_selector("#content-main form", "form => { form.noValidate = true; }")
        desk.locator("input[name=_save]").click()
        expect(desk.locator(".errornote")).to_be_visible()
        expect(desk.locator(".field-name .errorlist")).to_be_visible()
        desk.eval_on_selector_all("input[maxlength]", "all => all.forEach(input => input.removeAttribute('maxlength'))")
        desk.locator("#id_name").fill("🕊é" * 150)
        desk.eval_on_selector("#content-main form", "form => { form.noValidate = true; }")
        desk.locator("input[name=_save]").click()
        expect(desk.locator(".field-name .errorlist")).to_contain_text("at most")


def test_whoever_may_only_view_finds_no_button_and_no_secret(window, hostile):
    visitor = User.objects.create_user("visitor", is_staff=True)
    visitor.user_permissions.set(Permission.objects.filter(content_type__app_label="pigeon_admin", codename__startswith="view_"))
    page = window(visitor)
    unusable = "#content-main :is(button, input[type=submit]):not(.pigeon-pick *, #changelist-search *)"
    for path in EVERYWHERE:
        if path.endswith(("/delete/", "/export/")) or "/preview/" in path or "/test/" in path:
            continue  # pages for others: refused below
        page.goto("/admin/pigeon_admin/" + path.format(**hostile))
        offered = page.locator("select[name=action] option:not([value=''])").all_inner_texts()
        assert offered == (["Export selected rules as a rule set"] if path == "rule/" else []), path
        assert page.locator(unusable).all_inner_texts() == (["Go"] if offered else []), path
        assert "top secret" not in page.content(), path


def test_of_two_windows_on_one_rule_the_later_hears_what_the_other_did(window, admin_user):
    rule = make_rule(name="Sports", conditions=[("status", "equals", "published")])
    first, second = window(admin_user), window(admin_user)
    for page in (first, second):
        page.goto(f"/admin/pigeon_admin/saverule/{rule.pk}/change/")
    first.locator("#id_condition_rows-0-DELETE").check()
    first.locator("input[name=_save]").click()
    expect(first.locator(".messagelist .success")).to_be_visible()
    second.locator("#id_condition_rows-0-value").fill("draft")
    second.locator("input[name=_save]").click()
    # A row that the other window deleted cannot be changed any more: that is said there, and nothing is half saved.
    expect(second.locator(".errorlist").filter(has_text="Somebody removed a row here meanwhile.")).to_be_visible()
    second.go_back()
    expect(second.locator("#id_name")).to_have_value("Sports")
    assert SaveRule.objects.get().conditions() == []


def test_what_is_used_is_not_deleted_but_archived_and_a_used_template_stays(desk, hostile):
    desk.goto(f"/admin/pigeon_admin/exporttemplate/{hostile['template']}/delete/")
    expect(desk.locator("#content")).to_contain_text("Rule")
    assert desk.locator("#content input[type=submit]").count() == 0
    for kind in ("destination", "rule"):
        desk.goto(f"/admin/pigeon_admin/{kind}/{hostile[kind]}/delete/")
        expect(desk.locator("#content")).to_contain_text("archive")
        desk.locator("#content input[type=submit]").first.click()
        expect(desk.locator(".messagelist")).to_contain_text("was archived")
    assert Delivery.objects.count() == 1
