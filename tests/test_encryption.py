"""Secrets at rest: keys, their rotation, and the field that never shows what it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.management import call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from pigeon_admin.encryption import decrypt, encrypt
from pigeon_admin.exceptions import SecretError
from pigeon_admin.models import DummyDestination, FtpDestination
from pigeon_admin.models.secrets import Secret, SecretField

PASSWORD = "hunter2-é🐦"


def keys(settings: Any, *given_keys: str) -> None:
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "SECRET_KEYS": list(given_keys)}


@pytest.fixture
def destination(db: None) -> FtpDestination:
    return FtpDestination.objects.create(name="Wire", slug="wire", host="ftp.example.org", password=PASSWORD)


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    assert decrypt(encrypt(text)) == text


def test_a_token_shows_nothing_and_two_of_the_same_text_differ() -> None:
    assert PASSWORD not in encrypt(PASSWORD)
    assert encrypt(PASSWORD) != encrypt(PASSWORD)
    assert encrypt("") == "" == decrypt("")


def test_keys_rotate_the_newest_encrypts_and_the_older_still_open(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), "a passphrase will do as well"
    keys(settings, old)
    token = encrypt(PASSWORD)
    keys(settings, new, old)
    assert decrypt(token) == PASSWORD
    newer = encrypt(PASSWORD)
    keys(settings, new)
    assert decrypt(newer) == PASSWORD
    with pytest.raises(SecretError):
        decrypt(token)


def test_without_keys_of_its_own_secret_key_and_its_fallbacks_serve(settings: Any) -> None:
    token = encrypt(PASSWORD)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert decrypt(token) == PASSWORD
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(SecretError):
        decrypt(token)


def test_keys_of_its_own_leave_secret_key_out_of_it(settings: Any) -> None:
    token = encrypt(PASSWORD)
    keys(settings, Fernet.generate_key().decode())
    with pytest.raises(SecretError):
        decrypt(token)


@pytest.mark.parametrize(
    "damage",
    [lambda token: token[:-10], lambda token: "x" + token, lambda token: "not a token é", lambda token: token.swapcase()],
)
def test_what_no_key_opens_is_said_in_words_and_holds_nothing_of_it(damage: Any) -> None:
    token = damage(encrypt(PASSWORD))
    with pytest.raises(SecretError, match="Enter the password again") as caught:
        decrypt(token)
    assert token not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_database_holds_no_plain_text(destination: FtpDestination) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM pigeon_admin_ftpdestination")
        stored = cursor.fetchone()[0]
    assert PASSWORD not in stored
    assert decrypt(stored) == PASSWORD


def test_a_secret_is_revealed_only_on_request(destination: FtpDestination) -> None:
    for loaded in (destination, FtpDestination.objects.get()):
        assert isinstance(loaded.password, Secret)
        assert loaded.password.reveal() == PASSWORD
        for shown in (
            str(loaded.password),
            repr(loaded.password),
            f"{loaded.password}",
            repr(loaded),
            str(vars(loaded)),
            f"{loaded.password!s:>5}",
        ):
            assert PASSWORD not in shown
        assert PASSWORD not in json.dumps(vars(loaded), default=repr)


def test_assigned_plain_text_does_not_stay_on_the_instance(db: None) -> None:
    fresh = FtpDestination(password=PASSWORD)
    fresh.password = PASSWORD
    assert PASSWORD not in str(vars(fresh))
    assert fresh.password.reveal() == PASSWORD


def test_queries_that_skip_the_instance_give_no_plain_text_either(destination: FtpDestination) -> None:
    rows = [
        *FtpDestination.objects.values(),
        *FtpDestination.objects.values_list("password"),
        *FtpDestination.objects.values_list("password", flat=True),
    ]
    assert PASSWORD not in str(rows)
    assert isinstance(FtpDestination.objects.values_list("password", flat=True)[0], Secret)


def test_update_and_bulk_writes_encrypt_too(destination: FtpDestination) -> None:
    FtpDestination.objects.update(password="changed")
    destination.refresh_from_db()
    assert destination.password.reveal() == "changed"
    destination.password = "again"
    destination.save(update_fields=["password"])
    assert FtpDestination.objects.get().password.reveal() == "again"


def test_a_deferred_secret_is_fetched_when_asked_for(destination: FtpDestination, django_assert_num_queries: Any) -> None:
    deferred = FtpDestination.objects.defer("password").get()
    assert deferred.get_deferred_fields() == {"password"}
    with django_assert_num_queries(1):
        assert deferred.password.reveal() == PASSWORD
    deferred.name = "changed"
    deferred.save()
    assert FtpDestination.objects.get().password.reveal() == PASSWORD


def test_saving_what_was_loaded_changes_nothing_even_when_no_key_opens_it(destination: FtpDestination, settings: Any) -> None:
    token = destination.password.token
    keys(settings, Fernet.generate_key().decode())
    loaded = FtpDestination.objects.get()
    assert str(loaded.password)  # a list page does not fail
    loaded.name = "changed"
    loaded.save()
    assert FtpDestination.objects.get().password.token == token
    with pytest.raises(SecretError):
        FtpDestination.objects.get().transport()


def test_serializers_and_dumpdata_carry_no_secret_away(destination: FtpDestination, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("dumpdata", "pigeon_admin.ftpdestination")
    dumped = capsys.readouterr().out + serializers.serialize("json", [destination])
    dumped += serializers.serialize("xml", FtpDestination.objects.all()) + serializers.serialize(
        "json", FtpDestination.objects.all()
    )
    assert PASSWORD not in dumped
    assert destination.password.token not in dumped
    assert "ftp.example.org" in dumped


def test_an_empty_secret_is_false_and_shows_nothing(db: None) -> None:
    empty = FtpDestination.objects.create(name="x", slug="x", host="h")
    assert not empty.password
    assert str(empty.password) == empty.password.reveal() == ""
    assert FtpDestination(password=None).password == Secret("")


def test_a_copy_of_a_secret_is_the_same_secret(destination: FtpDestination) -> None:
    other = FtpDestination(password=destination.password)
    assert other.password == destination.password
    assert hash(other.password) == hash(destination.password)
    assert other.password.reveal() == PASSWORD
    assert FtpDestination.objects.filter(password=destination.password).count() == 1


def test_every_kind_of_destination_knows_its_secret_fields() -> None:
    assert FtpDestination.secret_fields == ("password",)
    assert DummyDestination.secret_fields == ()
    for name in FtpDestination.secret_fields:
        assert isinstance(FtpDestination._meta.get_field(name), SecretField)
