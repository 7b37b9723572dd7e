"""System checks: what would stop deliveries, or make them public, found before it does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.files.storage import FileSystemStorage, InvalidStorageError, storages
from django.db import connections

from pigeon_admin import conf
from pigeon_admin.exceptions import ConfigurationError
from pigeon_admin.models.outbox import outbox_alias

NEEDED_APPS = {
    "django_q": "runs the deliveries",
    "polymorphic": "holds rules and destinations",
    "import_export": "moves rule sets",
}
SHORTEST_TIMEOUT = 10  # seconds a SQLite writer should be ready to wait for another


@register()
def check_apps(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The apps that we stand on are installed."""
    return [
        Error(
            f"pigeon_admin needs “{name}”, which {purpose}.",
            hint=f'Add the line "{name}", to INSTALLED_APPS, above "pigeon_admin".',
            id="pigeon_admin.E001",
        )
        for name, purpose in NEEDED_APPS.items()
        if not apps.is_installed(name)
    ]


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every key of PIGEON_ADMIN is known and has the right type and a possible value."""
    if not isinstance(getattr(django_settings, "PIGEON_ADMIN", {}), dict):
        return [Error("PIGEON_ADMIN must be a dictionary.", id="pigeon_admin.E002")]
    found: list[CheckMessage] = []
    for name in conf.unknown():
        near = get_close_matches(str(name).upper(), conf.declared(), n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(conf.declared())}."
        found.append(Warning(f"PIGEON_ADMIN has no key {name!r}; it has no effect.", hint=hint, id="pigeon_admin.W003"))
    values = {}
    for name in conf.declared():
        try:
            values[name] = getattr(conf.settings, name)
        except ConfigurationError as error:
            found.append(Error(str(error), id="pigeon_admin.E002"))
    found += [Error(text, id="pigeon_admin.E002") for text in impossible(values)]
    return found


def impossible(values: dict[str, Any]) -> Iterator[str]:
    """What is wrong with values of the right type."""
    for name, value in values.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and value <= 0:
            yield f"PIGEON_ADMIN[{name!r}] must be greater than zero, not {value!r}."
    if "TEMPLATE_HIDDEN_FIELDS" in values:
        try:
            re.compile(values["TEMPLATE_HIDDEN_FIELDS"])
        except re.error as error:
            yield f"PIGEON_ADMIN['TEMPLATE_HIDDEN_FIELDS'] is not a regular expression: {error}."
    for smaller, larger in (("CHECK_OLD_AGE", "CHECK_TOO_OLD_AGE"), ("HEARTBEAT", "LEASE"), ("RETRY_FIRST", "RETRY_LONGEST")):
        if smaller in values and larger in values and values[smaller] > values[larger]:
            yield f"PIGEON_ADMIN[{smaller!r}] must not be greater than PIGEON_ADMIN[{larger!r}]."
    for position, key in enumerate(values.get("SECRET_KEYS", ()), 1):
        if not isinstance(key, str) or len(key) < 12:
            # The key itself is not repeated: this text goes to terminals and logs.
            yield f"PIGEON_ADMIN['SECRET_KEYS'] has no usable key at position {position}: each is text of 12 characters or more."


@register()
def check_database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """SQLite is set up for a worker beside the web server. Reads settings and the file's header; opens no connection."""
    connection = connections[outbox_alias()]
    if connection.vendor != "sqlite":
        return []
    name = str(connection.settings_dict["NAME"])
    if ":memory:" in name or "mode=memory" in name:
        return []
    options = connection.settings_dict.get("OPTIONS", {})
    wrong = []
    if "wal" not in str(options.get("init_command", "")).lower() and not in_wal_mode(name):
        wrong.append("write-ahead logging is off")
    if str(options.get("transaction_mode", "")).upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        wrong.append("transactions start without the write lock (transaction_mode)")
    if options.get("timeout", 5) < SHORTEST_TIMEOUT:
        wrong.append(f"writers give up after less than {SHORTEST_TIMEOUT} seconds (timeout)")
    if not wrong:
        return []
    return [
        Warning(
            f"SQLite is not ready for a worker beside the web server: {'; '.join(wrong)}. Saves may fail, “database is locked”.",
            hint="In DATABASES: 'OPTIONS': {'timeout': 20, 'transaction_mode': 'IMMEDIATE',"
            " 'init_command': 'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;'}",
            id="pigeon_admin.W004",
        )
    ]


def in_wal_mode(name: str) -> bool:
    """Whether the database file says that it is in WAL mode: byte 18 of its header, which stays set."""
    try:
        with open(name, "rb") as file:
            return file.read(20)[18:19] == b"\x02"
    except OSError:
        return False


@register()
def check_worker(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """django-q2 has settings under which a long task is neither run twice nor for ever."""
    cluster = getattr(django_settings, "Q_CLUSTER", None)
    example = "Q_CLUSTER = {'name': 'pigeon', 'orm': 'default', 'workers': 2, 'timeout': 300, 'retry': 360}"
    if not isinstance(cluster, dict) or not cluster:
        return [
            Warning(
                "Q_CLUSTER is not set: workers run with settings that repeat long tasks.", hint=example, id="pigeon_admin.W005"
            )
        ]
    found: list[CheckMessage] = []
    timeout, retry = cluster.get("timeout"), cluster.get("retry", 60)
    if not timeout:
        text = "Q_CLUSTER sets no timeout: a task that hangs holds its worker for ever."
        found.append(Warning(text, hint="Such as 'timeout': 300, 'retry': 360.", id="pigeon_admin.W006"))
    elif retry <= timeout:
        text = f"Q_CLUSTER has retry {retry} and timeout {timeout}: a long task is started again while it still runs."
        found.append(Warning(text, hint="Make retry greater than timeout.", id="pigeon_admin.W007"))
    if cluster.get("sync"):
        text = "Q_CLUSTER has sync on: deliveries are sent inside the request that saves, and the visitor waits for the partner."
        found.append(Warning(text, hint="Remove 'sync', and run: python manage.py qcluster", id="pigeon_admin.W008"))
    return found


@register(Tags.security)
def check_export_folder(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The frozen packages are kept where the web server does not serve them."""
    try:
        alias, folder = conf.settings.EXPORT_STORAGE, conf.settings.output_directory
    except ConfigurationError:
        return []  # check_settings says so
    setting = "OUTPUT_DIRECTORY"
    if alias is not None:
        setting = "EXPORT_STORAGE"
        try:
            storage = storages[alias]
        except InvalidStorageError:
            known = ", ".join(sorted(django_settings.STORAGES))
            text = f"PIGEON_ADMIN['EXPORT_STORAGE'] is {alias!r}, which is not in STORAGES."
            return [Error(text, hint=f"STORAGES has: {known}.", id="pigeon_admin.E009")]
        if not isinstance(storage, FileSystemStorage):
            return []
        folder = Path(storage.location)
    return [
        Warning(
            f"The packages are kept in {folder}, inside {name}: everybody could download what is meant for partners.",
            hint=f"Set PIGEON_ADMIN[{setting!r}] to a place outside {name}.",
            id="pigeon_admin.W010",
        )
        for name, public in public_folders()
        if folder.resolve().is_relative_to(public)
    ]


def public_folders() -> Iterator[tuple[str, Path]]:
    """Folders whose content the web server gives to anybody."""
    for name in ("MEDIA_ROOT", "STATIC_ROOT"):
        value: str | os.PathLike[str] | None = getattr(django_settings, name, None)
        if value:
            yield name, Path(value).resolve()
    for entry in getattr(django_settings, "STATICFILES_DIRS", ()):
        yield "STATICFILES_DIRS", Path(entry[1] if isinstance(entry, list | tuple) else entry).resolve()
