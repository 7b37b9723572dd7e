"""The lists of the ledger, what can be done from them, and the story of a delivery."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pigeon_admin.admin.ledger import LimitedPaginator
from pigeon_admin.freezing import freeze
from pigeon_admin.models import Attempt, Delivery, Package
from pigeon_admin.rendering import RenderedDocument
from tests.admin.rows import STATES, add_attempt, add_delivery, add_package, client_with, messages_of
from tests.factories import make_dummy, make_rule
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db
LIST = "/admin/pigeon_admin/delivery/"


@pytest.fixture
def operator():
    return client_with("view_delivery", "change_delivery", "view_package", "view_attempt")


def rows_of(response):
    return list(response.context["cl"].result_list)


def act(client, delivery, name, query="", **kwargs):
    return client.post(reverse(f"admin:pigeon_admin_delivery_{name}", args=[delivery.pk]) + query, **kwargs)


def state_of(delivery):
    return Delivery.objects.get(pk=delivery.pk).state


@pytest.mark.parametrize("model", ["delivery", "package", "attempt"])
def test_the_number_of_queries_does_not_grow_with_the_rows(operator, model):
    def look():
        with CaptureQueriesContext(connection) as queries:
            assert operator.get(f"/admin/pigeon_admin/{model}/").status_code == 200
        return len(queries)

    add_attempt(add_delivery(STATES.FAILED, reason="Refused."))
    look()  # the content types are cached from now on
    few = look()
    for state in STATES:
        add_attempt(add_delivery(state), Attempt.Outcome.TEMPORARY)
    assert look() <= few
    assert few <= 10


@pytest.mark.parametrize("model", ["delivery", "package", "attempt"])
def test_nobody_adds_changes_or_deletes_a_row(admin_client, model):
    attempt = add_attempt(add_delivery())
    row = {"attempt": attempt, "delivery": attempt.delivery, "package": attempt.delivery.package}[model]
    base = f"/admin/pigeon_admin/{model}/"
    assert admin_client.get(f"{base}add/").status_code == 403
    assert admin_client.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    before = type(row).objects.values().get(pk=row.pk)
    admin_client.post(f"{base}{row.pk}/change/", {"object_repr": "x", "state": "sent", "error": "x"})
    assert type(row).objects.values().get(pk=row.pk) == before
    assert b"delete_selected" not in admin_client.get(base).content


def test_lists_count_no_further_than_the_limit(operator, monkeypatch):
    monkeypatch.setattr(LimitedPaginator, "LIMIT", 60)
    package = add_package()
    for _number in range(70):
        add_delivery(package=package)
    with CaptureQueriesContext(connection) as queries:
        response = operator.get(LIST)
    assert response.context["cl"].result_count == 60
    assert "the newest 60 deliveries" in response.text
    (counting,) = [query["sql"] for query in queries if "COUNT" in query["sql"]]
    assert "LIMIT 60" in counting


def test_every_page_has_its_rows_newest_first(operator):
    package = add_package()
    keys = [add_delivery(package=package).pk for _number in range(55)]
    assert [row.pk for row in rows_of(operator.get(LIST))] == keys[:4:-1]
    assert [row.pk for row in rows_of(operator.get(f"{LIST}?p=2"))] == keys[4::-1]
    assert [row.pk for row in rows_of(operator.get(f"{LIST}?o=3"))] == keys[:50]


def test_filters_show_what_they_say(operator):
    rule, destination = make_rule(destinations=[]), make_dummy()
    new = add_delivery(STATES.SENT, package=add_package(rule), destination=destination)
    old = add_delivery(STATES.FAILED, age=timedelta(days=20))
    for query, expected in {
        "state__exact=failed": [old],
        f"rule={rule.pk}": [new],
        f"destination={destination.pk}": [new],
        "created=week": [new],
        "created=month": [new, old],
        "settled=hour": [new],
        f"object=newsdesk.Story:{old.package.object_pk}": [old],
        "rule=drop": [],
        "state__exact=sent&settled=month": [new],
    }.items():
        assert {row.pk for row in rows_of(operator.get(f"{LIST}?{query}"))} == {each.pk for each in expected}, query


@pytest.mark.parametrize("model", ["package", "attempt"])
def test_packages_and_attempts_are_filtered_by_rule(operator, model):
    rule = make_rule(destinations=[])
    for package in (add_package(rule), add_package()):
        add_attempt(add_delivery(package=package))
    (row,) = rows_of(operator.get(f"/admin/pigeon_admin/{model}/?rule={rule.pk}"))
    assert (row if model == "package" else row.delivery.package).rule_id == rule.pk


def test_search_finds_by_object_by_file_and_by_number(operator):
    document = {"name": "news/élan.xml", "size": 1, "sha256": "", "media_type": "", "stored": ""}
    wanted = add_delivery(package=add_package(object_repr="Storm at sea", object_pk="a-77", documents=[document]))
    add_delivery()
    for term in ("storm", "STORM at", "a-77", "élan.xml", "news/él", str(wanted.uid), str(wanted.package.uid)):
        assert [row.pk for row in rows_of(operator.get(LIST, {"q": term}))] == [wanted.pk], term
    assert rows_of(operator.get(LIST, {"q": "100%"})) == []


def test_search_works_in_the_other_lists_too(operator):
    attempt = add_attempt(add_delivery(package=add_package(object_repr="Storm at sea")))
    add_attempt(add_delivery())
    package = attempt.delivery.package
    for term in ("storm", package.object_pk + ".xml", str(package.uid)):
        assert package.pk in {row.pk for row in rows_of(operator.get("/admin/pigeon_admin/package/", {"q": term}))}, term
    for term in ("storm", str(package.uid), str(attempt.delivery.uid)):
        assert [row.pk for row in rows_of(operator.get("/admin/pigeon_admin/attempt/", {"q": term}))] == [attempt.pk], term


def test_a_failed_row_shows_its_reason_and_the_action_beside_it(operator):
    delivery = add_delivery(STATES.FAILED, reason="The partner’s server refused the password.")
    for page in (LIST, f"{LIST}{delivery.pk}/change/"):
        text = operator.get(page).text
        assert "refused the password" in text
        assert f"{delivery.pk}/retry/" in text
        assert f"{delivery.pk}/cancel/" in text


@pytest.mark.parametrize(
    ("state", "name", "after"),
    [
        (STATES.FAILED, "retry", STATES.WAITING),
        (STATES.WAITING, "retry", STATES.WAITING),
        (STATES.SENT, "retry", STATES.WAITING),
        (STATES.CANCELLED, "retry", STATES.WAITING),
        (STATES.SUPERSEDED, "retry", STATES.SUPERSEDED),
        (STATES.SENDING, "retry", STATES.SENDING),
        (STATES.WAITING, "cancel", STATES.CANCELLED),
        (STATES.FAILED, "cancel", STATES.CANCELLED),
        (STATES.SENT, "cancel", STATES.SENT),
        (STATES.SENDING, "cancel", STATES.SENDING),
    ],
)
def test_one_click_on_a_row_does_it_and_says_so(operator, state, name, after):
    delivery = add_delivery(state)
    response = act(operator, delivery, name, follow=True)
    assert state_of(delivery) == after
    refused = (state, name) in {
        (STATES.SUPERSEDED, "retry"),
        (STATES.SENDING, "retry"),
        (STATES.SENT, "cancel"),
        (STATES.SENDING, "cancel"),
    }
    assert messages_of(response).startswith("1 could not" if refused else "1 w")


@pytest.mark.parametrize("name", ["retry", "rebuild", "cancel"])
def test_a_click_needs_a_post_and_the_permission(operator, name):
    delivery = add_delivery(STATES.FAILED)
    assert operator.get(f"{LIST}{delivery.pk}/{name}/").status_code == 405
    viewer = client_with("view_delivery")
    assert act(viewer, delivery, name).status_code == 403
    assert f"/{name}/" not in viewer.get(LIST).text
    assert f"/{name}/" not in viewer.get(f"{LIST}{delivery.pk}/change/").text
    assert state_of(delivery) == STATES.FAILED


def test_a_click_without_the_csrf_token_is_refused(operator):
    delivery = add_delivery(STATES.FAILED)
    operator.handler.enforce_csrf_checks = True
    assert act(operator, delivery, "retry").status_code == 403


def test_a_click_comes_back_to_the_filtered_list_or_to_the_page(operator):
    delivery = add_delivery(STATES.FAILED)
    text = operator.get(f"{LIST}?state__exact=failed").text
    assert f'formaction="{LIST}{delivery.pk}/retry/?_changelist_filters=state__exact%3Dfailed"' in text
    response = act(operator, delivery, "retry", "?_changelist_filters=state__exact%3Dfailed")
    assert response.url == f"{LIST}?state__exact=failed"
    assert act(operator, delivery, "cancel", "?_page=1").url == f"{LIST}{delivery.pk}/change/"


def test_bulk_actions_tell_how_many_could_and_why_the_others_could_not(operator):
    rows = [add_delivery(state) for state in (STATES.FAILED, STATES.FAILED, STATES.WAITING, STATES.SUPERSEDED)]
    data = {"action": "retry", "_selected_action": [row.pk for row in rows]}
    told = messages_of(operator.post(LIST, data, follow=True))
    assert told == "3 will be tried again now; 1 could not: superseded by a newer version."
    told = messages_of(operator.post(LIST, data | {"action": "cancel"}, follow=True))
    assert told == "3 were cancelled; 1 could not: superseded by a newer version."


def test_bulk_actions_are_offered_to_those_who_may_only(operator):
    delivery = add_delivery(STATES.FAILED)
    viewer = client_with("view_delivery")
    assert b'value="retry"' not in viewer.get(LIST).content
    viewer.post(LIST, {"action": "retry", "_selected_action": [delivery.pk]})
    assert state_of(delivery) == STATES.FAILED


def test_writing_anew_makes_a_new_package_of_the_object_as_it_is(operator):
    story = Story.objects.create(title="Storm")
    delivery = add_delivery(STATES.FAILED, package=add_package(object_pk=str(story.pk)))
    act(operator, delivery, "rebuild")
    newest = Package.objects.first()
    assert newest != delivery.package
    assert [each.destination_id for each in newest.deliveries.all()] == [delivery.destination_id]


def test_the_page_tells_the_whole_story(operator):
    verdict = {"conditions": [{"group": 1, "words": "status equals “published”", "seen": "published-seen", "matched": True}]}
    package = add_package(verdict=verdict, revision=3)
    delivery = add_delivery(STATES.FAILED, package=package, reason="It was refused.")
    sibling = add_delivery(STATES.SENT, package=package, destination=make_dummy(name="The other partner"))
    add_attempt(delivery, Attempt.Outcome.CREDENTIALS, error="530 Login incorrect")
    add_attempt(delivery, Attempt.Outcome.SENT, proof={"files": [{"name": "a.xml", "size_read_back": 3}]}, bytes_sent=3)
    text = operator.get(f"{LIST}{delivery.pk}/change/").text
    for part in (
        "It was refused.",
        "published-seen",
        "stands for 3 saves",
        "530 Login incorrect",
        "Login refused",
        "The other partner",
    ):
        assert part in text
    assert "size read back" in text
    assert f"/delivery/{sibling.pk}/change/" in text
    assert f"/package/{package.pk}/file/0/" in text


def test_the_page_escapes_what_partners_and_objects_say(operator):
    evil = "<script>alert(1)</script>"
    package = add_package(object_repr=evil, error=evil, verdict={"conditions": [{"words": evil, "seen": evil, "matched": None}]})
    delivery = add_delivery(STATES.FAILED, package=package, reason=evil)
    attempt = add_attempt(delivery, Attempt.Outcome.PERMANENT, error=evil, proof={evil: evil})
    pages = [LIST, f"{LIST}{delivery.pk}/change/", "/admin/pigeon_admin/package/", "/admin/pigeon_admin/attempt/"]
    for page in [*pages, f"/admin/pigeon_admin/package/{package.pk}/change/"]:
        assert evil not in operator.get(page).text, page
    assert (
        operator.get(f"/admin/pigeon_admin/attempt/{attempt.pk}/change/").url
        == f"{LIST}{delivery.pk}/change/#attempt-{attempt.pk}"
    )


def test_the_frozen_bytes_are_a_download_that_no_browser_runs(operator):
    frozen = freeze([RenderedDocument("sports/élan.html", "text/html", b"<script>alert(1)</script>")])
    package = add_package(documents=frozen.documents)
    url = f"/admin/pigeon_admin/package/{package.pk}/file/0/"
    response = operator.get(url)
    assert io.BytesIO(b"".join(response.streaming_content)).read() == b"<script>alert(1)</script>"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%C3%A9lan.html"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert client_with("view_delivery", "change_delivery").get(url).status_code == 403


def test_the_page_leads_to_the_rule_and_the_destination_of_those_who_may_see_them(operator):
    delivery = add_delivery(STATES.FAILED, reason="Refused.")
    editor = client_with("view_delivery", "change_delivery", "view_rule", "change_destination")
    links = [f"/rule/{delivery.package.rule_id}/change/", f"/destination/{delivery.destination_id}/change/"]
    for link in links:
        assert link in editor.get(f"{LIST}{delivery.pk}/change/").text
        assert link not in operator.get(f"{LIST}{delivery.pk}/change/").text


def test_bytes_that_are_not_there_are_not_found(operator):
    package = add_package()
    base = f"/admin/pigeon_admin/package/{package.pk}/file/"
    assert operator.get(f"{base}0/").status_code == 404  # cleaned away
    assert operator.get(f"{base}7/").status_code == 404
    assert operator.get("/admin/pigeon_admin/package/0/file/0/").status_code == 404


def test_rows_that_do_not_exist_send_back_to_the_list(operator):
    for model in ("delivery", "package", "attempt"):
        assert operator.get(f"/admin/pigeon_admin/{model}/999/change/", follow=True).status_code == 200
    missing = operator.post(f"{LIST}999/retry/", follow=True)
    assert messages_of(missing) == "There was nothing to do."
