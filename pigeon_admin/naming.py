"""Safe relative paths from whatever a pattern rendered to."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from django.utils.translation import gettext as _

from pigeon_admin.exceptions import UnsafeName

MAX_SEGMENT = 200  # bytes of UTF-8: room for our temporary prefix below the 255 of most file systems
MAX_PATH = 900  # bytes of UTF-8: below the 1,024 of S3 and of many FTP servers, with a directory of the partner's in front
MAX_EXTENSION = 16

SEPARATORS = re.compile(r"[/\\]")
# What Windows forbids in names, and a drive's colon.
FORBIDDEN = re.compile(r'[<>:"|?*]')
# Joiners are format characters too, but they hold emoji and some scripts together.
JOINERS = "\u200c\u200d"
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE | re.DOTALL)


def safe_path(directory: str, file_name: str) -> str:
    """A relative path with ``/``: the folders of ``directory``, then ``file_name`` as one segment, whatever slashes it holds.

    Each segment has at most 200 bytes of UTF-8: a longer one is cut and keeps its extension and a hash of the whole, so that two
    long names stay apart. Raises UnsafeName when nothing is left of the file name, or when the path passes 900 bytes.
    ``safe_path("", x)`` of a segment it returned is that segment again.
    """
    folders = [folder for part in SEPARATORS.split(directory) if (folder := safe_segment(part))]
    name = safe_segment(SEPARATORS.sub("-", file_name))
    if not name:
        raise UnsafeName(_("The file name is empty. Give it a pattern that always writes something, such as {{ object.pk }}.xml"))
    path = "/".join([*folders, name])
    if len(path.encode()) > MAX_PATH:
        raise UnsafeName(
            _("The path has %(size)d bytes, and %(limit)d are possible. Use fewer or shorter folders.")
            % {"size": len(path.encode()), "limit": MAX_PATH}
        )
    return path


def safe_segment(text: str) -> str:
    """One folder or file name, or "" when nothing is left of it."""
    text = "".join(" " if char.isspace() else char for char in text)
    text = "".join(char for char in text if char in JOINERS or unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
    # After the dropping: what stood between two characters may have kept them from composing.
    text = unicodedata.normalize("NFC", text)
    text = SEPARATORS.sub("-", FORBIDDEN.sub("-", text))
    text = re.sub(r"\s+", " ", text).strip(" ").rstrip(". ")
    # A leading dash reads as an option, a tilde as a home directory, a dot hides the file from the partner.
    if text.startswith(("-", ".", "~")) or RESERVED.fullmatch(text):
        text = f"_{text}"
    return shortened(text)


def shortened(segment: str) -> str:
    """``segment`` within MAX_SEGMENT bytes; what is cut off lives on in eight hex digits before the extension."""
    if len(segment.encode()) <= MAX_SEGMENT:
        return segment
    stem, dot, extension = segment.rpartition(".")
    if not stem or " " in extension or len(extension.encode()) > MAX_EXTENSION:
        stem, dot, extension = segment, "", ""
    tail = f"-{hashlib.sha256(segment.encode()).hexdigest()[:8]}{dot}{extension}"
    kept = stem.encode()[: MAX_SEGMENT - len(tail.encode())].decode(errors="ignore")
    return kept.rstrip(". ") + tail


def comparable(path: str) -> str:
    """What two paths have in common when a partner's disk that ignores case would take them for the same file."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
