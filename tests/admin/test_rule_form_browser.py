"""The rule form in a real browser: what JavaScript adds to it, by mouse and by keyboard."""

from __future__ import annotations

import pytest

from pigeon_admin.models import DummyDestination, SaveRule

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(live_server, admin_user, client, monkeypatch):
    """A logged-in browser; any error of a script fails the test."""
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    client.force_login(admin_user)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(base_url=live_server.url)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        browser.close()
    assert errors == []


@pytest.fixture
def form(page):
    """The empty form with stories chosen as its content."""
    page.goto("/admin/pigeon_admin/saverule/add/")
    page.fill("#id_name", "Sports")
    page.select_option("#id_model", "newsdesk.story")
    page.wait_for_selector("input[name=watched_fields][value=title]")
    return page


def add_condition(form):
    form.click("#condition_rows-group .add-row a")


def test_choosing_the_content_brings_its_fields_and_the_sentence_about_it(form):
    assert form.inner_text("#pigeon-conditions-intro .pigeon-none") == "No conditions: every story counts."
    form.check("input[name=watched_fields][value=title]")
    form.select_option("#id_model", "newsdesk.photo")
    form.wait_for_selector("input[name=watched_fields][value=caption]")
    assert form.query_selector("input[name=watched_fields][value=title]") is None
    assert form.inner_text("#pigeon-conditions-intro .pigeon-none") == "No conditions: every photo counts."


def test_a_row_offers_only_operators_that_fit_and_says_what_to_type(form):
    add_condition(form)
    form.fill("#id_condition_rows-0-path", "breaking")
    offered = form.eval_on_selector_all(
        "#id_condition_rows-0-operator option", "all => all.filter(o => !o.hidden).map(o => o.value)"
    )
    assert "equals" in offered
    assert "contains" not in offered
    form.select_option("#id_condition_rows-0-operator", "equals")
    assert form.inner_text("#id_condition_rows-0-value_hint") == "yes or no"
    form.select_option("#id_condition_rows-0-operator", "is_empty")
    assert not form.is_visible("#id_condition_rows-0-value")


def test_the_sentence_about_no_conditions_follows_the_rows(form):
    add_condition(form)
    assert not form.is_visible("#pigeon-conditions-intro .pigeon-none")
    form.click("#condition_rows-0 .inline-deletelink")
    assert form.is_visible("#pigeon-conditions-intro .pigeon-none")


def test_leaving_a_value_moves_no_button_away_under_the_mouse(form):
    add_condition(form)
    form.fill("#id_condition_rows-0-path", "status")
    form.select_option("#id_condition_rows-0-operator", "equals")
    form.focus("#id_condition_rows-0-value")
    add_condition(form)
    assert form.input_value("#id_condition_rows-TOTAL_FORMS") == "2"


def test_a_rule_is_made_by_keyboard_alone(page):
    DummyDestination.objects.create(name="Agency", slug="agency")
    page.goto("/admin/pigeon_admin/saverule/add/")
    page.keyboard.type("Sports")  # the first field has the focus
    page.focus("#id_model")
    page.keyboard.type("Story")
    page.wait_for_selector("input[name=watched_fields][value=title]")
    page.focus("#condition_rows-group .add-row a")
    page.keyboard.press("Enter")
    page.keyboard.type("status")  # the new row has the focus
    page.keyboard.press("Tab")
    page.keyboard.type("equals")
    page.keyboard.press("Tab")
    page.keyboard.type("published")
    page.focus("input[name=_save]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rule/")
    rule = SaveRule.objects.get()
    assert rule.slug == "sports"
    assert [str(condition) for condition in rule.conditions()] == ["status equals published"]
