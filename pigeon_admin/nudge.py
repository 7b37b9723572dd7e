"""Waking a worker as soon as there is something to send."""

from __future__ import annotations

import logging
import threading
import time

from django.db import connections, transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

from pigeon_admin.conf import settings

logger = logging.getLogger("pigeon_admin.nudge")

TASK = "pigeon_admin.tasks.push"
ENOUGH_QUEUED = 10  # tasks waiting in the broker: nobody is fetching them, one more wakes nobody


class Throttle:
    """Lets one call through in ``NUDGE_INTERVAL`` seconds and process."""

    def __init__(self) -> None:
        self.last = float("-inf")
        self.lock = threading.Lock()

    def admit(self) -> bool:
        """Whether this call may go through."""
        with self.lock:
            now = time.monotonic()
            if now - self.last < settings.NUDGE_INTERVAL:
                return False
            self.last = now
            return True


throttle = Throttle()


def nudge() -> None:
    """Enqueue one push, or do nothing. A broker that is down is no error for the host: the scheduled push is the guarantee."""
    if not settings.NUDGE or not throttle.admit():
        return
    try:
        broker = get_broker()
        if broker.queue_size() < ENOUGH_QUEUED:
            async_task(TASK, broker=broker)
    except Exception as error:
        logger.warning("No worker could be woken; the scheduled push will send what waits: %s", error)


def nudge_on_commit(using: str) -> None:
    """Nudge when the caller's transaction commits, once for it however much it selected."""
    connection = connections[using]
    if not any(entry[1] is nudge for entry in connection.run_on_commit[-3:]):
        transaction.on_commit(nudge, using=using, robust=True)
