"""What an HTTP server answered, read the way the next attempt needs it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

LONGEST_WAIT = 7 * 24 * 3600.0  # seconds; a server that asks for more is mistaken


@dataclass(frozen=True)
class Answer:
    """``headers``: looked up without regard to case. ``text``: the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    text: str


def retry_after(value: str | None, now: float | None = None) -> float | None:
    """Seconds to wait from a Retry-After header: a number of seconds, or a date; None if there is none or it makes no sense."""
    if not value:
        return None
    value = value.strip()
    if value.isdecimal():
        seconds = float(value[:12])
    else:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now)
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def words_of(status: int) -> str:
    """The usual phrase for a status ("Not Found"), or ""."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
