"""The partners' folders, read."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.utils._os import safe_join

SHOWN = 200  # newest files of each partner
TEXT_LIMIT = 200_000  # bytes of a text that one page shows


@dataclass(frozen=True)
class ReceivedFile:
    """One file of a partner. ``path``: relative, with ``/``. ``size``: bytes. ``kind``: "image", "text" or "other"."""

    path: str
    size: int
    received_at: datetime
    kind: str


@dataclass(frozen=True)
class Partner:
    """One partner's folder."""

    key: str
    name: str
    protocol: str
    folder: Path

    def files(self) -> list[ReceivedFile]:
        """The newest files first; what is still arriving under a temporary name (a dot in front) is left out."""
        found = []
        for path in self.folder.rglob("*"):
            if path.name.startswith("."):
                continue
            try:
                state = path.stat()
            except OSError:  # renamed or removed while we were looking
                continue
            if path.is_file():
                relative = path.relative_to(self.folder).as_posix()
                found.append(
                    ReceivedFile(relative, state.st_size, datetime.fromtimestamp(state.st_mtime, tz=UTC), kind_of(path.name))
                )
        return sorted(found, key=lambda file: (file.received_at, file.path), reverse=True)

    def path_of(self, relative: str) -> Path | None:
        """The file of that name, or None; never one outside the folder."""
        try:
            path = Path(safe_join(self.folder, relative))
        except (SuspiciousFileOperation, ValueError):
            return None
        return path if path.is_file() else None


def partners() -> list[Partner]:
    """All partners, as the settings name them."""
    return [Partner(key, name, protocol, Path(folder)) for key, (name, protocol, folder) in settings.PARTNER_FOLDERS.items()]


def media_type_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def kind_of(name: str) -> str:
    """How a file can be shown."""
    media_type = media_type_of(name)
    # An SVG is a program to a browser, so it is shown as the text that it is.
    if media_type.startswith("image/") and media_type != "image/svg+xml":
        return "image"
    if media_type.startswith("text/") or media_type.endswith(("xml", "json")):
        return "text"
    return "other"
