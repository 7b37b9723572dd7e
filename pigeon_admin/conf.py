"""The settings of this app: one dict ``PIGEON_ADMIN``, typed and lazy, with the names of carrier-pigeon honoured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from django.conf import settings as django_settings

from pigeon_admin.exceptions import ConfigurationError

T = TypeVar("T")

# carrier-pigeon's own names, for a site that comes from it. Both spellings of MAX_PUSH_ATTEMP(T)S were in use there.
CARRIER_PIGEON_NAMES: dict[str, tuple[str, ...]] = {
    "OUTPUT_DIRECTORY": ("CARRIER_PIGEON_OUTPUT_DIRECTORY",),
    "MAX_AGE": ("CARRIER_PIGEON_MAX_AGE",),
    "MAX_PUSH_ATTEMPTS": ("CARRIER_PIGEON_MAX_PUSH_ATTEMPTS", "CARRIER_PIGEON_MAX_PUSH_ATTEMPS"),
    "CHECK_OLD_AGE": ("CARRIER_PIGEON_CHECK_OLD_AGE",),
    "CHECK_TOO_OLD_AGE": ("CARRIER_PIGEON_CHECK_TOO_OLD_AGE",),
}


class Setting(Generic[T]):
    """One key of ``PIGEON_ADMIN``: its default, what it means, and the type it must have."""

    def __init__(self, default: T, doc: str, *, types: tuple[type, ...] = ()) -> None:
        self.default = default
        self.doc = doc
        self.types = types or (type(default),)
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: Settings, owner: type) -> T: ...
    def __get__(self, instance: Settings | None, owner: type) -> Setting[T] | T:
        if instance is None:
            return self
        value = given(self.name, self.default)
        # True is an int to Python; a person who wrote it for seconds or bytes did not mean 1.
        wrong = not isinstance(value, self.types) or (isinstance(value, bool) and bool not in self.types)
        if wrong:
            wanted = " or ".join(sorted(kind.__name__ for kind in self.types))
            raise ConfigurationError(f"PIGEON_ADMIN[{self.name!r}] must be {wanted}, not {value!r}.")
        return value  # type: ignore[no-any-return]


def given(name: str, default: Any) -> Any:
    """The value of ``PIGEON_ADMIN[name]``, else carrier-pigeon's name for it, else ``default``."""
    ours = getattr(django_settings, "PIGEON_ADMIN", {})
    if not isinstance(ours, Mapping):
        raise ConfigurationError("PIGEON_ADMIN must be a dictionary.")
    if name in ours:
        return ours[name]
    for old_name in CARRIER_PIGEON_NAMES.get(name, ()):
        if hasattr(django_settings, old_name):
            return getattr(django_settings, old_name)
    return default


NUMBER = (int, float)


class Settings:
    """Read through the instance ``settings`` below; every value is looked up when asked for, so tests may override it."""

    OUTPUT_DIRECTORY = Setting[str | os.PathLike[str] | None](
        None,
        "Private folder of the frozen packages. Unset: `pigeon_export` beside `manage.py` (`BASE_DIR`).",
        types=(str, os.PathLike, type(None)),
    )
    EXPORT_STORAGE = Setting[str | None](
        None, "Alias in `STORAGES` to keep the packages in, instead of `OUTPUT_DIRECTORY`.", types=(str, type(None))
    )
    MAX_AGE = Setting[float](
        3600 * 24 * 30, "Seconds after which clean removes settled deliveries and their files.", types=NUMBER
    )
    MAX_PUSH_ATTEMPTS = Setting[int](26, "Attempts before a delivery is failed; with the default back-off, at least 75 hours.")
    RETRY_FIRST = Setting[float](30, "Seconds before the second attempt; each later wait is twice the one before.", types=NUMBER)
    RETRY_LONGEST = Setting[float](3600 * 6, "Longest wait between two attempts, in seconds.", types=NUMBER)
    CHECK_OLD_AGE = Setting[float](600, "Seconds a delivery may go unsent before check warns (exit 1).", types=NUMBER)
    CHECK_TOO_OLD_AGE = Setting[float](1800, "Seconds a delivery may go unsent before check alarms (exit 2).", types=NUMBER)
    RULES_REFRESH = Setting[float](1.0, "Seconds until a rule edited in one process is in force in the others.", types=NUMBER)
    NUDGE = Setting[bool](True, "Wake a worker as soon as a save commits. Off: deliveries wait for the scheduled push.")
    NUDGE_INTERVAL = Setting[float](1.0, "Wake a worker at most once in so many seconds and process.", types=NUMBER)
    LEASE = Setting[float](20, "Seconds after its last heartbeat that a dead worker keeps its deliveries.", types=NUMBER)
    HEARTBEAT = Setting[float](5, "Seconds between the heartbeats of a sending worker.", types=NUMBER)
    CLAIM = Setting[int](50, "Deliveries a worker claims at once for one destination.")
    SECRET_KEYS = Setting[Sequence[str]](
        (),
        "Keys or passphrases for stored secrets, newest first; older ones still open. Empty: derived from `SECRET_KEY` and its fallbacks.",
        types=(list, tuple),
    )
    TEMPLATE_METHODS = Setting[Mapping[str, Sequence[str]]](
        {}, "Methods that export templates may call, per model: `{'news.Story': ['summary']}`.", types=(dict,)
    )
    TEMPLATE_HIDDEN_FIELDS = Setting[str](
        r"password|passwd|secret|token|api_?key|private_?key",
        "Regular expression of field names that templates and conditions never see.",
    )
    TEMPLATE_MAX_STEPS = Setting[int](100_000, "Loop steps one rendering may take.")
    TEMPLATE_MAX_BYTES = Setting[int](20_000_000, "Bytes one rendering may write.")
    TEMPLATE_MAX_SECONDS = Setting[float](30, "Seconds one rendering may take, checked between its parts.", types=NUMBER)
    REGEX_TIMEOUT = Setting[float](0.1, "Seconds one regular expression may take on one value.", types=NUMBER)
    EXCLUDED_APPS = Setting[Sequence[str]](
        ("admin", "auth", "contenttypes", "sessions", "django_q", "pigeon_admin"),
        "App labels whose models no rule may be about, and no template follows back to.",
        types=(list, tuple),
    )

    @property
    def output_directory(self) -> Path:
        """The private folder of the frozen packages, as an absolute path."""
        if self.OUTPUT_DIRECTORY is not None:
            return Path(self.OUTPUT_DIRECTORY).absolute()
        return (Path(getattr(django_settings, "BASE_DIR", ".")) / "pigeon_export").absolute()


settings = Settings()


def declared() -> dict[str, Setting[Any]]:
    """Every setting by name, in the order of this file: what the README's table must list."""
    return {name: value for name, value in vars(Settings).items() if isinstance(value, Setting)}


def unknown() -> list[str]:
    """Keys of ``PIGEON_ADMIN`` that mean nothing here: most often a typing error."""
    return sorted(set(getattr(django_settings, "PIGEON_ADMIN", {})) - set(declared()))
