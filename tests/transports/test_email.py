"""E-mail through Django's mail backends, against a mail server in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import django
import pytest

from pigeon_admin.exceptions import CredentialsError, PermanentError, TemporaryError
from pigeon_admin.transports.email import EmailTransport
from tests.conformance import PASSWORD, SHORT, Conformance, Place, deliver, failure, free_port, outgoing, parcel
from tests.servers.misbehaving import Misbehaving, close, rubbish, stall
from tests.servers.smtp import SmtpServer


def through(settings: Any, port: int, username: str = "", password: str = "") -> None:
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    if django.VERSION >= (6, 1):
        options = {"host": "127.0.0.1", "port": port, "username": username, "password": password}
        settings.MAILERS = {"default": {"BACKEND": smtp, "OPTIONS": options}}
    else:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = smtp, "127.0.0.1", port
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = username, password
    settings.DEFAULT_FROM_EMAIL = "Newsroom <newsroom@site.example>"


@pytest.fixture
def server(settings: Any) -> Iterator[SmtpServer]:
    with SmtpServer() as smtp:
        through(settings, smtp.port)
        yield smtp


def transport_to(**changes: Any) -> EmailTransport:
    return EmailTransport(
        **{"recipients": ("desk@partner.example", "Archive <archive@partner.example>"), "timeout": 5, **changes}
    )


def mail(server: SmtpServer, number: int = 0) -> EmailMessage:
    message = message_from_bytes(server.messages[number], policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


class TestEmail(Conformance):
    @pytest.fixture
    def place(self, server: SmtpServer) -> Place:
        return Place(lambda **changes: transport_to(**changes))


def test_the_files_arrive_as_attachments_with_their_bytes_as_they_are(server: SmtpServer) -> None:
    files = [
        outgoing("a/text.csv", b"line\nline\r\n\xff", "text/csv; charset=utf-8"),
        outgoing("é 🐦.jpg", b"\x00\xff", "image/jpeg"),
        outgoing("odd.bin", b"x", "nonsense"),
        outgoing("mail.eml", b"From: x\n\nx", "message/rfc822"),
        outgoing("empty.txt", b"", "text/plain"),
    ]
    [receipt] = deliver(transport_to(subject="News: {subject}", body="About {subject}."), parcel(*files))
    assert receipt.error is None
    message = mail(server)
    attached = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    assert attached == {file.base_name: file.open().read() for file in files}
    assert [part.get_content_type() for part in message.iter_attachments()] == [
        "text/csv",
        "image/jpeg",
        "application/octet-stream",
        "application/octet-stream",
        "text/plain",
    ]
    assert message["Subject"] == "News: A story"
    assert message["To"] == "desk@partner.example, Archive <archive@partner.example>"
    body = message.get_body()
    assert body is not None
    assert body.get_content().strip() == "About A story."


def test_every_attempt_has_the_same_message_id(server: SmtpServer) -> None:
    same = parcel(outgoing("a.xml"))
    proofs = [deliver(transport_to(), same)[0].proof, deliver(transport_to(), same)[0].proof]
    assert mail(server, 0)["Message-ID"] == mail(server, 1)["Message-ID"] == proofs[0]["message_id"]
    assert str(proofs[0]["message_id"]).endswith("@site.example>")
    deliver(transport_to(), parcel(outgoing("a.xml")))
    assert mail(server, 2)["Message-ID"] != proofs[0]["message_id"]


def test_two_files_of_one_name_are_told_apart_by_their_folders(server: SmtpServer) -> None:
    deliver(transport_to(), parcel(outgoing("en/a.xml"), outgoing("fr/a.xml"), outgoing("b.xml")))
    assert [part.get_filename() for part in mail(server).iter_attachments()] == ["en_a.xml", "fr_a.xml", "b.xml"]


def test_a_subject_with_line_breaks_becomes_one_line(server: SmtpServer) -> None:
    error = deliver(transport_to(subject="{subject}\r\nBcc: thief@example.org"), parcel(outgoing("a.xml")))[0].error
    assert error is None
    assert mail(server)["Bcc"] is None
    assert mail(server)["Subject"] == "A story Bcc: thief@example.org"


def test_too_much_for_a_mail_is_refused_before_anything_is_read() -> None:
    huge = outgoing("huge.bin", b"", size=25_000_001, open=lambda: pytest.fail("it was read"))
    error = failure(transport_to(), parcel(huge))
    assert type(error) is PermanentError
    assert "25 MB" in str(error)


@pytest.mark.parametrize(
    ("command", "reply", "kind", "lost"),
    [
        ("HELLO", b"554 no service", TemporaryError, True),
        ("MAIL", b"451 later", TemporaryError, False),
        ("MAIL", b"550 sender unknown", PermanentError, False),
        ("RCPT", b"450 mailbox busy", TemporaryError, False),
        ("RCPT", b"550 nobody here", PermanentError, False),
        (".", b"452 disk full", TemporaryError, False),
        (".", b"552 too large", PermanentError, False),
        ("DATA", b"421 shutting down", TemporaryError, True),
    ],
)
def test_what_the_mail_server_answers_decides_what_is_next(
    settings: Any, command: str, reply: bytes, kind: type, lost: bool
) -> None:
    with SmtpServer({command: reply}) as smtp:
        through(settings, smtp.port)
        error = failure(transport_to())
    assert type(error) is kind
    assert error.connection_lost is lost
    assert reply.decode() in str(error)


def test_a_refused_login_is_a_matter_of_credentials_and_tells_no_password(settings: Any) -> None:
    password = PASSWORD.replace("ö", "o")
    with SmtpServer({"AUTH": f"535 not with {password}".encode()}) as smtp:
        through(settings, smtp.port, "site", password)
        error = failure(transport_to())
        steps = list(transport_to().check())
    assert type(error) is CredentialsError
    assert [step.ok for step in steps] == [False]
    assert password not in f"{error}{error!r}{steps}"


@pytest.mark.parametrize("behaviour", [stall, close, rubbish, None])
def test_a_mail_server_that_misbehaves_costs_no_more_than_the_timeout(settings: Any, behaviour: Any) -> None:
    with Misbehaving(behaviour or close) as server:
        through(settings, server.port if behaviour else free_port())
        error = failure(transport_to(timeout=SHORT))
    assert type(error) is TemporaryError
    assert error.connection_lost
