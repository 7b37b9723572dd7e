"""The places of our receivers among those of the host, whenever those were connected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models.signals import post_save, pre_save

BEFORE_SAVE, AFTER_SAVE = "pigeon_admin.before_save", "pigeon_admin.after_save"


def take_places() -> None:
    """Put our pre_save receiver behind those of the host, whenever they were connected, and our post_save receiver before them.

    So what the host's receivers set is judged, and a save inside one of them is known to be a part of this one.
    """
    if pre_save.receivers and pre_save.receivers[-1][0][0] != BEFORE_SAVE:
        reorder(pre_save, lambda receiver: receiver[0][0] == BEFORE_SAVE)
    if post_save.receivers and post_save.receivers[0][0][0] != AFTER_SAVE:
        reorder(post_save, lambda receiver: receiver[0][0] != AFTER_SAVE)


def reorder(signal: Any, key: Callable[[Any], bool]) -> None:
    """In one step: between a disconnect and a connect, another thread's save would go unseen."""
    with signal.lock:
        signal.receivers = sorted(signal.receivers, key=key)
        signal.sender_receivers_cache.clear()
