"""Partners that refuse, stall, hang up, fill up or talk rubbish: a row says so, the rest goes on, nothing half-written shows."""

from __future__ import annotations

import errno
import os
import subprocess
from contextlib import contextmanager
from http import HTTPStatus

import asyncssh
import pytest
from django.core.files.base import ContentFile

from demo.partners import ftp, sftp
from demo.partners import http as web
from demo.partners.http_requests import Refused, RequestHandler
from pigeon_admin.models import Attempt, FileDocument, FtpDestination
from tests.acceptance.bad_input import (
    KINDS,
    Desk,
    destination_at,
    point,
    push,
    push_when_due,
    retry_once,
    tiny_disk,
    visible,
)
from tests.conformance import free_port
from tests.factories import make_folder_destination
from tests.newsdesk.models import Story
from tests.servers.misbehaving import Line, Misbehaving, close, rubbish, stall

pytestmark = pytest.mark.django_db(transaction=True)

BIG = os.urandom(3_000_000)
TEXT = b"<story><title>x</title></story>"

every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def inbox(tmp_path):
    return tmp_path / "inbox"


def save_story(desk, destination, content=b""):
    """Save one story, and push; the delivery to the troubled destination."""
    rule = desk.rule_to(destination)
    story = Story(title="x")
    if content:
        FileDocument.objects.create(rule=rule, file_field="attachment", file_name="big.bin")
        story.attachment = ContentFile(content, name="big.bin")
    story.save()
    push()
    assert Story.objects.get() == story
    desk.others_went_on()
    assert desk.delivery_to(desk.safe).state == "sent"
    assert b"<title>x</title>" in b"".join(visible(desk.beside).values())
    return desk.delivery_to(destination)


@contextmanager
def pointing_at(kind, port, inbox):
    """A destination of this kind that leads to some port instead of its partner, who stands ready for when it is corrected."""
    with KINDS[kind].start(inbox) as partner:
        right = partner.port
        partner.port = port
        destination = destination_at(partner)
        partner.port = right
        yield destination, partner


def corrected(desk, destination, partner, inbox, expected=(TEXT,)):
    """The operator points the destination to the right place and retries once: it is there, once, whole."""
    assert visible(inbox) == {}
    point(destination, partner)
    retry_once()
    assert desk.delivery_to(destination).state == "sent"
    assert sorted(visible(inbox).values()) == sorted(expected)
    assert [path.name for path in inbox.rglob(".*")] == []


# --- nobody there, or nobody who speaks the protocol ------------------------------------------------------------------------------


@every_kind
def test_a_partner_that_refuses(kind, desk, inbox):
    with pointing_at(kind, free_port(), inbox) as (destination, partner):
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, "waiting", "refuses connections", "Check the port")
        corrected(desk, destination, partner, inbox)


@every_kind
@pytest.mark.parametrize(
    "behaviour, words", [(stall, "did not answer in time"), (close, "closed the connection"), (rubbish, "127.0.0.1")]
)
def test_a_partner_that_stalls_hangs_up_or_talks_rubbish_before_the_transfer(kind, behaviour, words, desk, inbox):
    with Misbehaving(behaviour) as server, pointing_at(kind, server.port, inbox) as (destination, partner):
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, "waiting", "127.0.0.1")
        if kind != "sftp":
            assert words in delivery.reason
        corrected(desk, destination, partner, inbox)


# --- in the middle of a file ------------------------------------------------------------------------------------------------------


def failing_data_channel(freeze):
    """pyftpdlib's data channel that hangs up, or stands still, after a part of the file."""

    class Failing(ftp.FTPHandler.dtp_handler):
        def handle_read_event(self):
            if self.tot_bytes_received < 1_000_000:
                super().handle_read_event()
            elif freeze:
                self.modify_ioloop_events(0)
            else:
                self.cmd_channel.close()

    return Failing


@contextmanager
def cut_off(kind, freeze, inbox):
    """A destination whose partner is lost in the middle of a file, and the partner as it is once the line is repaired."""
    if kind == "ftp":
        with ftp.start(inbox, dtp_handler=failing_data_channel(freeze)) as broken, ftp.start(inbox) as partner:
            yield destination_at(broken), partner
        return
    with KINDS[kind].start(inbox) as partner, Line(partner.port, 1_000_000, freeze) as line:
        right = partner.port
        partner.port = line.port
        destination = destination_at(partner)
        partner.port = right
        yield destination, partner


@every_kind
@pytest.mark.parametrize("freeze", [False, True], ids=["hangs up", "stalls"])
def test_a_partner_that_is_lost_in_the_middle_of_a_file(kind, freeze, desk, inbox):
    with cut_off(kind, freeze, inbox) as (destination, partner):
        delivery = save_story(desk, destination, BIG)
        desk.failed_in_words(delivery, "waiting", "did not answer in time" if freeze and kind != "sftp" else "127.0.0.1")
        seen = visible(inbox)
        # A web server takes one file a request: the first may be there, whole; the cut one is not.
        assert list(seen.values()) in ([], [TEXT])
        assert kind == "http" or seen == {}
        assert "big.bin" not in seen
        point(destination, partner)
        retry_once()
        assert sorted(visible(inbox).values()) == sorted([TEXT, BIG])
        assert list(delivery.attempts.order_by("pk").values_list("outcome", flat=True)) == ["temporary", "sent"]


def test_a_newer_version_clears_away_what_a_lost_connection_left_of_the_older(desk, inbox):
    with cut_off("ftp", False, inbox) as (destination, partner):
        save_story(desk, destination, BIG)
        assert [path.name[:8] for path in inbox.rglob(".*")] == [".pigeon-"] * 2  # hidden, and not for long
        story = Story.objects.get()
        story.title = "newer"
        story.save()
        point(destination, partner)
        push_when_due()
        assert sorted(visible(inbox).values()) == sorted([TEXT.replace(b"x", b"newer"), BIG])
        assert list(inbox.rglob(".*")) == []


# --- no rights --------------------------------------------------------------------------------------------------------------------


class ReadOnly(asyncssh.SFTPServer):
    def open(self, path, pflags, attrs):
        raise asyncssh.SFTPPermissionDenied("read only")

    def mkdir(self, path, attrs):
        raise asyncssh.SFTPPermissionDenied("read only")


class NoRights(RequestHandler):
    def put(self):
        raise Refused(HTTPStatus.FORBIDDEN)


READ_ONLY = {
    "ftp": lambda folder: ftp.start(folder, rights=ftp.READ_ONLY),
    "sftp": lambda folder: sftp.start(folder, server_class=ReadOnly),
    "http": lambda folder: web.start(folder, handler_class=NoRights),
}


@every_kind
def test_a_partner_who_gave_us_no_right_to_write(kind, desk, inbox):
    with READ_ONLY[kind](inbox) as strict, KINDS[kind].start(inbox) as partner:
        destination = destination_at(strict)
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, "failed", "right to write")
        corrected(desk, destination, partner, inbox)


@every_kind
def test_a_wrong_password(kind, desk, inbox):
    with KINDS[kind].start(inbox, password="the right one") as partner:
        destination = destination_at(partner)
        destination.password = "the wrong one"
        destination.save()
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, "failed", "login", "Correct the user name")
        assert "the wrong one" not in delivery.reason
        corrected(desk, destination, partner, inbox)


def test_a_folder_on_a_disk_that_may_only_be_read(desk, tmp_path):
    with tiny_disk(tmp_path / "read-only", options=",ro") as folder:
        destination = make_folder_destination(folder / "in")  # which is not there yet either
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, "failed", "no right to write", "correct the folder")
        destination.folder = str(tmp_path / "right")
        destination.save()
        retry_once()
        assert list(visible(tmp_path / "right").values()) == [TEXT]


# --- full -------------------------------------------------------------------------------------------------------------------------


@every_kind
def test_a_partner_whose_disk_is_full(kind, desk, tmp_path):
    with tiny_disk(tmp_path / "disk") as disk, KINDS[kind].start(disk) as partner:
        destination = destination_at(partner, timeout=2)
        delivery = save_story(desk, destination, BIG)
        # pyftpdlib does not say why when its disk fills up: "426 None", or it closes the data connection, or it falls silent.
        words = {"ftp": "while sending “big.bin”", "sftp": "disk is full", "http": "507 Insufficient Storage"}
        desk.failed_in_words(delivery, "waiting", words[kind])
        assert "big.bin" not in visible(disk)
        assert kind == "http" or visible(disk) == {}
        if kind != "ftp":
            assert not any(path.stat().st_size for path in disk.rglob(".*")), "what did not fit still fills the disk"
        enough(disk)
        push_when_due()
        assert sorted(visible(disk).values()) == sorted([TEXT, BIG])


def enough(disk):
    """The partner makes room."""
    subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)


def test_a_folder_on_a_full_disk(desk, tmp_path):
    with tiny_disk(tmp_path / "disk") as disk:
        destination = make_folder_destination(disk / "in")
        delivery = save_story(desk, destination, BIG)
        desk.failed_in_words(delivery, "waiting", "disk", "full")
        assert [path for path in disk.rglob("*") if path.is_file()] == []
        enough(disk)
        push_when_due()
        assert sorted(visible(disk).values()) == sorted([TEXT, BIG])


@pytest.mark.parametrize("when", ["at the start", "at the end"])
@pytest.mark.parametrize("code", [452, 552])
def test_an_ftp_server_that_says_it_is_full(code, when, desk, inbox):
    class Full(ftp.FTPHandler):
        def ftp_STOR(self, file, mode="w"):
            self.respond(f"{code} Quota exceeded.")

    class FullInTheEnd(ftp.FTPHandler.dtp_handler):
        def close(self):
            if self.transfer_finished:
                self._resp = (f"{code} Quota exceeded.", self.cmd_channel.log)
            super().close()

    options = {"base": Full} if when == "at the start" else {"dtp_handler": FullInTheEnd}
    with ftp.start(inbox, **options) as full, ftp.start(inbox) as partner:
        destination = destination_at(full)
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, "waiting", "disk or quota is full", "Quota exceeded")
        corrected(desk, destination, partner, inbox)


def test_an_sftp_server_without_room(desk, inbox):
    class Full(asyncssh.SFTPServer):
        def write(self, file_obj, offset, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    with sftp.start(inbox, server_class=Full) as full, sftp.start(inbox) as partner:
        destination = destination_at(full)
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, "waiting", "disk is full", "No space left")
        corrected(desk, destination, partner, inbox)


# --- rubbish inside the protocol --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["999 what", "226", "000", "xyz", "200 OK\x07\x1b[31m", "\xff\xfe"])
def test_an_ftp_server_that_answers_rubbish_to_a_file(answer, desk, inbox):
    class Rubbish(ftp.FTPHandler):
        def ftp_STOR(self, file, mode="w"):
            self.push(f"{answer}\r\n")

    with ftp.start(inbox, base=Rubbish) as broken, ftp.start(inbox) as partner:
        destination = destination_at(broken)
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, "waiting", "127.0.0.1")
        corrected(desk, destination, partner, inbox)


@pytest.mark.parametrize(
    "answer, state",
    [
        (b"HTTP/1.1 abc\r\n\r\n", "waiting"),
        (b"HTTP/9.9 200 OK\r\nContent-Length: 99999\r\n\r\nshort", "waiting"),
        (b"HTTP/1.1 500 \xff\xfe\r\nContent-Length: 4\r\n\r\n\x00\x01\x02\x03", "waiting"),
        (b"HTTP/1.1 777 Lucky\r\nContent-Length: 0\r\n\r\n", "waiting"),
        (b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n", "failed"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", "failed"),
    ],
)
def test_a_web_server_that_answers_rubbish_to_a_file(answer, state, desk, inbox):
    def behave(conn, ending):
        conn.recv(65536)
        conn.sendall(answer)

    with Misbehaving(behave) as server, pointing_at("http", server.port, inbox) as (destination, partner):
        delivery = save_story(desk, destination)
        desk.failed_in_words(delivery, state, "127.0.0.1")
        corrected(desk, destination, partner, inbox)


# --- destinations with impossible values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": ["a", "list"]},
        {"headers": "text"},
        {"url": "http://[::1"},
        {"url": "nonsense"},
        {"url": "http://127.0.0.1:99999/"},
    ],
    ids=str,
)
def test_an_http_destination_with_values_no_form_would_take(changes, desk, inbox):
    with KINDS["http"].start(inbox) as partner:
        destination = destination_at(partner)
        right = destination.url
        type(destination).objects.filter(pk=destination.pk).update(**changes)
        delivery = save_story(desk, destination)
        delivery.refresh_from_db()
        assert delivery.state in ("failed", "waiting")
        desk.failed_in_words(delivery, delivery.state)
        type(destination).objects.filter(pk=destination.pk).update(url=right, headers={})
        retry_once()
        assert list(visible(inbox).values()) == [TEXT]


@pytest.mark.parametrize(
    "changes",
    [{"encoding": "klingon"}, {"host": "bad host\n"}, {"host": ""}, {"timeout": 0}, {"security": "what"}, {"port": 99999}],
    ids=str,
)
def test_an_ftp_destination_with_values_no_form_would_take(changes, desk, inbox):
    with ftp.start(inbox) as partner:
        destination = destination_at(partner)
        before = {name: getattr(destination, name) for name in changes}
        FtpDestination.objects.filter(pk=destination.pk).update(**changes)
        delivery = save_story(desk, destination)
        delivery.refresh_from_db()
        assert delivery.state in ("failed", "waiting")
        desk.failed_in_words(delivery, delivery.state)
        FtpDestination.objects.filter(pk=destination.pk).update(**before)
        retry_once()
        assert list(visible(inbox).values()) == [TEXT]


def test_many_deliveries_to_a_partner_that_stalls_cost_one_timeout_and_one_attempt_each(desk, inbox):
    with Misbehaving(stall) as server, pointing_at("ftp", server.port, inbox) as (destination, partner):
        desk.rule_to(destination)
        for number in range(20):
            Story.objects.create(title=str(number))
        push()
        desk.others_went_on(20)
        assert Attempt.objects.filter(delivery__destination=destination).count() == 20
        assert len(server.conns) == 1
        point(destination, partner)
        retry_once()
        assert len(visible(inbox)) == 20
