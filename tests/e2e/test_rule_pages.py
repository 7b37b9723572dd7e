"""The pages around a rule in a real browser: its form by keyboard alone, its preview, and rule sets in and out."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pigeon_admin.models import SaveRule
from tests.factories import make_dummy, make_rule, make_template
from tests.newsdesk.models import Section, Story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def focused(page) -> str:
    """Name of the field that has the focus, else the text of what has it."""
    return page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")


def tab_to(page, target: str) -> list[str]:
    """Press Tab until ``target`` has the focus; answers what was passed on the way."""
    passed: list[str] = []
    while focused(page) != target:
        passed.append(focused(page))
        assert len(passed) < 80, f"Tab never comes to {target}: {passed}"
        page.keyboard.press("Tab")
    return passed


def test_tab_alone_leads_through_the_rule_form_in_the_order_of_the_screen(desk):
    make_dummy(name="Agency")
    make_template(name="Story as XML")
    desk.goto("/admin/pigeon_admin/saverule/add/")
    assert focused(desk) == "name"
    desk.keyboard.type("Sports")
    assert "slug" in tab_to(desk, "model")
    desk.keyboard.type("Story")
    desk.locator("input[name=watched_fields][value=title]").wait_for()
    passed = tab_to(desk, "Add another Condition")
    assert [name for name in passed if name.startswith("on_")] == ["on_create", "on_update", "on_delete"]
    assert "watched_fields" in passed
    desk.keyboard.press("Enter")
    assert focused(desk) == "condition_rows-0-path"
    desk.keyboard.type("status")
    desk.keyboard.press("Tab")
    desk.keyboard.type("equals")
    desk.keyboard.press("Tab")
    desk.keyboard.type("published")
    tab_to(desk, "Add another Rendered document")
    desk.keyboard.press("Enter")
    assert focused(desk) == "template_documents-0-template"
    desk.keyboard.type("Story as XML")
    assert "Add another Copied file" in tab_to(desk, "destinations_old")
    desk.keyboard.press("ArrowDown")
    tab_to(desk, "Choose selected destinations")
    desk.keyboard.press("Enter")
    tab_to(desk, "state")
    desk.keyboard.type("Live")
    tab_to(desk, "_save")
    desk.keyboard.press("Enter")
    expect(desk.locator(".messagelist .success")).to_contain_text("was added successfully")
    rule = SaveRule.objects.get()
    assert (rule.state, str(rule.conditions()[0]), [each.name for each in rule.destinations.all()]) == (
        "live", "status equals published", ["Agency"],
    )  # fmt: skip


def test_the_preview_shows_each_condition_with_the_value_seen_and_the_document(desk):
    sports = Section.objects.create(name="Sports", slug="sports")
    Story.objects.create(title="Rowers <b>win</b>", status="published", section=sports)
    Story.objects.create(title="Half written", section=sports)
    make_rule(name="Sports news", conditions=[("status", "equals", "published"), ("section__slug", "equals", "sports")])
    desk.goto("/admin/pigeon_admin/rule/")
    desk.get_by_role("link", name="Sports news").click()
    desk.get_by_role("link", name="Preview").click()
    desk.get_by_role("link", name="Half written").click()
    expect(desk.locator("#content-main")).to_contain_text("does not match the rule “Sports news”")
    rows = desk.locator(".pigeon-group tbody tr")
    expect(rows.nth(0)).to_contain_text("no")
    expect(rows.nth(0)).to_contain_text("value seen: draft")
    expect(rows.nth(1)).to_contain_text("value seen: sports")
    desk.get_by_role("searchbox", name="Another object").fill("rowers")
    desk.get_by_role("button", name="Find").click()
    desk.get_by_role("link", name="Rowers <b>win</b>").click()
    expect(desk.locator("#content-main")).to_contain_text("“Rowers <b>win</b>” matches the rule “Sports news”.")
    expect(desk.locator(".pigeon-document pre")).to_have_text("<story><title>Rowers &lt;b&gt;win&lt;/b&gt;</title></story>")


def test_a_rule_set_goes_out_and_its_import_is_shown_before_it_is_done(desk, tmp_path):
    rule = make_rule(name="Sports news")
    make_rule(name="Politics")
    desk.goto("/admin/pigeon_admin/rule/")
    desk.get_by_role("link", name="Export", exact=True).click()
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Export").click()
    exported = tmp_path / download.value.suggested_filename
    download.value.save_as(exported)
    SaveRule.objects.filter(pk=rule.pk).update(name="Sports, renamed since")

    desk.goto("/admin/pigeon_admin/rule/")
    desk.get_by_role("link", name="Import", exact=True).click()
    desk.wait_for_load_state()  # the script that guesses the format from the file's name listens only then
    desk.locator("input[type=file]").set_input_files(exported)
    expect(desk.get_by_label("Format:")).not_to_have_value("")
    desk.get_by_role("button", name="Show what it would do").click()
    expect(desk.get_by_role("status")).to_contain_text("This would be imported: 1 changed")
    change = desk.locator(".pigeon-outcome-changed li.pigeon-entry")
    expect(change).to_contain_text("Sports, renamed since")
    assert SaveRule.objects.get(pk=rule.pk).name == "Sports, renamed since"  # nothing is written yet
    desk.get_by_role("button", name="Import all of it").click()
    expect(desk.locator(".messagelist .success")).to_contain_text("The rule set was imported")
    assert SaveRule.objects.get(pk=rule.pk).name == "Sports news"
