"""System checks find what would stop deliveries, or make them public."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.db import connections

from pigeon_admin import checks
from pigeon_admin.conf import declared


def found(*functions):
    return {message.id for function in functions for message in function(None)}


def text_of(function):
    return " ".join(f"{message.msg} {message.hint or ''}" for message in function(None))


@pytest.mark.django_db
def test_they_are_registered_and_the_test_site_is_fine():
    ours = [message for message in run_checks() if message.id.startswith("pigeon_admin.")]
    assert ours == []


@pytest.mark.parametrize("name", checks.NEEDED_APPS)
def test_a_missing_app_is_named_with_the_line_to_add(settings, name):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != name]
    (message,) = checks.check_apps(None)
    assert message.id == "pigeon_admin.E001"
    assert f'"{name}",' in message.hint


def test_a_host_without_django_q_is_told_so_before_anything_breaks(tmp_path):
    settings = tmp_path / "bare_settings.py"
    settings.write_text(
        "from tests.settings import *\nINSTALLED_APPS = [a for a in INSTALLED_APPS if a not in ('django_q', 'polymorphic')]\n"
    )
    command = [sys.executable, "-m", "django", "check", "--settings=bare_settings", f"--pythonpath={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "pigeon_admin.E001" in done.stderr
    assert 'Add the line "django_q"' in done.stderr


def test_an_unknown_key_is_answered_with_the_one_that_was_meant(settings):
    settings.PIGEON_ADMIN = {"MAX_PUSH_ATEMPTS": 3, "zebra": 1}
    assert found(checks.check_settings) == {"pigeon_admin.W003"}
    assert "Did you mean 'MAX_PUSH_ATTEMPTS'?" in text_of(checks.check_settings)
    assert "Known keys: OUTPUT_DIRECTORY" in text_of(checks.check_settings)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({"MAX_AGE": "a month"}, "MAX_AGE"),
        ({"MAX_AGE": True}, "MAX_AGE"),
        ({"CLAIM": 0}, "greater than zero"),
        ({"LEASE": 3}, "HEARTBEAT"),
        ({"CHECK_OLD_AGE": 3000}, "CHECK_TOO_OLD_AGE"),
        ({"TEMPLATE_HIDDEN_FIELDS": "("}, "regular expression"),
        ({"SECRET_KEYS": "one long passphrase"}, "SECRET_KEYS"),
        ({"SECRET_KEYS": ["a good passphrase", 7]}, "position 2"),
        ("nonsense", "must be a dictionary"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_key(settings, value, part):
    settings.PIGEON_ADMIN = value
    assert found(checks.check_settings) == {"pigeon_admin.E002"}
    assert part in text_of(checks.check_settings)


def test_a_short_secret_key_is_not_repeated_in_the_message(settings):
    settings.PIGEON_ADMIN = {"SECRET_KEYS": ["hunter2"]}
    assert "hunter2" not in text_of(checks.check_settings)


def test_every_default_passes(settings):
    settings.PIGEON_ADMIN = {}
    assert found(checks.check_settings) == set()
    assert declared()


class OnDisk:
    """A SQLite database as DATABASES describes it."""

    vendor = "sqlite"

    def __init__(self, name, **options):
        self.settings_dict = {"NAME": str(name), "OPTIONS": options}


GOOD = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "write-ahead"),
        (GOOD | {"timeout": 5}, "timeout"),
        (GOOD | {"transaction_mode": None}, "transaction_mode"),
        (GOOD | {"init_command": "PRAGMA foreign_keys=ON"}, "write-ahead"),
    ],
)
def test_sqlite_that_is_not_ready_for_a_worker_is_told_what_is_missing(tmp_path, monkeypatch, options, words):
    monkeypatch.setattr(checks, "connections", {"default": OnDisk(tmp_path / "db", **options)})
    assert found(checks.check_database) == {"pigeon_admin.W004"}
    assert words in text_of(checks.check_database)


def test_sqlite_that_is_ready_is_not_complained_about(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "connections", {"default": OnDisk(tmp_path / "db", **GOOD)})
    assert found(checks.check_database) == set()
    # A file that was once put into WAL mode stays in it, whatever the settings say.
    with sqlite3.connect(tmp_path / "old") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
    database.close()
    monkeypatch.setattr(checks, "connections", {"default": OnDisk(tmp_path / "old", **GOOD | {"init_command": ""})})
    assert found(checks.check_database) == set()


def test_other_databases_and_memory_are_left_alone(monkeypatch):
    other = OnDisk("news")
    other.vendor = "postgresql"
    for database in (other, OnDisk(":memory:"), OnDisk("file:memorydb_default?mode=memory&cache=shared")):
        monkeypatch.setattr(checks, "connections", {"default": database})
        assert found(checks.check_database) == set()


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        (None, {"pigeon_admin.W005"}),
        ({}, {"pigeon_admin.W005"}),
        ({"name": "x"}, {"pigeon_admin.W006"}),
        ({"timeout": None, "retry": 60}, {"pigeon_admin.W006"}),
        ({"timeout": 60, "retry": 60}, {"pigeon_admin.W007"}),
        ({"timeout": 300}, {"pigeon_admin.W007"}),
        ({"timeout": 300, "retry": 360}, set()),
        ({"timeout": 300, "retry": 360, "sync": True}, {"pigeon_admin.W008"}),
    ],
)
def test_cluster_settings_that_repeat_or_hold_up_tasks_are_warned_of(settings, cluster, expected):
    settings.Q_CLUSTER = cluster
    assert found(checks.check_worker) == expected


def test_packages_must_not_lie_where_the_web_server_serves_them(settings, tmp_path):
    settings.MEDIA_ROOT, settings.STATIC_ROOT = tmp_path / "media", tmp_path / "static"
    settings.STATICFILES_DIRS = [("prefix", tmp_path / "assets")]
    for folder, expected in {
        "media": {"pigeon_admin.W010"},
        "media/deep/export": {"pigeon_admin.W010"},
        "static/x": {"pigeon_admin.W010"},
        "assets/x": {"pigeon_admin.W010"},
        "media-private": set(),
        "media/../private": set(),
    }.items():
        settings.PIGEON_ADMIN = {"OUTPUT_DIRECTORY": str(tmp_path / folder)}
        assert found(checks.check_export_folder) == expected, folder


def test_a_storage_for_packages_must_exist_and_not_be_public(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PIGEON_ADMIN = {"EXPORT_STORAGE": "partners"}
    assert found(checks.check_export_folder) == {"pigeon_admin.E009"}
    assert "STORAGES has: default, partner, staticfiles." in text_of(checks.check_export_folder)
    settings.PIGEON_ADMIN = {"EXPORT_STORAGE": "default"}
    assert found(checks.check_export_folder) == {"pigeon_admin.W010"}
    settings.PIGEON_ADMIN = {"EXPORT_STORAGE": "partner"}
    assert found(checks.check_export_folder) == set()


def test_the_database_check_opens_no_connection(monkeypatch):
    monkeypatch.setattr(type(connections["default"]), "connect", lambda self: pytest.fail("a check connected"))
    checks.check_database(None)
