"""Signs of life of django-q2's worker processes."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

from django.utils import timezone
from django_q.conf import Conf
from django_q.signals import post_spawn, pre_execute

from pigeon_admin.delivery.leases import Beat, dead_work, new_owner
from pigeon_admin.models import WorkerHeartbeat
from pigeon_admin.models.outbox import outbox_alias
from pigeon_admin.nudge import nudge
from pigeon_admin.selection.rulebook import shelf

logger = logging.getLogger("pigeon_admin.tasks")

INTERVAL = 15.0  # seconds between signs of life; a worker counts as alive for four of them


class Life:
    """The sign of life of this worker process."""

    def __init__(self) -> None:
        self.name = new_owner()
        self.started_at = timezone.now()

    def show(self) -> None:
        """Write it."""
        known = {
            "cluster": str(Conf.CLUSTER_NAME),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": self.started_at,
            "seen_at": timezone.now(),
        }
        WorkerHeartbeat.objects.using(outbox_alias()).update_or_create(name=self.name, defaults=known)

    def beat(self) -> None:
        """Show it, and look after others: a cluster that died leaves nobody behind who would start with a push."""
        self.show()
        if dead_work().exists():
            nudge()


def worker_started(**kwargs: Any) -> None:
    """post_spawn, in the new worker process: show that it lives, and begin with a push, which takes up what a dead one left."""
    life = Life()
    try:
        life.show()
    except Exception as error:
        logger.warning("A worker could not show that it is alive: %s", error)
    Beat(life.beat, INTERVAL, "pigeon worker heartbeat").start()
    nudge()


def task_starts(**kwargs: Any) -> None:
    """pre_execute: the rules are looked at here, so that saves in the task need not."""
    shelf.current()


def connect() -> None:
    """Listen to django-q2."""
    post_spawn.connect(worker_started, dispatch_uid="pigeon_admin.worker_started")
    pre_execute.connect(task_starts, dispatch_uid="pigeon_admin.task_starts")
