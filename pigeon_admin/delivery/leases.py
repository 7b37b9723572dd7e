"""Who is sending what: leases that a heartbeat keeps alive, and the taking up of what dead workers held."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from django.db import close_old_connections, connections, transaction
from django.db.models import F
from django.utils import timezone

from pigeon_admin.conf import settings
from pigeon_admin.models import Attempt, Delivery
from pigeon_admin.models.deliveries import DeliveryQuerySet
from pigeon_admin.models.outbox import outbox_alias
from pigeon_admin.retry import policy

logger = logging.getLogger("pigeon_admin.delivery")


def new_owner() -> str:
    """A name for one push run, unique among all hosts and runs, at most 100 characters."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def lease_end() -> datetime:
    """When a lease taken or renewed now ends."""
    return timezone.now() + timedelta(seconds=settings.LEASE)


class Beat(threading.Thread):
    """Calls ``action`` every ``interval`` seconds in a thread of its own, with a database connection of its own, until stopped."""

    def __init__(self, action: Callable[[], object], interval: float, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.action = action
        self.interval = interval
        self.stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self.stopping.wait(self.interval):
                try:
                    close_old_connections()
                    self.action()
                except Exception as error:  # a database away for a moment must not end the beat
                    logger.warning("A heartbeat could not be written: %s", error)
        finally:
            connections.close_all()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self.stopping.set()
        self.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def renew(owner: str) -> int:
    """Prolong the leases of a push run; answers how many rows it holds."""
    held = Delivery.objects.using(outbox_alias()).filter(lease_owner=owner, state=Delivery.State.SENDING)
    return held.update(lease_until=lease_end())


def dead_work() -> DeliveryQuerySet:
    """Deliveries in flight whose worker has stopped renewing its lease."""
    return Delivery.objects.using(outbox_alias()).filter(state=Delivery.State.SENDING, lease_until__lt=timezone.now())


def take_up_dead_work() -> int:
    """Put back what workers held that have stopped renewing their leases, and record the attempt that they could not."""
    return sum(
        put_back(delivery, "The worker stopped before it could report this delivery as sent. It is sent again.")
        for delivery in list(dead_work())
    )


def release(owner: str, reason: str) -> int:
    """Put back what a push run still holds when it has to stop."""
    held = Delivery.objects.using(outbox_alias()).filter(state=Delivery.State.SENDING, lease_owner=owner)
    return sum(put_back(delivery, reason) for delivery in list(held))


def give_back(deliveries: Iterable[Delivery], owner: str) -> None:
    """Put back what was claimed and not tried: it stays due, and no attempt is counted."""
    keys = [delivery.pk for delivery in deliveries]
    if keys:
        held = Delivery.objects.using(outbox_alias()).filter(pk__in=keys, lease_owner=owner)
        held.move(Delivery.State.WAITING, attempts_made=F("attempts_made") - 1)


def put_back(delivery: Delivery, reason: str) -> int:
    """One delivery from sending to waiting, its attempt recorded as interrupted; 0 when somebody else has moved it meanwhile.

    A delivery that has killed its worker as often as it may be attempted is failed, or it would go on for ever. One that was
    interrupted before goes by the back-off, whose jitter parts the killer from those that were claimed together with it.
    """
    now = due_at = timezone.now()
    over = delivery.attempts_made >= settings.MAX_PUSH_ATTEMPTS
    row = Delivery.objects.using(delivery._state.db).filter(
        pk=delivery.pk, lease_owner=delivery.lease_owner, lease_until=delivery.lease_until
    )
    interrupted = Attempt.objects.using(delivery._state.db).filter(delivery=delivery, outcome=Attempt.Outcome.INTERRUPTED)
    if not over and interrupted.exists():
        due_at += timedelta(seconds=policy().delay(delivery.attempts_made) or 0)
    with transaction.atomic(using=delivery._state.db):
        if over:
            moved = row.move(Delivery.State.FAILED, reason=f"The worker stopped at every attempt. Last: {reason}", settled_at=now)
        else:
            moved = row.move(Delivery.State.WAITING, reason=reason, due_at=due_at)
        if moved:
            Attempt.objects.using(delivery._state.db).create(
                delivery_id=delivery.pk,
                started_at=delivery.started_at or now,
                finished_at=now,
                outcome=Attempt.Outcome.INTERRUPTED,
                error=reason,
                worker=delivery.lease_owner,
            )
    return moved


class ForeignLeases:
    """The leases of others that a push run saw: it stays until each has ended or shown that its owner lives."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.alive: set[str] = set()
        self.watched: dict[str, datetime] = {}

    def pending(self) -> bool:
        """Whether there is still a lease of somebody who may be dead."""
        rows = Delivery.objects.using(outbox_alias()).filter(state=Delivery.State.SENDING).exclude(lease_owner=self.owner)
        seen = dict(rows.order_by("lease_until").values_list("lease_owner", "lease_until"))
        for owner, until in seen.items():
            if owner in self.watched and until is not None and until > self.watched[owner]:
                self.alive.add(owner)
            elif until is not None:
                self.watched.setdefault(owner, until)
        return any(owner not in self.alive for owner in seen)
