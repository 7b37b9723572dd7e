"""Connection tests: named steps, one after the other, until one fails."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Callable, Iterator

from pigeon_admin.exceptions import ConfigurationError, TransportError
from pigeon_admin.transports.base import OutgoingFile, Parcel, Step


def run(*steps: tuple[str, Callable[[], str]]) -> Iterator[Step]:
    """Each step does something and says what it found; the first that raises is the last."""
    for label, do in steps:
        try:
            detail = do()
        except (TransportError, ConfigurationError) as error:
            yield Step(label, False, str(error))
            return
        yield Step(label, True, detail)


def trial_parcel() -> Parcel:
    """A small file under a name that nobody else uses."""
    key = secrets.token_hex(16)
    content = b"A connection test. You may delete this file.\n"
    name = f"pigeon-test-{key[:12]}.txt"
    file = OutgoingFile(name, len(content), hashlib.sha256(content).hexdigest(), "text/plain", lambda: io.BytesIO(content))
    return Parcel(key, (file,), "Connection test")
