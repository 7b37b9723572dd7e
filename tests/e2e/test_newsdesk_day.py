"""A day at the newsdesk in a real browser: set up by hand, sent by a real worker to a real FTP server, broken and repaired."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from demo.partners import ftp
from pigeon_admin.models import Delivery
from tests.e2e.conftest import reload_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DELIVERIES = "/admin/pigeon_admin/delivery/"
DASHBOARD = "/admin/pigeon_admin/dashboard/"


@pytest.fixture
def partner(tmp_path):
    """Another company's FTP server; ``folder`` is what they see of it."""
    with ftp.start(tmp_path / "partner", user="desk", password="right one") as server:
        server.folder = tmp_path / "partner"
        yield server


def press(page, name, *, within=None):
    (within or page).get_by_role("button", name=name, exact=True).click()


def add_destination(page, partner):
    page.goto("/admin/pigeon_admin/destination/add/")
    page.get_by_label("FTP destination", exact=True).check()
    press(page, "Continue")
    page.get_by_label("Name:", exact=True).press_sequentially("Harbour Herald")
    expect(page.get_by_label("Short name:")).to_have_value("harbour-herald")
    page.get_by_label("Host:").fill("127.0.0.1")
    page.get_by_label("Port:").fill(str(partner.port))
    page.get_by_label("User name:").fill("desk")
    page.get_by_label("Password:").fill("right one")
    press(page, "Save and test connection")
    expect(page.get_by_role("status")).to_contain_text("The connection works.")
    steps = page.locator("ol.pigeon-steps li")
    for words in ("Connect", "Log in", "Write a test file", "Delete the test file"):
        expect(steps.filter(has_text=words).first).to_contain_text("succeeded")
    assert list(partner.folder.iterdir()) == []


def set_password(page, password):
    page.goto("/admin/pigeon_admin/destination/")
    page.get_by_role("link", name="Harbour Herald").click()
    stored = page.get_by_label("Password:")
    expect(stored).to_have_value("")  # never shown again
    stored.fill(password)
    press(page, "Save")
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")


def add_template(page):
    page.goto("/admin/pigeon_admin/exporttemplate/add/")
    page.get_by_label("Name:", exact=True).press_sequentially("Story as XML")
    page.get_by_label("Template:").fill("<story><title>{{ object.title }}</title>\n{% if object.pk %}</story>")
    page.get_by_label("File name:").fill("{{ object.pk }}.xml")
    press(page, "Save")
    expect(page.locator(".field-source .errorlist")).to_contain_text("2")  # the line of the if that does not end
    page.get_by_label("Template:").fill("<story><title>{{ object.title }}</title></story>")
    press(page, "Save")
    expect(page.locator(".messagelist .success")).to_contain_text("was added successfully")


def add_rule(page):
    page.goto("/admin/pigeon_admin/rule/add/")
    page.get_by_label("Name:", exact=True).press_sequentially("Published stories")
    page.get_by_label("Content:").select_option(label="Story")
    expect(page.locator("input[name=watched_fields][value=title]")).to_be_visible()
    page.get_by_text("Add another Condition").click()
    page.locator("#id_condition_rows-0-path").fill("status")
    page.locator("#id_condition_rows-0-operator").select_option(label="equals")
    expect(page.locator("#id_condition_rows-0-value_hint")).to_contain_text("published (Published)")
    page.locator("#id_condition_rows-0-value").fill("published")
    page.get_by_text("Add another Rendered document").click()
    page.locator("#id_template_documents-0-template").select_option(label="Story as XML")
    page.locator("#id_destinations_from").select_option(label="Harbour Herald (FTP destination)")
    page.locator(".selector-chooser .selector-add").click()
    page.get_by_label("State:").select_option(label="Live")
    press(page, "Save")
    row = page.locator("#result_list tbody tr").filter(has_text="Published stories")
    expect(row).to_contain_text("Live")
    expect(row).to_contain_text("Harbour Herald")


def save_story(page, title):
    """Through the host's own admin; answers the key of the new story."""
    page.goto("/admin/newsdesk/story/add/")
    page.get_by_label("Title:", exact=True).fill(title)
    page.get_by_label("Status:").select_option(label="Published")
    page.get_by_label("Body:").fill("The ferry is late.")
    press(page, "Save and continue editing")
    page.wait_for_url(re.compile(r"/story/\d+/change/"))
    return re.search(r"/story/(\d+)/change/", page.url)[1]


def row_of(page, title):
    return page.locator("#result_list tbody tr").filter(has_text=title)


def await_state(page, title, state):
    """Look at the list of deliveries until the story's row says so."""
    page.goto(DELIVERIES)
    reload_until(page, lambda timeout: expect(row_of(page, title).locator(".pigeon-state")).to_have_text(state, timeout=timeout))


def test_from_an_empty_site_to_a_repaired_delivery(window, admin_user, worker, partner):
    page = window()
    page.goto("/admin/")
    page.get_by_label("Username:").fill("admin")
    page.get_by_label("Password:").fill("password")
    press(page, "Log in")
    page.get_by_role("link", name="Dashboard", exact=True).first.click()
    expect(page.get_by_text("There are no destinations yet.")).to_be_visible()

    add_destination(page, partner)
    add_template(page)
    add_rule(page)

    first = save_story(page, "Ferry late again")
    await_state(page, "Ferry late again", "Sent")
    assert (partner.folder / f"{first}.xml").read_text() == "<story><title>Ferry late again</title></story>"
    page.get_by_role("link", name="Ferry late again").click()
    expect(page.get_by_role("heading", name="Ferry late again → Harbour Herald")).to_be_visible()
    for words in (f"{first}.xml", "status equals “published”"):
        expect(page.locator("#content-main")).to_contain_text(words)
    expect(page.locator("tr[id^=attempt-]")).to_have_count(1)

    set_password(page, "wrong one")
    second = save_story(page, "Ferry back on time")
    await_state(page, "Ferry back on time", "Failed")
    failed = row_of(page, "Ferry back on time")
    expect(failed.locator(".pigeon-reason")).to_contain_text("Correct the user name")
    assert not (partner.folder / f"{second}.xml").exists()

    page.goto(DASHBOARD)
    expect(page.locator(".pigeon-counts .pigeon-failed")).to_contain_text("1")
    page.locator(".pigeon-counts .pigeon-failed a").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)  # the number and the list it leads to are equal

    set_password(page, "right one")
    page.goto(DELIVERIES)
    failed.get_by_role("button", name="Retry").click()
    expect(page.locator(".messagelist")).to_contain_text("1 will be tried again now")
    await_state(page, "Ferry back on time", "Sent")
    assert (partner.folder / f"{second}.xml").read_text() == "<story><title>Ferry back on time</title></story>"
    assert sorted(path.name for path in partner.folder.iterdir()) == sorted([f"{first}.xml", f"{second}.xml"])


def test_the_dashboard_shows_the_worker_and_its_tasks_run_on_demand(desk, worker):
    desk.goto(DASHBOARD)
    expect(desk.locator(".pigeon-alarm")).to_have_count(0)
    expect(desk.locator(".pigeon-workers li").first).to_contain_text("last seen")
    line = desk.locator("tr").filter(has=desk.locator("#run-clean"))
    expect(line).to_contain_text("has not run yet")
    desk.get_by_role("button", name="Run clean now").click()
    expect(desk.locator(".messagelist")).to_contain_text("“clean” runs as soon as a worker is free.")
    # No reload here: the page follows by itself.
    expect(line.locator(".pigeon-state")).not_to_have_text("has not run yet", timeout=45_000)
    expect(line.locator(".pigeon-sent")).to_be_visible(timeout=45_000)


def test_without_a_worker_the_dashboard_says_what_to_start(desk):
    desk.goto(DASHBOARD)
    alarm = desk.get_by_role("alert")
    expect(alarm).to_contain_text("No worker is running")
    expect(alarm).to_contain_text("python manage.py qcluster")


def test_a_retry_clicked_twice_sends_once_more_at_most(desk, worker, partner):
    add_destination(desk, partner)
    add_template(desk)
    add_rule(desk)
    set_password(desk, "wrong one")
    save_story(desk, "Ferry late again")
    await_state(desk, "Ferry late again", "Failed")
    set_password(desk, "right one")
    desk.goto(DELIVERIES)
    row_of(desk, "Ferry late again").get_by_role("button", name="Retry").dblclick()
    expect(desk.locator(".messagelist")).to_be_visible()
    await_state(desk, "Ferry late again", "Sent")
    desk.go_back()
    expect(desk.locator("#result_list")).to_be_visible()
    assert Delivery.objects.get().attempts.filter(outcome="sent").count() == 1
