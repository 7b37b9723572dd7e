"""A folder of this machine: temporary file, fsync, atomic replace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pigeon_admin.exceptions import PermanentError, TemporaryError, TransportError
from pigeon_admin.transports.base import OutgoingFile
from pigeon_admin.transports.connection import DISK_FULL
from pigeon_admin.transports.folder import FolderSession
from pigeon_admin.transports.reading import blocks


class LocalSession(FolderSession):
    """``root``: an absolute folder. ``file_mode``/``folder_mode``: permissions, or None for what the process's umask gives."""

    size_proof = "size read back from the disk"

    def __init__(self, root: str, file_mode: int | None = None, folder_mode: int | None = None) -> None:
        super().__init__()
        self.root = root
        self.file_mode = file_mode
        self.folder_mode = folder_mode

    def put(self, file: OutgoingFile, path: str) -> None:
        with self.working(f"writing “{file.name}”"), open(path, "wb") as target:
            for block in blocks(file):
                target.write(block)
            target.flush()
            if self.file_mode is not None:
                os.fchmod(target.fileno(), self.file_mode)
            os.fsync(target.fileno())

    def size_of(self, path: str) -> int | None:
        with self.working("reading the size back"):
            return os.stat(path).st_size

    def replace(self, source: str, target: str) -> str:
        with self.working(f"renaming to “{target}”"):
            os.replace(source, target)
            # The rename itself must survive a power cut, and some file systems cannot do that.
            with suppress(OSError):
                folder = os.open(os.path.dirname(target), os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
            return ""

    def remove(self, path: str) -> None:
        with self.working(f"deleting “{path}”"):
            os.remove(path)

    def make_folder(self, path: str) -> bool:
        try:
            os.mkdir(path)
        except OSError as error:
            if os.path.isdir(path):
                return False
            raise refusal(error, f"making the folder “{path}”") from error
        if self.folder_mode is not None:
            with suppress(OSError):
                os.chmod(path, self.folder_mode)
        return True

    def remove_folder(self, path: str) -> None:
        with self.working(f"removing the folder “{path}”"):
            os.rmdir(path)

    def has_folder(self, path: str) -> bool:
        return Path(path).is_dir()

    @contextmanager
    def working(self, doing: str) -> Iterator[None]:
        """Turn an OSError into a TransportError in plain words."""
        try:
            yield
        except OSError as error:
            raise refusal(error, doing) from error


def refusal(error: OSError, doing: str) -> TransportError:
    """The TransportError for a failure of this machine's file system."""
    words = f"{error.strerror or type(error).__name__} ({doing})."
    if error.errno in DISK_FULL:
        return TemporaryError(f"The disk or quota is full: {words}")
    if isinstance(error, PermissionError) or error.strerror == "Read-only file system":
        return PermanentError(f"The site has no right to write there: {words} Give its user the right, or correct the folder.")
    if (
        isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError | FileExistsError)
        or error.strerror == "File name too long"
    ):
        return PermanentError(f"That place cannot be written to: {words} Correct the folder or the name.")
    return TemporaryError(f"The disk failed: {words}")
