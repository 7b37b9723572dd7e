"""Multipart forms that are streamed, never held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from pigeon_admin.transports.base import OutgoingFile
from pigeon_admin.transports.reading import blocks


@dataclass(frozen=True)
class Form:
    """``content``: the bytes, once. ``length``: how many. ``media_type``: with its boundary."""

    content: Iterator[bytes]
    length: int
    media_type: str


def multipart(file: OutgoingFile, field_name: str, seed: str) -> Form:
    """A form with one file; the same ``seed`` gives the same bytes."""
    boundary = f"pigeon-{hashlib.sha256(f'{seed}{file.sha256}'.encode()).hexdigest()[:40]}"
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{form_quoted(field_name)}"; filename="{form_quoted(file.base_name)}"\r\n'
        f"Content-Type: {file.media_type}\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    def content() -> Iterator[bytes]:
        yield head
        yield from blocks(file)
        yield tail

    return Form(content(), len(head) + file.size + len(tail), f"multipart/form-data; boundary={boundary}")


def form_quoted(text: str) -> str:
    """A name as browsers write it into a form's header."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def quoted_file_name(name: str) -> str:
    """The ``filename`` parameters of Content-Disposition, for old readers and new ones."""
    plain = "".join(letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
