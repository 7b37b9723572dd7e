"""Folders of this machine and Django storages."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage, storages

from pigeon_admin.exceptions import ConfigurationError, CredentialsError, PermanentError, TemporaryError
from pigeon_admin.transports.storage import StorageTransport
from tests.conformance import BIG, Conformance, FolderConformance, Place, deliver, failure, outgoing, parcel

BACKEND = "tests.transports.test_storage."
SECRET = "s3-secret-nobody-may-see"


class Renaming(InMemoryStorage):
    """As Django's storages do by default: a name that is taken gets letters appended."""


class Overwriting(InMemoryStorage):
    """As object storages do."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: Any) -> str:
        if self.exists(name):
            self.delete(name)
        return super()._save(name, content)


class Broken(InMemoryStorage):
    """Raises whatever a test puts into ``error``."""

    error: Exception = Exception("broken")

    def __init__(self, secret_key: str = "") -> None:
        super().__init__()

    def _save(self, name: str, content: Any) -> str:
        raise self.error


class Short(InMemoryStorage):
    def size(self, name: str) -> int:
        return 3


class Sizeless(InMemoryStorage):
    def size(self, name: str) -> int:
        raise NotImplementedError


class ClientError(Exception):
    """As botocore's: it carries the answer."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An error occurred ({code}) with {SECRET}")
        self.response = {"Error": {"Code": code}}


@pytest.fixture
def aliases(settings: Any, tmp_path: Path) -> Any:
    settings.STORAGES = {
        **settings.STORAGES,
        "files": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path / "files")}},
        "memory": {"BACKEND": BACKEND + "Renaming"},
        "objects": {"BACKEND": BACKEND + "Overwriting"},
        "broken": {"BACKEND": BACKEND + "Broken", "OPTIONS": {"secret_key": SECRET}},
        "short": {"BACKEND": BACKEND + "Short"},
        "sizeless": {"BACKEND": BACKEND + "Sizeless"},
    }
    return storages


class TestLocalFolder(FolderConformance):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Place(lambda **changes: StorageTransport(folder=str(tmp_path / "in-box")), tmp_path / "in-box")

    def test_the_connection_test_leaves_nothing_behind(self, place: Place) -> None:
        list(place.make().check())
        assert place.folder is not None
        assert not place.folder.exists()


class TestFileSystemStorage(FolderConformance):
    @pytest.fixture
    def place(self, aliases: Any, tmp_path: Path) -> Place:
        return Place(lambda **changes: StorageTransport("files", "in-box"), tmp_path / "files" / "in-box")


class StorageConformance(Conformance):
    alias = ""

    @pytest.fixture
    def place(self, aliases: Any) -> Place:
        return Place(lambda **changes: StorageTransport(self.alias, "in-box"))

    def test_the_bytes_arrive_as_they_are(self, place: Place) -> None:
        for content in (BIG, b"", b"newest\r\n\x00"):
            assert deliver(place.make(), parcel(outgoing("a/é 🐦.bin", content)))[0].error is None
            assert storages[self.alias].open("in-box/a/é 🐦.bin").read() == content
        assert storages[self.alias].listdir("in-box/a")[1] == ["é 🐦.bin"]


class TestRenamingStorage(StorageConformance):
    alias = "memory"

    def test_the_proof_says_that_the_old_file_went_first(self, place: Place) -> None:
        receipts = deliver(place.make(), parcel(outgoing("a.xml")), parcel(outgoing("a.xml")))
        assert ["note" in receipt.proof["files"][0] for receipt in receipts] == [False, True]  # type: ignore[index]


class TestOverwritingStorage(StorageConformance):
    alias = "objects"


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ClientError("AccessDenied"), CredentialsError),
        (ClientError("InvalidAccessKeyId"), CredentialsError),
        (ClientError("NoSuchBucket"), PermanentError),
        (ClientError("SlowDown"), TemporaryError),
        (type("NoCredentialsError", (Exception,), {})("Unable to locate"), CredentialsError),
        (RuntimeError(f"cannot sign with {SECRET}"), TemporaryError),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), TemporaryError),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), PermanentError),
    ],
)
def test_what_a_storage_raises_decides_what_is_next(
    aliases: Any, monkeypatch: pytest.MonkeyPatch, raised: Exception, kind: type
) -> None:
    monkeypatch.setattr(Broken, "error", raised)
    error = failure(StorageTransport("broken"))
    assert type(error) is kind
    assert SECRET not in str(error)
    steps = list(StorageTransport("broken").check())
    assert [step.ok for step in steps] == [True, False]
    assert SECRET not in str(steps)


def test_a_file_that_arrived_short_is_deleted_and_tried_again(aliases: Any) -> None:
    error = failure(StorageTransport("short"), parcel(outgoing("a.xml", b"12345")))
    assert type(error) is TemporaryError
    assert "3 of 5 bytes" in str(error)
    assert not storages["short"].exists("a.xml")


def test_a_storage_that_tells_no_size_is_not_vouched_for(aliases: Any) -> None:
    [receipt] = deliver(StorageTransport("sizeless"), parcel(outgoing("a.xml")))
    assert receipt.proof["files"][0]["proof"] == "size not confirmed by the storage"  # type: ignore[index]


@pytest.mark.parametrize("transport", [StorageTransport("nowhere"), StorageTransport(folder="relative"), StorageTransport()])
def test_a_storage_that_is_not_there_is_a_matter_of_configuration(transport: StorageTransport) -> None:
    with pytest.raises(ConfigurationError):
        deliver(transport, parcel(outgoing("a.xml")))
    assert [step.ok for step in transport.check()] == [False]


def test_a_place_that_cannot_be_written_to_is_permanent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert type(failure(StorageTransport(folder=str(tmp_path / "file" / "in-box")))) is PermanentError
    (tmp_path / "a.xml").mkdir()
    assert type(failure(StorageTransport(folder=str(tmp_path)), parcel(outgoing("a.xml")))) is PermanentError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xml", "file"]
    assert type(failure(StorageTransport(folder=str(tmp_path)), parcel(outgoing("n" * 300)))) is PermanentError


def test_a_full_disk_is_temporary_and_nothing_of_the_file_stays(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))  # what a quota does, for this process
    try:
        error = failure(StorageTransport(folder=str(tmp_path)), parcel(outgoing("big.bin", BIG)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert type(error) is TemporaryError
    assert "disk or quota is full" in str(error)
    assert list(tmp_path.iterdir()) == []
