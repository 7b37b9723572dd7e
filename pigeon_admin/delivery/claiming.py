"""Claiming due deliveries of one destination, so that nobody else sends the same at the same time."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, connections, models, transaction
from django.utils import timezone

from pigeon_admin.conf import settings
from pigeon_admin.delivery.leases import lease_end
from pigeon_admin.models import Delivery
from pigeon_admin.models.deliveries import DeliveryQuerySet
from pigeon_admin.models.outbox import close, outbox_alias

State = Delivery.State


def due(alias: str) -> DeliveryQuerySet:
    """Deliveries that could be sent now: their time has come, and of their lane nothing is in flight."""
    deliveries = Delivery.objects.using(alias)
    in_flight = models.Exists(deliveries.filter(flight_key=models.OuterRef("lane")))
    return deliveries.waiting().filter(~in_flight, due_at__lte=timezone.now())


def destinations_with_work(alias: str, exclude: Iterable[int]) -> list[int]:
    """Destinations that have due deliveries, the longest-waiting first."""
    rows = due(alias).exclude(destination_id__in=list(exclude)).values("destination_id").annotate(oldest=models.Min("due_at"))
    return [row["destination_id"] for row in rows.order_by("oldest")]


def claim(destination_id: int, owner: str) -> list[Delivery]:
    """Lease up to CLAIM due deliveries of a destination to ``owner``, oldest first, and close their packages.

    Of one object and rule only the newest is sent: older ones are superseded here. The unique flight key makes sure that of one
    lane only one is in flight, whatever two workers do at the same moment. When this returns, all of it is committed: a save
    from then on opens a new package, and whoever reads the object from then on sees every save that went into this one.
    """
    alias = outbox_alias()
    rows = due(alias).filter(destination_id=destination_id).order_by("due_at", "pk").select_related("package")
    if connections[alias].features.has_select_for_update_skip_locked:
        # Of the packages too: one that a long transaction of the host has saved into is left for later, not waited for.
        rows = rows.select_for_update(skip_locked=True)
    with transaction.atomic(using=alias):
        candidates = list(rows[: settings.CLAIM])
        if not candidates:
            return []
        mine = lease(supersede(candidates, alias), owner, alias)
        close((each.package_id for each in candidates), alias)
    return mine or claim_again(destination_id, owner, candidates)


def claim_again(destination_id: int, owner: str, candidates: list[Delivery]) -> list[Delivery]:
    """All candidates were superseded or busy: look behind them, unless nothing moved, so that this ends."""
    still = set(due(outbox_alias()).filter(pk__in=[each.pk for each in candidates]).values_list("pk", flat=True))
    return claim(destination_id, owner) if len(still) < len(candidates) else []


def supersede(candidates: list[Delivery], alias: str) -> list[Delivery]:
    """Settle candidates that a newer delivery of the same lane makes pointless, and answer the others."""
    lanes = {each.lane for each in candidates}
    newer = Delivery.objects.using(alias).filter(lane__in=lanes).exclude(state__in=[State.CANCELLED, State.FAILED])
    newest = dict(newer.values_list("lane").annotate(models.Max("pk")))
    rest = []
    for each in candidates:
        if newest.get(each.lane, each.pk) > each.pk:
            supersede_by(each, newest[each.lane], alias)
        else:
            rest.append(each)
    return rest


def supersede_by(delivery: Delivery, newer_pk: int, alias: str) -> None:
    """Settle one delivery: a newer version of the same object is on its way or there."""
    reason = f"A newer version of the same object takes its place: delivery {newer_pk}."
    Delivery.objects.using(alias).filter(pk=delivery.pk).move(State.SUPERSEDED, reason=reason, settled_at=timezone.now())


def lease(chosen: list[Delivery], owner: str, alias: str) -> list[Delivery]:
    """Move the chosen to sending and answer those that are ours now, with all that sending needs already read."""
    taken = {"lease_owner": owner, "lease_until": lease_end(), "started_at": timezone.now()}
    keys = [each.pk for each in chosen]
    if not keys:
        return []
    rows = Delivery.objects.using(alias)
    try:
        with transaction.atomic(using=alias):
            rows.filter(pk__in=keys).move(State.SENDING, attempts_made=models.F("attempts_made") + 1, **taken)
    except IntegrityError:
        # Another worker put one of these lanes in flight meanwhile: find out which, one by one.
        for key in keys:
            try:
                with transaction.atomic(using=alias):
                    rows.filter(pk=key).move(State.SENDING, attempts_made=models.F("attempts_made") + 1, **taken)
            except IntegrityError:
                continue
    mine = rows.filter(pk__in=keys, lease_owner=owner, state=State.SENDING)
    return list(mine.select_related("package").order_by("due_at", "pk"))
