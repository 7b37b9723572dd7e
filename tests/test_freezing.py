"""Frozen bytes are written once, whole, and found again."""

from __future__ import annotations

import hashlib
import io

import pytest

from pigeon_admin.freezing import export_storage, freeze, opener
from pigeon_admin.rendering import RenderedDocument


def document(name, content):
    return RenderedDocument(name, "text/plain", content)


def read(file):
    with opener(file)() as reader:
        return reader.read()


def test_bytes_and_hashes_are_kept():
    frozen = freeze([document("a.txt", b"one"), document("b/c.txt", b"")])
    assert [(file["name"], file["size"]) for file in frozen.documents] == [("a.txt", 3), ("b/c.txt", 0)]
    assert frozen.documents[0]["sha256"] == hashlib.sha256(b"one").hexdigest()
    assert [read(file) for file in frozen.documents] == [b"one", b""]
    assert frozen.size == 3


def test_the_same_documents_have_the_same_hash_and_others_another():
    one = freeze([document("a", b"x"), document("b", b"y")])
    assert one.sha256 == freeze([document("a", b"x"), document("b", b"y")]).sha256
    assert one.sha256 != freeze([document("b", b"y"), document("a", b"x")]).sha256
    assert one.sha256 != freeze([document("ab", b"x"), document("b", b"y")]).sha256


def test_the_same_bytes_are_kept_once():
    one, two = freeze([document("a", b"same")]), freeze([document("b", b"same")])
    assert one.documents[0]["stored"] == two.documents[0]["stored"]


def test_half_a_file_left_by_a_killed_writer_is_not_taken_for_the_whole(settings):
    frozen = freeze([document("a", b"whole")])
    path = export_storage().path(frozen.documents[0]["stored"])
    with open(path, "wb") as half:
        half.write(b"wh")
    assert read(freeze([document("a", b"whole")]).documents[0]) == b"whole"


def test_any_django_storage_will_do(settings):
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "EXPORT_STORAGE": "memory"}
    settings.STORAGES = {**settings.STORAGES, "memory": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    frozen = freeze([document("a", b"x" * 10_000_000)])
    assert read(frozen.documents[0]) == b"x" * 10_000_000
    assert freeze([document("b", b"x" * 10_000_000)]).documents[0]["stored"] == frozen.documents[0]["stored"]


def test_the_folder_is_private(tmp_path):
    freeze([document("a", b"secret plans")])
    folder = tmp_path / "export"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*"))


def test_a_reader_that_fails_leaves_nothing_behind(tmp_path):
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        freeze([RenderedDocument("a", "text/plain", source=Broken)])
    assert [path for path in (tmp_path / "export").rglob("*") if path.is_file()] == []
