"""Names of files at the partner: refused where they could leave the folder or carry commands."""

from __future__ import annotations

import unicodedata

from pigeon_admin.exceptions import PermanentError


def has_control(text: str) -> bool:
    """Whether ``text`` holds line breaks or other control characters: in most protocols they start another command."""
    return any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text)


def refuse_control(text: str, what: str) -> None:
    """Raise PermanentError if ``text`` holds control characters."""
    if has_control(text):
        raise PermanentError(f"The {what} “{readable(text)}” holds a line break or another control character. Correct it.")


def checked(name: str) -> str:
    """A relative path with ``/`` that stays in its folder; raises PermanentError for any other."""
    refuse_control(name, "file name")
    if "\\" in name or any(part in ("", ".", "..") for part in name.split("/")):
        raise PermanentError(
            f"The file name “{readable(name)}” could lead out of the destination's folder. Correct the file name pattern."
        )
    return name


def joined(root: str, *parts: str) -> str:
    """``root`` and the non-empty parts with one ``/`` between them."""
    path = root
    for part in filter(None, parts):
        path = f"{path.rstrip('/')}/{part}" if path else part
    return path


def folders_down_to(folder: str) -> list[str]:
    """``/a/b/c`` as ["/a", "/a/b", "/a/b/c"]."""
    steps: list[str] = []
    path = "/" if folder.startswith("/") else ""
    for part in filter(None, folder.split("/")):
        path = joined(path, part) if path != "/" else f"/{part}"
        steps.append(path)
    return steps


def readable(text: str) -> str:
    """``text`` without control characters, at most 100 letters: for messages."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:100]
