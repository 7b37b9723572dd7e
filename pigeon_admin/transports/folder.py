"""Delivery into anything with folders: upload under a temporary name, read the size back, rename over the final name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress

from django.utils.translation import gettext as _

from pigeon_admin.exceptions import TemporaryError, TransportError
from pigeon_admin.transports.base import OutgoingFile, Parcel, Session, Step
from pigeon_admin.transports.checking import run, trial_parcel
from pigeon_admin.transports.paths import checked, folders_down_to, joined


class FolderSession(Session):
    """A session on a server with folders. ``root``: the folder that file names are relative to.

    A parcel becomes visible only when all its files are there: first everything is uploaded, then everything is renamed.
    """

    root = ""
    size_proof = "size read back"  # how ``size_of`` knows, for the proof

    def __init__(self) -> None:
        self.known_folders: set[str] = set()

    @abstractmethod
    def put(self, file: OutgoingFile, path: str) -> None:
        """Write ``path``, replacing what is there. The folder may be missing: raise any PermanentError then."""

    @abstractmethod
    def size_of(self, path: str) -> int | None:
        """Bytes of ``path`` as the server sees it, or None where it does not tell."""

    @abstractmethod
    def replace(self, source: str, target: str) -> str:
        """Rename over ``target``, and answer a note for the proof where that could not be done in one step, else ""."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Delete one file."""

    @abstractmethod
    def make_folder(self, path: str) -> bool:
        """Make one folder; False if that was refused, most often because it is there already."""

    @abstractmethod
    def remove_folder(self, path: str) -> None:
        """Remove one empty folder."""

    @abstractmethod
    def has_folder(self, path: str) -> bool:
        """Whether ``path`` is a folder that we may see."""

    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """Send all files of one parcel; the proof is {"files": [{"name", "size", "proof", "note"?}]}."""
        for file in parcel.files:
            checked(file.name)
        uploaded: dict[str, OutgoingFile] = {}
        sizes: dict[str, int | None] = {}
        try:
            for file in parcel.files:
                temporary = joined(self.root, file.folder, parcel.temporary_name(file))
                uploaded[temporary] = file
                sizes[file.name] = self.upload(file, temporary)
            proofs = []
            for temporary, file in list(uploaded.items()):
                target = joined(self.root, file.name)
                note = self.replace(temporary, target)
                del uploaded[temporary]
                size = sizes[file.name]
                proof = {
                    "name": target,
                    "size": size,
                    "proof": "size not confirmed by server" if size is None else self.size_proof,
                }
                proofs.append(proof | ({"note": note} if note else {}))
            return {"files": proofs}
        except TransportError as error:
            if not error.connection_lost:
                for temporary in uploaded:
                    with suppress(TransportError):
                        self.remove(temporary)
            raise

    def upload(self, file: OutgoingFile, path: str) -> int | None:
        """Put one file, making its folders only if that turns out to be needed, and check its size."""
        folder = path.rpartition("/")[0]
        try:
            self.put(file, path)
        except TransportError as error:
            if error.connection_lost or folder in self.known_folders:
                raise
            # Servers tell a missing folder from a missing right in a dozen ways, so we look. Where it is there by now,
            # somebody else may just have made it: one more try tells.
            there = self.has_folder(folder)
            if there and isinstance(error, TemporaryError):
                raise
            if not there:
                self.make_folders(folder)
            self.put(file, path)
        self.known_folders.add(folder)
        size = self.size_of(path)
        if size is not None and size != file.size:
            raise TemporaryError(f"Only {size} of {file.size} bytes of “{file.name}” arrived. The partner's disk may be full.")
        return size

    def make_folders(self, folder: str) -> list[str]:
        """Make what is missing on the way down to ``folder``; the folders that were made."""
        return [path for path in folders_down_to(folder) if path not in self.known_folders and self.make_folder(path)]

    def check_steps(self) -> list[Step]:
        """The steps of a connection test once logged in: the folder, a file written and renamed, the file deleted."""
        parcel = trial_parcel()
        path = joined(self.root, parcel.files[0].name)
        made: list[str] = []

        def look() -> str:
            shown = self.root or _("the folder that the login leads to")
            if self.has_folder(self.root):
                return _("%s is there.") % shown
            return _("%s is not there. The first delivery makes it; if it should exist already, correct the directory.") % shown

        def write() -> str:
            if not self.has_folder(self.root):
                made.extend(self.make_folders(self.root))
            proof = self.deliver(parcel)["files"][0]  # type: ignore[index]
            return _("Wrote %(name)s under a temporary name and renamed it: %(proof)s.") % {"name": path, "proof": proof["proof"]}

        def delete() -> str:
            try:
                self.remove(path)
                for folder in reversed(made):
                    self.remove_folder(folder)
            except TransportError as error:
                raise type(error)(
                    _("Deliveries work, but %(path)s could not be deleted: %(error)s") % {"path": path, "error": error}
                ) from None
            return _("Nothing is left behind.")

        return list(run((_("Folder"), look), (_("Write a test file"), write), (_("Delete the test file"), delete)))
