"""Switching the rules off for a stretch of code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

off: ContextVar[bool] = ContextVar("pigeon_admin_disabled", default=False)


@contextmanager
def disabled() -> Iterator[None]:
    """Within this block, in this thread or task, saves and deletes are not judged: for imports, fixtures, repairs."""
    token = off.set(True)
    try:
        yield
    finally:
        off.reset(token)
