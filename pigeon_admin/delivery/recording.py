"""Recording what became of attempts: attempt and state in one transaction, in batches."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from pigeon_admin.delivery.results import Result
from pigeon_admin.delivery.trouble import report_builds, report_destinations
from pigeon_admin.models import Attempt, Delivery, Package
from pigeon_admin.models.outbox import of_package, outbox_alias
from pigeon_admin.retry import policy
from pigeon_admin.signals import delivery_failed, delivery_sent

logger = logging.getLogger("pigeon_admin.delivery")

BATCH = 50  # receipts
LONGEST = 1.0  # seconds that a receipt waits to be written: what a kill may cost is one more sending of so much
State = Delivery.State


class Recorder:
    """Collects results of one push run and writes them, at the latest when it is closed."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.alias = outbox_alias()
        self.results: list[Result] = []
        self.oldest = 0.0
        self.sent = 0
        self.failed = 0
        self.postponed = 0

    def add(self, result: Result) -> None:
        """Take a result; write all that have come together when there are many or the first has waited long."""
        if not self.results:
            self.oldest = time.monotonic()
        self.results.append(result)
        if len(self.results) >= BATCH or time.monotonic() - self.oldest >= LONGEST:
            self.flush()

    def flush(self) -> None:
        """Write what has been collected."""
        results, self.results = self.results, []
        if not results:
            return
        try:
            self.write(results)
        except BaseException:
            self.results = results + self.results  # a lock or a lost connection: the end of the run tries once more
            raise
        for result in results:
            announce(result)
        report_destinations(results, self.alias)

    def write(self, results: list[Result]) -> None:
        """Attempts and states in one transaction: all of them or none."""
        report_builds(results, self.alias)
        with transaction.atomic(using=self.alias):
            Attempt.objects.using(self.alias).bulk_create(self.attempt(result) for result in results)
            sent = [result for result in results if result.outcome == Attempt.Outcome.SENT]
            if sent:
                keys = [result.delivery.pk for result in sent]
                self.sent += self.mine(keys).move(State.SENT, reason="", settled_at=timezone.now())
            for result in results:
                if result.outcome != Attempt.Outcome.SENT:
                    self.not_sent(result)

    def mine(self, keys: list[int]) -> Any:
        """Those rows that are still ours: a run that lost its lease must not overrule the one that took over."""
        return Delivery.objects.using(self.alias).filter(pk__in=keys, lease_owner=self.owner)

    def attempt(self, result: Result) -> Attempt:
        return Attempt(
            delivery_id=result.delivery.pk,
            started_at=result.started,
            finished_at=result.finished,
            outcome=result.outcome,
            error=result.reason,
            bytes_sent=result.bytes_sent,
            proof=result.proof or {},
            worker=self.owner,
        )

    def not_sent(self, result: Result) -> None:
        """Back to waiting with a later due time where waiting may help and attempts are left, else failed."""
        row = self.mine([result.delivery.pk])
        delay = None
        if result.outcome == Attempt.Outcome.TEMPORARY:
            delay = policy().delay(result.delivery.attempts_made, asked=result.retry_after)
        if delay is not None:
            due_at = timezone.now() + timedelta(seconds=delay)
            self.postponed += row.move(State.WAITING, reason=result.reason, due_at=due_at)
        else:
            if result.outcome == Attempt.Outcome.TEMPORARY:
                result.reason = f"Given up after {result.delivery.attempts_made} tries. {result.reason}"
            moved = row.move(State.FAILED, reason=result.reason, settled_at=timezone.now())
            result.failed = bool(moved)
            self.failed += moved


def announce(result: Result) -> None:
    """Tell the host's receivers; one that raises is logged, and changes nothing for the others."""
    package = result.delivery.package
    known = {"delivery_id": result.delivery.pk, "destination_id": result.delivery.destination_id, "package_id": package.pk}
    if result.outcome == Attempt.Outcome.SENT:
        answers = delivery_sent.send_robust(Delivery, proof=result.proof or {}, **known)
    elif result.failed:
        answers = delivery_failed.send_robust(Delivery, reason=result.reason, **known)
    else:
        return
    for receiver, answer in answers:
        if isinstance(answer, Exception):
            logger.error("A receiver of a delivery signal failed: %r", receiver, exc_info=answer)


def fail_package(package: Package, reason: str) -> None:
    """The package cannot be built: every delivery of it that still waits is failed with the reason."""
    alias = package._state.db
    Package.objects.using(alias).filter(pk=package.pk, built_at=None).update(error=reason)
    of_package(package).waiting().move(State.FAILED, reason=reason, settled_at=timezone.now())


def drop_package(package: Package, reason: str) -> None:
    """The package is not wanted any more: every delivery of it that is not in flight is cancelled with the reason."""
    of_package(package).filter(state__in=[State.WAITING, State.FAILED]).move(
        State.CANCELLED, reason=reason, settled_at=timezone.now()
    )
