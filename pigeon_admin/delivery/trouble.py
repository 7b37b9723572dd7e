"""Telling the site's administrators: an ERROR, which mail_admins reports, once per trouble and not once per row."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from pigeon_admin.delivery.results import Result
from pigeon_admin.models import Attempt, Destination, DestinationState

logger = logging.getLogger("pigeon_admin.delivery")

Outcome = Attempt.Outcome
GAVE_UP = "gave up"
QUIET = timedelta(hours=1)  # the same kind of trouble is told again after so long, though it came and went in between


def report_builds(results: Sequence[Result], alias: str) -> None:
    """Packages that could not be built, before their attempts are written: ERROR for a rule that failed to build nothing for an hour.

    Not for each reason: a reason may name the object, and a hundred objects without their file are one trouble.
    """
    for reason in {each.reason for each in results if each.ours}:
        logger.warning("A package could not be built: %s", reason)
    troubles = {each.delivery.package.rule_id: each for each in reversed(results) if each.outcome == Outcome.BUILD}
    for rule_id, result in troubles.items():
        same = Attempt.objects.using(alias).filter(
            outcome=Outcome.BUILD,
            started_at__gte=timezone.now() - QUIET,
            delivery__package__rule_id=rule_id,
        )
        level = logging.INFO if same.exists() else logging.ERROR
        logger.log(level, "A package of rule “%s” could not be built: %s", result.delivery.package.rule, result.reason)


def report_destinations(results: Sequence[Result], alias: str) -> None:
    """Note last success and last error of each destination, and tell of a trouble when it begins or changes its kind.

    A temporary error is no more than a WARNING: it is tried again, and check alarms when that takes too long.
    """
    for destination_id in {result.delivery.destination_id for result in results}:
        mine = [
            result
            for result in results
            if result.delivery.destination_id == destination_id and result.outcome != Outcome.BUILD and not result.ours
        ]
        if not mine:
            continue
        health: dict[str, Any] = {}
        told = DestinationState.objects.using(alias).filter(pk=destination_id).first()
        for result in mine:
            if result.outcome == Outcome.SENT:
                health["last_success_at"] = result.finished
            else:
                kind = GAVE_UP if result.failed and result.outcome == Outcome.TEMPORARY else str(result.outcome)
                if health.get("last_trouble") != kind:
                    tell(destination_id, kind, result, lasts=lasting(told, kind))
                health |= {"last_error_at": result.finished, "last_error": result.reason, "last_trouble": kind}
        DestinationState.objects.using(alias).update_or_create(pk=destination_id, defaults=health)


def tell(destination_id: int, kind: str, result: Result, *, lasts: bool) -> None:
    """Write it to the log."""
    level = logging.WARNING if kind == Outcome.TEMPORARY else logging.ERROR
    name = Destination.objects.filter(pk=destination_id).values_list("name", flat=True).first()
    logger.log(logging.INFO if lasts else level, "Destination “%s”: %s", name, result.reason)


def lasting(health: DestinationState | None, kind: str) -> bool:
    """Whether this kind of trouble was there before: it has not been well since, or was in the same trouble a short while ago."""
    if health is None or health.last_trouble != kind or health.last_error_at is None:
        return False
    recovered = health.last_success_at is not None and health.last_success_at > health.last_error_at
    return not recovered or timezone.now() - health.last_error_at < QUIET
