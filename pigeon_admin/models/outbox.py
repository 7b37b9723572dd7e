"""The outbox: how a match becomes a package with its deliveries, losing no save on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, router, transaction

from pigeon_admin.models.deliveries import Delivery, DeliveryQuerySet, Package


@dataclass(frozen=True)
class Match:
    """One object that one rule lets through, as plain values. ``destination_ids`` in the order of the rule."""

    rule_id: int
    model: str
    object_pk: str
    object_repr: str
    event: str
    destination_ids: tuple[int, ...]
    moment: datetime
    verdict: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""  # why the rule could not judge or the documents not be written: the rows are failed ones

    @property
    def key(self) -> str:
        """The ``open_key`` under which further saves of this object are coalesced."""
        return Package.key_of(self.rule_id, self.model, self.object_pk)


def outbox_alias() -> str:
    """The one database of our tables."""
    return router.db_for_write(Package)


def coalesce(match: Match) -> Package | None:
    """Make the open package stand for this save too, or open one; None when an open one was there.

    Update first, insert if there was nothing to update, and if somebody else was quicker with the insert, update again. A look
    before the insert would let a worker close the package in between, and the save would be lost.
    """
    alias = outbox_alias()
    for last_try in (False, False, False, True):
        if renew(match, alias):
            return None
        try:
            with transaction.atomic(using=alias):
                return enter(match, open_key=match.key)
        except IntegrityError:
            if last_try:
                raise
    return None


def renew(match: Match, alias: str) -> bool:
    """Count this save into the open package; False when there is none."""
    now_stands_for = {
        "revision": models.F("revision") + 1,
        "changed_at": match.moment,
        "object_repr": match.object_repr,
        "verdict": dict(match.verdict),
    }
    packages = Package.objects.using(alias).filter(open_key=match.key)
    if packages.filter(error="").update(**now_stands_for, error=match.problem):
        package = packages.get()
    elif packages.update(**now_stands_for, error=match.problem):
        package = packages.get()
        if not match.problem:
            # It failed before it was built (its rule was broken, say) and this save is judged well again.
            of_package(package).filter(state=Delivery.State.FAILED).move(
                Delivery.State.WAITING, reason="", due_at=match.moment, attempts_made=0, settled_at=None
            )
    else:
        return False
    if match.problem:
        of_package(package).waiting().move(Delivery.State.FAILED, reason=match.problem, settled_at=match.moment)
    present = set(package.deliveries.values_list("destination_id", flat=True))
    for missing in (pk for pk in match.destination_ids if pk not in present):
        # Under REPEATABLE READ, MariaDB hides from us what another transaction has added since ours began.
        with suppress(IntegrityError), transaction.atomic(using=alias):
            add_deliveries(package, match, [missing])
    return True


def close(package_ids: Iterable[int], alias: str) -> None:
    """From now on saves of these objects open packages of their own.

    Whoever claims a delivery, or settles a waiting one, closes its package in the same transaction: a save that were counted
    into a package of which nothing waits any more would be lost.
    """
    Package.objects.using(alias).filter(pk__in=set(package_ids), open_key__isnull=False).update(open_key=None)


def of_package(package: Package) -> DeliveryQuerySet:
    """The deliveries of a package, with the state machine at hand."""
    return Delivery.objects.using(package._state.db).filter(package=package)


def enter(match: Match, *, open_key: str | None, **also: Any) -> Package:
    """Insert a package and its deliveries; raises IntegrityError when ``open_key`` is taken."""
    package = Package.objects.using(outbox_alias()).create(
        rule_id=match.rule_id,
        model=match.model,
        object_pk=match.object_pk,
        object_repr=match.object_repr,
        event=match.event,
        open_key=open_key,
        verdict=dict(match.verdict),
        error=match.problem,
        created_at=match.moment,
        changed_at=match.moment,
        **also,
    )
    add_deliveries(package, match, match.destination_ids)
    return package


def add_deliveries(package: Package, match: Match, destination_ids: Iterable[int]) -> None:
    """Insert a delivery of the package for each destination."""
    failed = bool(match.problem)
    Delivery.objects.using(outbox_alias()).bulk_create(
        Delivery(
            package=package,
            destination_id=destination_id,
            state=Delivery.State.FAILED if failed else Delivery.State.WAITING,
            reason=match.problem,
            settled_at=match.moment if failed else None,
            due_at=match.moment,
            created_at=match.moment,
            lane=Delivery.lane_of(match.rule_id, match.model, match.object_pk, destination_id),
        )
        for destination_id in destination_ids
    )


def discard(package: Package) -> None:
    """Take back what this very transaction inserted: its last verdict is no."""
    package.deliveries.all().delete()
    package.delete()
