"""The forms and the list of destinations; the connection tests talk to real servers on loopback."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from django.utils.text import capfirst

from demo.partners import ftp, sftp
from pigeon_admin.admin.destination_forms import fieldsets_of
from pigeon_admin.admin.destination_words import where
from pigeon_admin.models import (
    Delivery,
    Destination,
    DestinationState,
    DummyDestination,
    EmailDestination,
    FtpDestination,
    HttpDestination,
    Package,
    SaveRule,
    SftpDestination,
    StorageDestination,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/pigeon_admin/destination/"
ADD_FTP = "/admin/pigeon_admin/ftpdestination/add/"
FTP = {
    "name": "Agency",
    "slug": "agency",
    "host": "ftp.example",
    "port": "21",
    "username": "desk",
    "password": "correct horse",
    "security": "none",
    "passive": "on",
    "encoding": "utf-8",
    "timeout": "30",
}
KINDS = [FtpDestination, SftpDestination, HttpDestination, StorageDestination, EmailDestination, DummyDestination]


def change_url(destination):
    return f"{LIST}{destination.pk}/change/"


def test_url(destination):
    return f"{LIST}{destination.pk}/test/"


test_url.__test__ = False


def made(client, **changes):
    answer = client.post(ADD_FTP, FTP | changes)
    assert answer.status_code == 302, answer.context["errors"]
    return FtpDestination.objects.get()


def said(answer):
    return " ".join(str(message) for message in answer.context["messages"])


# -- every kind has a form


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_added_and_no_field_of_it_is_forgotten(admin_client, kind):
    page = admin_client.get(f"/admin/pigeon_admin/{kind._meta.model_name}/add/").content.decode()
    fields = [field for field in kind._meta.concrete_fields if field.editable and not field.auto_created]
    editable = {field.name for field in fields if not field.primary_key and field.name != "polymorphic_ctype"}
    shown = [name for _title, options in fieldsets_of(kind) for name in options["fields"]]
    assert set(shown) == editable
    assert len(shown) == len(editable), "a field is shown twice"
    assert all(f'name="{name}"' in page for name in editable)


def test_the_choice_of_a_kind_offers_all(admin_client):
    page = admin_client.get(f"{LIST}add/").content.decode()
    assert all(capfirst(str(kind._meta.verbose_name)) in page for kind in KINDS)


@pytest.mark.parametrize(
    "field, value, words", [("host", "ftp://x", "Only the host"), ("port", "70000", "65535"), ("timeout", "0", "3600")]
)
def test_a_mistake_is_an_error_at_its_field(admin_client, field, value, words):
    answer = admin_client.post(ADD_FTP, FTP | {field: value})
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert words in errors[field][0]


def test_a_kind_of_another_app_appears_by_itself_with_all_its_fields():
    done = subprocess.run(
        [sys.executable, "-m", "tests.admin.other_app"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["offered"]
    assert told["fields"] == ["backup", "floor", "keeper", "name", "notes", "opens", "pin", "since", "slug", "timeout", "weight"]
    assert told["stored"] == "1234"
    assert not told["shown"], "its secret is on the page"
    assert told["test_button"]
    assert told["listed"]


# -- secrets


def test_a_password_is_stored_and_no_page_ever_shows_it(admin_client):
    destination = made(admin_client)
    assert destination.password.reveal() == "correct horse"
    for page in (change_url(destination), LIST, f"{LIST}{destination.pk}/history/"):
        content = admin_client.get(page).content.decode()
        assert "correct horse" not in content
        assert destination.password.token not in content
    assert "stored; leave empty to keep" in admin_client.get(change_url(destination)).content.decode()


def test_a_password_that_was_typed_does_not_come_back_with_another_error(admin_client):
    answer = admin_client.post(ADD_FTP, FTP | {"port": "0"})
    assert answer.status_code == 200
    assert "correct horse" not in answer.content.decode()


def test_an_empty_password_keeps_the_stored_one_and_a_new_one_replaces_it(admin_client):
    destination = made(admin_client)
    token = destination.password.token
    admin_client.post(change_url(destination), FTP | {"password": "", "host": "other.example"})
    destination.refresh_from_db()
    assert (destination.host, destination.password.token) == ("other.example", token)
    admin_client.post(change_url(destination), FTP | {"password": "battery staple"})
    destination.refresh_from_db()
    assert destination.password.reveal() == "battery staple"


def test_clearing_removes_a_password_and_both_at_once_is_an_error(admin_client):
    destination = made(admin_client)
    answer = admin_client.post(change_url(destination), FTP | {"password_clear": "on"})
    assert "not both" in answer.context["adminform"].form.errors["password"][0]
    admin_client.post(change_url(destination), FTP | {"password": "", "password_clear": "on"})
    destination.refresh_from_db()
    assert not destination.password


def test_the_history_names_a_changed_password_but_not_an_untouched_one(admin_client):
    destination = made(admin_client)
    admin_client.post(change_url(destination), FTP | {"password": ""})
    admin_client.post(change_url(destination), FTP | {"password": "new"})
    new, untouched, _added = LogEntry.objects.order_by("-pk")
    assert "Password" in new.get_change_message()
    assert "Password" not in untouched.get_change_message()


def test_a_private_key_keeps_its_lines(admin_client):
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    data = {"name": "K", "slug": "k", "host": "h.example", "port": "22", "username": "u", "private_key": key, "timeout": "30"}
    answer = admin_client.post("/admin/pigeon_admin/sftpdestination/add/", data)
    assert answer.status_code == 302, answer.context["errors"]
    assert SftpDestination.objects.get().private_key.reveal().splitlines() == key.splitlines()


# -- connection test


@pytest.fixture
def ftp_partner(tmp_path):
    with ftp.start(tmp_path / "partner") as partner:
        yield partner


@pytest.fixture
def ftp_destination(ftp_partner):
    destination = Destination.from_url(ftp_partner.url, name="Agency", slug="agency")
    destination.save()
    return destination


def test_a_connection_test_lists_its_steps_and_leaves_nothing_behind(admin_client, ftp_destination, tmp_path):
    answer = admin_client.post(test_url(ftp_destination))
    page = answer.content.decode()
    assert "The connection works." in page
    assert len(answer.context["steps"]) > 2
    assert all(step.ok for step in answer.context["steps"])
    assert list((tmp_path / "partner").iterdir()) == []


def test_a_refused_login_is_a_failed_step_that_says_what_to_do(admin_client, ftp_destination):
    ftp_destination.password = "wrong"
    ftp_destination.save()
    answer = admin_client.post(test_url(ftp_destination))
    failed = answer.context["steps"][-1]
    assert not failed.ok
    assert "password" in failed.detail
    assert "The connection does not work yet." in answer.content.decode()
    assert "wrong" not in answer.content.decode()


def test_opening_the_page_tests_nothing(admin_client, ftp_destination):
    answer = admin_client.get(test_url(ftp_destination))
    assert not answer.context["tested"]


def test_save_and_test_saves_then_tests_once(admin_client, ftp_partner):
    data = FTP | {"host": "127.0.0.1", "port": ftp_partner.port, "username": ftp_partner.user, "password": ftp_partner.password}
    answer = admin_client.post(ADD_FTP, data | {"_test": "1"}, follow=True)
    assert FtpDestination.objects.get().slug == "agency"
    assert "The connection works." in answer.content.decode()
    assert not admin_client.get(answer.redirect_chain[-1][0]).context["tested"], "reloading the page tests again"


def test_a_silent_server_is_given_up_after_the_timeout(admin_client):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        destination = FtpDestination.objects.create(name="S", slug="s", host="127.0.0.1", port=port, timeout=1)
        started = time.monotonic()
        answer = admin_client.post(test_url(destination))
        assert time.monotonic() - started < 4
    assert not answer.context["passed"]
    assert answer.context["steps"][-1].detail


def test_a_destination_that_cannot_even_start_says_why(admin_client, settings):
    destination = made(admin_client)
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "SECRET_KEYS": ["another key"]}
    answer = admin_client.post(test_url(destination))
    assert "Enter the password again" in answer.context["steps"][0].detail


# -- host keys


def sftp_destination(partner, **fields):
    destination = Destination.from_url(partner.url, name="Photo desk", slug="photo-desk", **fields)
    destination.save()
    return destination


def accept(client, answer, destination):
    line = re.search(r'name="host_key" value="([^"]+)"', answer.content.decode())[1]
    return client.post(f"{LIST}{destination.pk}/accept-key/", {"host_key": line}, follow=True)


def test_the_first_test_shows_the_fingerprint_and_accepting_it_pins_the_key(admin_client, tmp_path):
    with sftp.start(tmp_path / "partner") as partner:
        destination = sftp_destination(partner)
        answer = admin_client.post(test_url(destination))
        question = answer.context["question"]
        assert question.accepted == ()
        assert question.seen.fingerprint in answer.content.decode()
        assert "Accept this host key" in answer.content.decode()
        answer = accept(admin_client, answer, destination)
        destination.refresh_from_db()
        assert destination.host_key.split()[:2] == partner.host_key.split()[:2]
        assert "The connection works." in answer.content.decode()


def test_a_changed_key_shows_old_and_new_and_warns(admin_client, tmp_path):
    with sftp.start(tmp_path / "one") as before:
        old = before.host_key
    with sftp.start(tmp_path / "two") as partner:
        destination = sftp_destination(partner, host_key=old)
        answer = admin_client.post(test_url(destination))
        page = answer.content.decode()
        question = answer.context["question"]
        assert "The server is not the one you accepted" in page
        assert question.accepted[0].fingerprint != question.seen.fingerprint
        assert question.accepted[0].fingerprint in page
        assert question.seen.fingerprint in page
        assert not answer.context["passed"]
        answer = accept(admin_client, answer, destination)
        assert "The connection works." in answer.content.decode()


def test_a_wrong_password_with_the_right_key_asks_no_question(admin_client, tmp_path):
    with sftp.start(tmp_path / "partner") as partner:
        destination = sftp_destination(partner, host_key=partner.host_key, password="wrong")
        answer = admin_client.post(test_url(destination))
        assert not answer.context["passed"]
        assert answer.context["question"] is None


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "one two three"])
def test_only_a_whole_key_can_be_accepted(admin_client, line):
    destination = SftpDestination.objects.create(name="S", slug="s", host="h", username="u", host_key="")
    answer = admin_client.post(f"{LIST}{destination.pk}/accept-key/", {"host_key": line}, follow=True)
    destination.refresh_from_db()
    assert destination.host_key == ""
    assert "not a host key" in said(answer)


# -- create from a URL


def test_a_url_becomes_a_destination_and_the_password_appears_nowhere(admin_client):
    answer = admin_client.post(f"{LIST}from-url/", {"url": "ftp://desk:s3cr3t-word@ftp.example:2121/in"}, follow=True)
    destination = FtpDestination.objects.get()
    assert (destination.host, destination.port, destination.username, destination.directory) == (
        "ftp.example",
        2121,
        "desk",
        "in",
    )
    assert destination.password.reveal() == "s3cr3t-word"
    assert "password stored" in said(answer)
    assert "s3cr3t-word" not in answer.content.decode()
    assert "s3cr3t-word" not in str(answer.redirect_chain)
    assert "s3cr3t-word" not in str(dict(admin_client.session))
    assert change_url(destination) == answer.redirect_chain[-1][0]


def test_the_same_url_twice_makes_two_short_names(admin_client):
    for _time in range(2):
        admin_client.post(f"{LIST}from-url/", {"url": "ftp://desk@ftp.example/in"})
    first, second = Destination.objects.order_by("pk").values_list("slug", flat=True)
    assert second == f"{first}-2"


@pytest.mark.parametrize(
    "url", ["", "nonsense", "gopher://a.example/", "ftp://u:s3cr3t-word@:99999/", "ftp://u:s3cr3t-word@h:port/"]
)
def test_a_wrong_url_is_refused_in_words_without_its_password(admin_client, url):
    answer = admin_client.post(f"{LIST}from-url/", {"url": url}, follow=True)
    assert "No destination was made." in said(answer)
    assert "s3cr3t-word" not in answer.content.decode()
    assert not Destination.objects.exists()


# -- the list


def test_the_list_shows_kind_place_health_and_rules_without_secrets(admin_client):
    destination = made(admin_client, directory="in")
    now = timezone.now()
    DestinationState.objects.create(
        destination=destination, last_success_at=now, last_error_at=now, last_error="The disk is full."
    )
    rule = SaveRule.objects.create(name="R", slug="r", model="newsdesk.story")
    rule.destinations.add(destination)
    page = admin_client.get(LIST).content.decode()
    for words in ("FTP destination", "ftp.example:21/in", "The disk is full.", ">1 rule</a>"):
        assert words in page


def test_the_list_costs_no_query_for_each_row(admin_client, django_assert_max_num_queries):
    for number in range(20):
        DummyDestination.objects.create(name=f"D{number}", slug=f"d{number}")
    with django_assert_max_num_queries(14):
        admin_client.get(LIST)


@pytest.mark.parametrize(
    "destination, words",
    [
        (
            HttpDestination(url="https://user:s3cret@partner.example:8443/in/{path}?key=s3cret#x"),
            "https://partner.example:8443/in/{path}",
        ),
        (SftpDestination(host="h.example", directory="/in/"), "h.example:22/in"),
        (EmailDestination(recipients="a@example.org\nb@example.org\nc@example.org"), "a@example.org and 2 more"),
        (StorageDestination(alias="partner", folder="news"), "partner: news"),
        (DummyDestination(), "–"),
    ],
)
def test_where_it_leads_is_said_without_secrets(destination, words):
    assert where(destination) == words


# -- archive


def test_a_destination_with_deliveries_is_archived_and_an_unused_one_deleted(admin_client):
    destination = made(admin_client)
    rule = SaveRule.objects.create(name="Sports", slug="sports", model="newsdesk.story")
    rule.destinations.add(destination)
    now = timezone.now()
    package = Package.objects.create(
        rule=rule, model=rule.model, object_pk="1", object_repr="A", event="create", created_at=now, changed_at=now
    )
    delivery = Delivery.objects.create(package=package, destination=destination, due_at=now, created_at=now, lane="x")
    url = f"{LIST}{destination.pk}/delete/"
    page = admin_client.get(url).content.decode()
    assert "1 delivery" in page
    assert "“Sports”" in page
    admin_client.post(url, {"post": "yes"})
    destination.refresh_from_db()
    assert destination.archived_at is not None
    assert f">{destination}<" not in admin_client.get("/admin/pigeon_admin/saverule/add/").content.decode()
    delivery.delete()
    admin_client.post(url, {"post": "yes"})
    assert not Destination.objects.exists()


# -- permissions


@pytest.fixture
def staff(client):
    def log_in(*codenames):
        user = User.objects.create_user("staff", password="x", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(content_type__app_label="pigeon_admin", codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def test_who_may_only_view_sees_everything_but_the_secrets(staff):
    destination = FtpDestination.objects.create(name="A", slug="a", host="ftp.example", username="desk", password="correct horse")
    client = staff("view_destination")
    page = client.get(change_url(destination)).content.decode()
    assert "ftp.example" in page
    assert "correct horse" not in page
    assert destination.password.token not in page
    assert 'name="_test"' not in page
    assert client.post(test_url(destination)).status_code == 403
    assert client.post(f"{LIST}{destination.pk}/accept-key/", {"host_key": "x"}).status_code == 403
    assert client.post(f"{LIST}from-url/", {"url": "dummy:"}).status_code == 403
    assert 'name="url"' not in client.get(LIST).content.decode()


def test_the_permission_for_one_kind_is_enough_for_this_kind_only(staff):
    client = staff("add_destination", "view_destination")
    assert client.get(ADD_FTP).status_code == 200
    User.objects.all().delete()
    client = staff("add_ftpdestination")
    assert client.get(ADD_FTP).status_code == 200
    assert client.get("/admin/pigeon_admin/sftpdestination/add/").status_code == 403


@pytest.mark.parametrize("page", ["test/", "accept-key/"])
def test_pages_about_what_does_not_exist_are_not_found(admin_client, page):
    assert admin_client.post(f"{LIST}999/{page}").status_code == 404
