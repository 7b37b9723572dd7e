"""Where a condition gets the values it judges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal, Protocol

from pigeon_admin.conditions.paths import FieldPath


class Unknown(Enum):
    """The type of ``UNKNOWN``; an enum, so that type checkers can tell it from a value."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = Unknown.UNKNOWN

Values = Sequence[Any] | Literal[Unknown.UNKNOWN]


class Source(Protocol):
    """The values of one object at one save (or now).

    A list of values has one element for a single-valued path, and ``[None]`` where a relation leads nowhere. Values may still
    have the type in which somebody assigned them: conditions read them as the field would.
    """

    @property
    def created(self) -> bool | None:
        """Whether this save made the object; None: not known."""

    @property
    def moment(self) -> datetime:
        """The "now" of relative dates; aware, or naive in the site's time zone."""

    def now(self, path: FieldPath) -> Values:
        """The values as they are (or will be once saved), or UNKNOWN."""

    def before(self, path: FieldPath) -> Values:
        """The values before this save, or UNKNOWN. Not asked when ``created`` is True."""
