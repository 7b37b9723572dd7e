"""The one interface of every protocol: a transport opens a session, a session sends parcels, each answered by a receipt."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import BinaryIO

from pigeon_admin.exceptions import ConfigurationError, TemporaryError, TransportError, told

TEMPORARY_PREFIX = ".pigeon-"  # what we upload under before the rename; hidden at the partner


@dataclass(frozen=True)
class OutgoingFile:
    """One frozen file. ``name``: safe relative path with ``/``. ``size``: bytes. ``sha256``: hex. ``open``: a fresh reader each call."""

    name: str
    size: int
    sha256: str
    media_type: str
    open: Callable[[], BinaryIO]

    @property
    def folder(self) -> str:
        """The part of ``name`` before the last ``/``, or ""."""
        return self.name.rpartition("/")[0]

    @property
    def base_name(self) -> str:
        """The part of ``name`` after the last ``/``."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Parcel:
    """The files of one delivery. ``key``: the same at every attempt (Idempotency-Key, Message-ID). ``subject``: what it is, for people.

    ``lane``: the same for all versions of one object, of which only one is ever under way; "" where there is no such thing.
    """

    key: str
    files: tuple[OutgoingFile, ...]
    subject: str = ""
    lane: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def temporary_name(self, file: OutgoingFile) -> str:
        """The name, in the file's own folder, to upload under: a retry, or a newer version, replaces what a lost connection left."""
        return f"{TEMPORARY_PREFIX}{(self.lane or self.key)[:12]}-{self.files.index(file)}.part"


@dataclass
class Receipt:
    """What became of one parcel. ``started``/``finished``: Unix seconds. ``proof``: what the partner's server said of each file."""

    parcel: Parcel
    started: float
    finished: float
    error: TransportError | None = None
    bytes_sent: int = 0
    proof: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One line of a connection test, in plain words. ``detail`` says what to do when ``ok`` is False."""

    label: str
    ok: bool
    detail: str = ""


class Session(ABC):
    """One open connection. After a TransportError with ``connection_lost`` it is dead; its owner opens another."""

    @abstractmethod
    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """Send all files of one parcel, prove each, and return the proof (JSON-able); raise TransportError."""

    def send(self, parcels: Iterable[Parcel]) -> Iterator[Receipt]:
        """Send parcels and yield a receipt for each as it is known; stops after the first that lost the connection.

        A protocol that can keep several parcels in flight on one connection overrides this.
        """
        for parcel in parcels:
            receipt = Receipt(parcel, started=time.time(), finished=0)
            try:
                receipt.proof = self.deliver(parcel)
                receipt.bytes_sent = parcel.size
            except TransportError as error:
                receipt.error = error
            except Exception as error:  # a bug in a transport must not stop the deliveries behind it
                receipt.error = TemporaryError(f"Unexpected {type(error).__name__}: {told(error)}", connection_lost=True)
                receipt.error.__cause__ = error
            receipt.finished = time.time()
            yield receipt
            if receipt.error is not None and receipt.error.connection_lost:
                return


class Transport(ABC):
    """What one destination talks through; built from plain values, knows no model."""

    @abstractmethod
    def session(self) -> AbstractContextManager[Session]:
        """Connect and log in; raise TransportError. Leaving the context closes the connection, whatever state it is in."""

    @abstractmethod
    def check(self) -> Iterator[Step]:
        """Test the connection step by step, stopping after the first step that fails. Leaves nothing behind at the partner."""


def need(module: str, extra: str) -> ModuleType:
    """Import an optional library, or say how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        message = (
            f"This destination needs the Python library “{module}”. Install it with: pip install 'django-pigeon-admin[{extra}]'"
        )
        raise ConfigurationError(message) from error
