"""The bytes of a package, written once to the export storage and never changed from then on."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypedDict, cast

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils import timezone

from pigeon_admin.conf import settings
from pigeon_admin.exceptions import PigeonError, told

CHUNK = 1 << 20


class Readable(Protocol):
    """What can be frozen: a safe name, a media type, and a reader of bytes."""

    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    def open(self) -> BinaryIO: ...


class FrozenFile(TypedDict):
    """One entry of ``Package.documents``. ``stored``: its name in the export storage."""

    name: str
    size: int
    sha256: str
    media_type: str
    stored: str


@dataclass(frozen=True)
class Frozen:
    """What a package's row keeps. ``sha256`` is over names and contents, in order; ``size`` is in bytes."""

    documents: list[FrozenFile]
    sha256: str
    size: int


def export_storage() -> Storage:
    """Where frozen bytes are: EXPORT_STORAGE, else the private folder OUTPUT_DIRECTORY."""
    if settings.EXPORT_STORAGE:
        return storages[settings.EXPORT_STORAGE]
    folder = settings.output_directory
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileSystemStorage(location=folder, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def freeze(documents: Iterable[Readable]) -> Frozen:
    """Write the documents to the export storage, one after the other, never a whole big file in memory.

    Nothing refers to the files before the caller has committed their row; until then they are left-overs that clean removes.
    """
    storage = export_storage()
    files: list[FrozenFile] = []
    whole = hashlib.sha256()
    for document in documents:
        size, sha256, stored = store(storage, document.open)
        files.append({"name": document.name, "size": size, "sha256": sha256, "media_type": document.media_type, "stored": stored})
        whole.update(f"{len(document.name)}:{document.name}{sha256}".encode())
    return Frozen(files, whole.hexdigest(), sum(file["size"] for file in files))


def store(storage: Storage, opener: Callable[[], BinaryIO]) -> tuple[int, str, str]:
    """Write one file under the name of its own hash, in a folder of today: (size, sha256, stored name).

    The same bytes twice in a day are kept once. The folder of the day lets clean remove old ones without ever meeting a writer,
    who only writes into today's. Raises OSError for whatever a storage cannot do, and what ``opener`` raises of ours.
    """
    try:
        return write(storage, opener)
    except (PigeonError, OSError):
        raise
    except Exception as error:  # a storage of another library, with errors of its own
        raise OSError(f"{type(error).__name__}: {error}") from error


def write(storage: Storage, opener: Callable[[], BinaryIO]) -> tuple[int, str, str]:
    """As ``store``, with whatever error the storage raises."""
    digest, size = hashlib.sha256(), 0
    # Spooled aside first: the name is the hash, which is known only at the end.
    with tempfile.SpooledTemporaryFile(max_size=4 * CHUNK) as spool, opener() as reader:
        while chunk := reader.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            spool.write(chunk)
        sha256 = digest.hexdigest()
        name = f"{timezone.now():%Y-%m-%d}/{sha256[:2]}/{sha256}"
        if holds(storage, name, size, sha256):
            return size, sha256, name
        spool.seek(0)
        if isinstance(storage, FileSystemStorage):
            write_whole(Path(storage.path(name)), spool)
            return size, sha256, name
        return size, sha256, storage.save(name, File(spool, name=sha256))


def write_whole(path: Path, reader: Any) -> None:
    """Write a local file so that it is there whole or not at all, also after a power cut."""
    for folder in (path.parents[1], path.parents[0]):  # the day and its part; mkdir(parents=True) would leave the day open to all
        folder.mkdir(exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as writer:
            while chunk := reader.read(CHUNK):
                writer.write(chunk)
            writer.flush()
            os.fsync(writer.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def holds(storage: Storage, name: str, size: int, sha256: str) -> bool:
    """Whether the storage has these very bytes under this name: a writer that was killed may have left half of them."""
    try:
        if not storage.exists(name) or storage.size(name) != size:
            return False
        with storage.open(name, "rb") as stored:
            return hashlib.file_digest(stored, "sha256").hexdigest() == sha256
    except OSError:
        return False


def storage_trouble(error: Exception) -> str:
    """Why this site could not read or write its own files, and what to do, for whoever looks after its machine."""
    number, place = getattr(error, "errno", None), getattr(error, "filename", None)
    at = f" ({place})" if place else ""
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of this site is full{at}. Free some space there."
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"This site has no right to use its own folder{at}. Give its user the right to read and write there."
    return f"The storage of this site could not be used{at}: {getattr(error, 'strerror', None) or told(error)}."


def opener(file: FrozenFile) -> Callable[[], BinaryIO]:
    """A function that opens a frozen file for reading; the storage is asked for only then, for it may be away."""
    return lambda: cast(BinaryIO, export_storage().open(file["stored"], "rb"))


def stored_days(storage: Storage) -> Iterator[tuple[date, str]]:
    """The day folders of the export storage, oldest first; other folders are somebody else's and left alone."""
    try:
        folders, _files = storage.listdir("")
    except FileNotFoundError:
        return
    for folder in sorted(folders):
        try:
            yield date.fromisoformat(folder), folder
        except ValueError:
            continue


def outlived(stored: str) -> bool:
    """Whether a stored file is older than clean keeps files that no waiting delivery needs."""
    try:
        day = date.fromisoformat(stored.partition("/")[0])
    except ValueError:
        return False
    return day < (timezone.now() - timedelta(seconds=settings.MAX_AGE)).date()
