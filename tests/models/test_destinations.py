"""Destinations: fields checked in words, addresses read, and the transport each gives."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import quote

import asyncssh
import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from demo.partners import certificate
from pigeon_admin.models import (
    Destination,
    DummyDestination,
    EmailDestination,
    FtpDestination,
    HttpDestination,
    SftpDestination,
    StorageDestination,
)

KEY = asyncssh.generate_private_key("ssh-ed25519")
CA = certificate.make()
PASSWORD = "hunter2-nobody-may-see"

SOUND: dict[type[Destination], dict[str, Any]] = {
    FtpDestination: {"host": "ftp.partner.example"},
    SftpDestination: {"host": "192.0.2.7", "username": "desk"},
    HttpDestination: {"url": "https://partner.example/in/{path}"},
    StorageDestination: {"folder": "/srv/outgoing"},
    EmailDestination: {"recipients": "desk@partner.example\nArchive <archive@partner.example>"},
    DummyDestination: {},
}


def make(kind: type[Destination], **changes: Any) -> Destination:
    return kind(**{"name": "Partner", "slug": "partner", **SOUND[kind], **changes})


def errors_of(destination: Destination) -> dict[str, list[str]]:
    try:
        destination.full_clean(validate_unique=False, exclude=["polymorphic_ctype", "destination_ptr"])
    except ValidationError as error:
        return error.message_dict
    return {}


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_destination_is_accepted_and_gives_a_transport(kind: type[Destination]) -> None:
    destination = make(kind)
    assert errors_of(destination) == {}
    transport = destination.transport()
    for name, value in vars(transport).items():
        if hasattr(destination, name) and name not in destination.secret_fields and name not in ("recipients", "name"):
            assert value == getattr(destination, name)


@pytest.mark.parametrize("kind", [kind for kind in SOUND if kind.secret_fields])
def test_its_secrets_reach_the_transport_and_no_repr(kind: type[Destination]) -> None:
    destination = make(kind, **dict.fromkeys(kind.secret_fields, PASSWORD))
    transport = destination.transport()
    assert {getattr(transport, name) for name in kind.secret_fields} == {PASSWORD}
    assert PASSWORD not in repr(transport) + repr(destination)
    hidden = {field.name for field in dataclasses.fields(transport) if not field.repr}  # type: ignore[arg-type]
    assert set(kind.secret_fields) <= hidden


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        (FtpDestination, "host", "ftp://partner.example", "without “ftp://”"),
        (FtpDestination, "host", "partner.example/in", "nothing else"),
        (FtpDestination, "host", "partner .example", "nothing else"),
        (FtpDestination, "host", "partner.example:21", "own field"),
        (FtpDestination, "host", "a..b", "nothing else"),
        (SftpDestination, "host", "user@partner.example", "nothing else"),
        (FtpDestination, "port", 0, "between 1 and 65535"),
        (SftpDestination, "port", 65536, "between 1 and 65535"),
        (FtpDestination, "encoding", "utf8mb4", "not an encoding"),
        (FtpDestination, "encoding", "utf-16", "cannot be written"),
        (FtpDestination, "encoding", "base64", "not an encoding"),
        (FtpDestination, "username", "a\r\nDELE b", "line break"),
        (FtpDestination, "password", "a\r\nDELE b", "line break"),
        (FtpDestination, "directory", "in/../../etc", "not allowed"),
        (FtpDestination, "directory", "C:\\in", "separated by “/”"),
        (FtpDestination, "ca_certificates", "hello", "BEGIN CERTIFICATE"),
        (FtpDestination, "ca_certificates", CA[1], "private key"),
        (HttpDestination, "ca_certificates", CA[0][:200], "BEGIN CERTIFICATE"),
        (FtpDestination, "timeout", 0, "1 and 3600"),
        (SftpDestination, "private_key", "hello", "not a private key"),
        pytest.param(SftpDestination, "private_key", KEY.export_public_key().decode(), "not a private key", id="a public key"),
        (SftpDestination, "private_key", KEY.export_private_key("pkcs8-pem", passphrase="x").decode(), "needs its passphrase"),
        (SftpDestination, "host_key", "hello", "not an SSH public key"),
        (SftpDestination, "host_key", "ssh-ed25519 AAAA", "damaged"),
        (HttpDestination, "url", "partner.example/in", "begins with https://"),
        (HttpDestination, "url", "ftp://partner.example/in", "begins with https://"),
        (HttpDestination, "url", "https:///in", "begins with https://"),
        (HttpDestination, "url", "https://u:p@partner.example/in", "own fields"),
        (HttpDestination, "url", "https://partner.example:port/in", "cannot be read"),
        (HttpDestination, "url", "https://partner.example:0/in", "between 1 and 65535"),
        (HttpDestination, "url", "https://partner.example/{file}", "Only {path}"),
        (HttpDestination, "url", "https://partner.example/{path", "Only {path}"),
        (HttpDestination, "url", "https://{name}.example/in", "host cannot depend"),
        (HttpDestination, "url", "https://partner.example/a b", "%20"),
        (HttpDestination, "url", "https://partner.example/a#b", "%23"),
        (HttpDestination, "headers", ["X-Feed"], "written like this"),
        (HttpDestination, "headers", {"X-Feed": 5}, "text in quotes"),
        (HttpDestination, "headers", {"X Feed": "a"}, "not a header name"),
        (HttpDestination, "headers", {"X-Feed": "a\r\nb"}, "line break"),
        (HttpDestination, "headers", {"X-Feed": "é"}, "letter that no header"),
        (HttpDestination, "headers", {"Content-Length": "5"}, "set for each file"),
        (HttpDestination, "form_field", "a\nb", "line break"),
        (HttpDestination, "token_header", "X Key", "not a header name"),
        (HttpDestination, "token_header", "Content-Length", "cannot carry the token"),
        (StorageDestination, "folder", "srv/outgoing", "absolute path"),
        (StorageDestination, "folder", "", "absolute path"),
        (StorageDestination, "folder", "/srv/../etc", "not allowed"),
        (StorageDestination, "alias", "nowhere", "There are: default, partner"),
        (EmailDestination, "recipients", "desk@partner.example\nnobody", "“nobody” is not"),
        (EmailDestination, "recipients", " \n", "at least one"),
        (EmailDestination, "sender", "nobody", "“nobody” is not"),
        (EmailDestination, "subject", "a\nBcc: b", "line break"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(kind: type[Destination], field: str, value: Any, words: str) -> None:
    errors = errors_of(make(kind, **{field: value}))
    assert set(errors) - {field} <= (
        {"folder"} if field == "alias" else set()
    )  # an unknown storage may make the folder wrong too
    assert any(word in " ".join(errors[field]) for word in words.split("|"))


@pytest.mark.parametrize(
    "name",
    ["Authorization", "authorization", "X-Api-Key", "Cookie", "X-Auth-Token", "Proxy-Authorization", "X-Secret", "Api-Key"],
)
def test_headers_that_carry_secrets_are_sent_to_the_token_field(name: str) -> None:
    [error] = errors_of(make(HttpDestination, headers={name: "abc"}))["headers"]
    assert "Choose “Token”" in error


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"auth": "basic"}, "username"),
        ({"auth": "bearer"}, "token"),
        ({"auth": "basic", "username": "a:b"}, "username"),
        ({"body": "multipart", "form_field": ""}, "form_field"),
    ],
)
def test_a_login_needs_what_it_consists_of(changes: dict[str, Any], field: str) -> None:
    assert field in errors_of(make(HttpDestination, **changes))


def test_all_errors_are_told_at_once() -> None:
    assert set(errors_of(make(FtpDestination, host="a b", port=0, encoding="x"))) == {"host", "port", "encoding"}


def test_a_private_key_with_its_passphrase_is_accepted_and_a_wrong_passphrase_is_not() -> None:
    private = KEY.export_private_key("pkcs8-pem", passphrase="open").decode()
    assert (
        errors_of(make(SftpDestination, private_key=private, passphrase="open", host_key=KEY.export_public_key().decode())) == {}
    )
    assert list(errors_of(make(SftpDestination, private_key=private, passphrase="wrong"))) == ["private_key"]


def test_a_secret_that_no_key_opens_any_more_is_an_error_at_its_field(settings: Any) -> None:
    destination = make(FtpDestination, password=PASSWORD)
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "SECRET_KEYS": ["another"]}
    assert "Enter the password again" in errors_of(destination)["password"][0]


@pytest.mark.parametrize(
    ("url", "kind", "fields"),
    [
        (
            "ftp://ftp.example.org",
            FtpDestination,
            {"host": "ftp.example.org", "port": 21, "username": "anonymous", "directory": "", "security": "none"},
        ),
        (
            "ftp://u:p@h.example:2121/in/news/",
            FtpDestination,
            {"port": 2121, "username": "u", "password": "p", "directory": "in/news"},
        ),
        ("ftp://h.example//srv/in", FtpDestination, {"directory": "/srv/in"}),
        ("ftp://h.example/", FtpDestination, {"directory": ""}),
        ("FTP://[2001:db8::1]:2121/", FtpDestination, {"host": "2001:db8::1", "port": 2121}),
        ("ftps://u:p@h.example", FtpDestination, {"port": 990, "security": "implicit"}),
        ("ftpes://u:p@h.example", FtpDestination, {"port": 21, "security": "explicit"}),
        ("sftp://u:p%40%3A%2F%23@h.example/srv/in", SftpDestination, {"port": 22, "password": "p@:/#", "directory": "/srv/in"}),
        ("sftp://u@h.example/~/in", SftpDestination, {"directory": "in", "password": ""}),
        ("sftp://u@h.example/", SftpDestination, {"directory": ""}),
        (
            "https://u:p@h.example:8443/in/{path}?a=1",
            HttpDestination,
            {"url": "https://h.example:8443/in/{path}?a=1", "auth": "basic", "username": "u", "password": "p"},
        ),
        ("http://h.example/in", HttpDestination, {"url": "http://h.example/in", "auth": "none"}),
        ("file:///srv/outgoing/", StorageDestination, {"folder": "/srv/outgoing", "alias": ""}),
        ("storage://partner/in/news", StorageDestination, {"alias": "partner", "folder": "in/news"}),
        (
            "mailto:a@x.example,b@y.example?subject=News%20of%20{subject}",
            EmailDestination,
            {"recipients": "a@x.example\nb@y.example", "subject": "News of {subject}"},
        ),
        ("dummy:", DummyDestination, {}),
    ],
)
def test_an_address_becomes_a_destination(url: str, kind: type[Destination], fields: dict[str, Any]) -> None:
    destination = Destination.from_url(url)
    assert type(destination) is kind
    assert destination.pk is None
    for name, value in fields.items():
        got = getattr(destination, name)
        assert (got.reveal() if name in destination.secret_fields else got) == value
    if not (kind is SftpDestination and not destination.username):
        assert errors_of(destination) == {}


def test_given_fields_win_over_the_address() -> None:
    destination = Destination.from_url("ftp://u:p@h.example/in", name="Le Quai", slug="le-quai", passive=False)
    assert (destination.name, destination.slug, destination.passive) == ("Le Quai", "le-quai", False)
    assert Destination.from_url("ftp://h.example/in/news").slug == "ftp-h-example-in-news"
    assert Destination.from_url("ftp://h.example/in/news").name == "h.example/in/news"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must begin with its kind"),
        ("ftp.example.org/in", "must begin with its kind"),
        ("gopher://h.example", "ftp:, ftpes:, ftps:, http:, https:"),
        ("ftp:///in", "no host"),
        ("ftp://u:hunter2#x@h.example/", "%23"),
        ("ftp://u:hunter2/x@h.example/", "%2F"),
        ("ftp://h.example:99999/", "number"),
        ("ftp://[::1/", "cannot be read"),
        ("ftp://h.example/in?passive=0", "“?”"),
        ("sftp://h.example/in\r\nx", "line break"),
        ("file://elsewhere/srv", "three slashes"),
        ("mailto:a@x.example?bcc=b@y.example", "only subject and body"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_in_words_without_its_password(url: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Destination.from_url(url)
    assert words in caught.value.messages[0]
    assert "hunter2" not in str(caught.value)


@given(user=st.text(min_size=1), password=st.text())
def test_any_user_name_and_password_survive_percent_encoding(user: str, password: str) -> None:
    destination = Destination.from_url(f"ftp://{quote(user, safe='')}:{quote(password, safe='')}@h.example/")
    assert destination.username == user
    assert destination.password.reveal() == password


def test_an_address_finds_the_class_of_another_app_and_only_kinds_below_the_class_asked() -> None:
    with pytest.raises(ValidationError, match="sftp:"):
        SftpDestination.from_url("ftp://h.example")
    assert set(Destination.kinds()) >= set(SOUND)
    assert all(kind.url_schemes for kind in SOUND)
