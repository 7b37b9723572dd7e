"""Any Django storage of the site, or a folder of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, InvalidStorageError, Storage, storages
from django.utils.translation import gettext as _
from django.views.debug import SafeExceptionReporterFilter

from pigeon_admin.exceptions import ConfigurationError, CredentialsError, PermanentError, TemporaryError, TransportError
from pigeon_admin.transports.base import OutgoingFile, Parcel, Session, Step, Transport
from pigeon_admin.transports.checking import run, trial_parcel
from pigeon_admin.transports.connection import said
from pigeon_admin.transports.local import LocalSession, refusal
from pigeon_admin.transports.paths import checked, joined
from pigeon_admin.transports.reading import blocks, unreadable

LOGIN_CODES = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "AuthenticationFailed", "Forbidden")


@dataclass(frozen=True)
class StorageTransport(Transport):
    """``alias``: in STORAGES; "" for a local folder. ``folder``: absolute path then, else a folder inside the storage."""

    alias: str = ""
    folder: str = ""

    @contextmanager
    def session(self) -> Iterator[Session]:
        yield self.open()

    def open(self) -> LocalSession | StorageSession:
        """The session; raises ConfigurationError for an alias that the settings do not know."""
        if not self.alias:
            if not self.folder.startswith("/"):
                raise ConfigurationError("The folder must be an absolute path, starting with “/”.")
            return LocalSession(self.folder)
        try:
            storage = storages[self.alias]
        except (InvalidStorageError, ImproperlyConfigured, ImportError) as error:
            raise ConfigurationError(
                f"The storage “{self.alias}” is not usable: check STORAGES in the settings ({type(error).__name__})."
            ) from error
        folder = checked(self.folder) if self.folder else ""
        if isinstance(storage, FileSystemStorage):
            root = joined(str(storage.location), folder)
            return LocalSession(root, storage.file_permissions_mode, storage.directory_permissions_mode)
        return StorageSession(self.alias, storage, folder)

    def check(self) -> Iterator[Step]:
        opened: list[LocalSession | StorageSession] = []

        def find() -> str:
            opened.append(self.open())
            return _("The storage “%s”.") % self.alias if self.alias else _("A folder of this machine.")

        yield from run((_("Find the storage"), find))
        for session in opened:
            yield from session.check_steps()


class StorageSession(Session):
    """Saves under exactly the final name. A storage shows an object only once it is whole, so there is no temporary name."""

    def __init__(self, alias: str, storage: Storage, folder: str) -> None:
        self.alias = alias
        self.storage = storage
        self.folder = folder

    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """The proof is {"files": [{"name", "size", "proof", "note"?}]}."""
        for file in parcel.files:
            checked(file.name)
        return {"files": [self.save(file) for file in parcel.files]}

    def save(self, file: OutgoingFile) -> dict[str, object]:
        name = joined(self.folder, file.name)
        note = ""
        with self.working(f"saving “{name}”"):
            if self.storage.get_available_name(name) != name:
                self.storage.delete(name)
                note = "the storage does not overwrite: the old file was deleted first"
            with StreamedFile(file) as content:
                saved = self.storage.save(name, content)
            if saved != name:
                self.storage.delete(saved)
                raise TemporaryError(f"The storage “{self.alias}” would only save “{name}” under another name.")
            size = self.size_of(name)
            if size is not None and size != file.size:
                self.storage.delete(name)
                raise TemporaryError(f"Only {size} of {file.size} bytes of “{name}” arrived in the storage “{self.alias}”.")
        proof = "size not confirmed by the storage" if size is None else "size read back from the storage"
        result: dict[str, object] = {"name": name, "size": size, "proof": proof}
        return result | ({"note": note} if note else {})

    def size_of(self, name: str) -> int | None:
        try:
            return int(self.storage.size(name))
        except NotImplementedError:
            return None

    def check_steps(self) -> list[Step]:
        """A file written, read back and deleted."""
        parcel = trial_parcel()

        def write() -> str:
            proof = self.deliver(parcel)["files"][0]  # type: ignore[index]
            return _("Wrote %(name)s: %(proof)s.") % {"name": proof["name"], "proof": proof["proof"]}

        def delete() -> str:
            with self.working("deleting the test file"):
                self.storage.delete(joined(self.folder, parcel.files[0].name))
            return _("Nothing is left behind.")

        return list(run((_("Write a test file"), write), (_("Delete the test file"), delete)))

    @contextmanager
    def working(self, doing: str) -> Iterator[None]:
        """Turn whatever the storage raises into a TransportError in plain words."""
        try:
            yield
        except TransportError:
            raise
        except OSError as error:
            raise refusal(error, doing) from None
        except Exception as error:  # each storage library has its own errors
            raise self.refusal(error, doing) from None

    def refusal(self, error: Exception, doing: str) -> TransportError:
        response: Any = getattr(error, "response", None)
        code = str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
        kind, words = type(error).__name__, said(str(error), self.hidden_options())
        if code in LOGIN_CODES or "Credential" in kind or "Auth" in kind or kind == "Forbidden":
            return CredentialsError(f"The storage “{self.alias}” refuses our login while {doing}: {words}", connection_lost=True)
        if kind == "SuspiciousFileOperation" or code == "NoSuchBucket":
            return PermanentError(f"The storage “{self.alias}” refuses {doing}: {words}")
        return TemporaryError(f"The storage “{self.alias}” failed while {doing}: {kind}: {words}")

    def hidden_options(self) -> list[str]:
        """Values of the storage's options that no message may repeat: those with names that Django hides on its error pages."""
        backends: Any = storages.backends
        options = backends.get(self.alias, {}).get("OPTIONS", {})
        hidden = SafeExceptionReporterFilter.hidden_settings
        return [str(value) for name, value in options.items() if hidden.search(name) and value]


class StreamedFile(File):  # type: ignore[type-arg]
    """A frozen file as Django's storages want it, verified while it is read in chunks."""

    def __init__(self, source: OutgoingFile) -> None:
        try:
            super().__init__(source.open(), source.base_name)
        except OSError as error:
            raise unreadable(source, error) from error
        self.source = source
        self.size = source.size
        self.content_type = source.media_type

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield from blocks(self.source, chunk_size or self.DEFAULT_CHUNK_SIZE)
