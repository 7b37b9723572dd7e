"""The bytes of a frozen file, verified while they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pigeon_admin.exceptions import PermanentError, TemporaryError
from pigeon_admin.transports.base import OutgoingFile

BLOCK = 64 * 1024


def unreadable(file: OutgoingFile, error: OSError) -> TemporaryError:
    """The error for a stored file that this machine cannot open or read."""
    return TemporaryError(
        f"The stored copy of “{file.name}” cannot be read on this machine: {error.strerror or type(error).__name__}."
        " This is tried again by itself; if the copy is gone for good, send it again with a new rendering."
    )


def blocks(file: OutgoingFile, size: int = BLOCK) -> Iterator[bytes]:
    """The file in blocks of at most ``size`` bytes.

    The last block is held back until length and hash are known to be right, so that a damaged file never arrives whole.
    Raises TemporaryError when the stored file cannot be read, PermanentError when it is not the one that was frozen.
    """
    digest = hashlib.sha256()
    length = 0
    held = b""
    try:
        with file.open() as source:
            while block := source.read(size):
                digest.update(block)
                length += len(block)
                if held:
                    yield held
                held = block
    except OSError as error:
        raise unreadable(file, error) from error
    if length != file.size or (file.sha256 and digest.hexdigest() != file.sha256):
        raise PermanentError(
            f"The stored copy of “{file.name}” is not what was frozen ({length} bytes instead of {file.size})."
            " Send it again with a new rendering."
        )
    if held:
        yield held
