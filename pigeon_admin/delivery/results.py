"""What became of one attempt, before it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from pigeon_admin.exceptions import TransportError, one_line
from pigeon_admin.models import Delivery

LONGEST_REASON = 2000  # characters


@dataclass
class Result:
    """What became of one attempt. Times are as the database takes them.

    ``retry_after``: seconds the partner asks to wait. ``failed``: for good. ``ours``: the fault is with this site.
    """

    delivery: Delivery
    outcome: str
    started: datetime
    finished: datetime
    reason: str = ""
    bytes_sent: int = 0
    proof: dict[str, Any] | None = None
    retry_after: float | None = None
    failed: bool = False
    ours: bool = False

    def __post_init__(self) -> None:
        # Whatever it repeats, the name of an object or a server's words: a row that cannot be written would stop the whole run.
        self.reason = one_line(self.reason, LONGEST_REASON)
        self.proof = writable(self.proof or {})


def writable(value: Any) -> Any:
    """The same JSON value, with texts that any database takes."""
    if isinstance(value, str):
        return one_line(value, LONGEST_REASON)
    if isinstance(value, Mapping):
        return {one_line(str(key)): writable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [writable(each) for each in value]
    return value


def result_of(delivery: Delivery, started: datetime, error: TransportError) -> Result:
    """The result of an attempt that ended with an error."""
    return Result(delivery, error.outcome, started, timezone.now(), str(error), retry_after=error.retry_after)
