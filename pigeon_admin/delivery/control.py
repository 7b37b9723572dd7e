"""What a person may do with deliveries: send again, send anew rendered, cancel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pigeon_admin.models import Delivery, Package
from pigeon_admin.models.deliveries import DeliveryQuerySet
from pigeon_admin.models.outbox import Match, enter, outbox_alias
from pigeon_admin.nudge import nudge_on_commit

State = Delivery.State


@dataclass
class Counts:
    """``done``: how many did. ``refused``: how many did not, by the reason in words."""

    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def retry(deliveries: DeliveryQuerySet) -> Counts:
    """Make deliveries due now, with the frozen bytes and the current credentials, and a full number of attempts."""
    counts = Counts()
    for delivery in deliveries.select_related("package"):
        if delivery.state == State.SUPERSEDED:
            counts.refused[_("superseded by a newer version")] += 1
            continue
        if delivery.state == State.SENDING:
            counts.refused[_("being sent right now")] += 1
            continue
        now = timezone.now()
        row = Delivery.objects.using(delivery._state.db).filter(pk=delivery.pk)
        with transaction.atomic(using=delivery._state.db):
            if delivery.state == State.WAITING:
                moved = row.waiting().update(due_at=now)
            else:
                moved = row.move(State.WAITING, reason="", due_at=now, attempts_made=0, settled_at=None)
            if moved and delivery.package.built_at is None:
                Package.objects.using(delivery._state.db).filter(pk=delivery.package_id).update(error="")
            if moved:
                nudge_on_commit(outbox_alias())
        if moved:
            counts.done += 1
        else:
            counts.refused[_("changed meanwhile")] += 1
    return counts


def rebuild(deliveries: DeliveryQuerySet) -> Counts:
    """Send the object as it is now: a new package for the same destinations, whatever the conditions say."""
    counts = Counts()
    for package, group in by_package(deliveries):
        model = package.rule.model_class
        if model is None or not model._base_manager.using(package._state.db).filter(pk=package.object_pk).exists():
            counts.refused[_("the object does not exist any more")] += len(group)
            continue
        match = Match(
            rule_id=package.rule_id,
            model=package.model,
            object_pk=package.object_pk,
            object_repr=package.object_repr,
            event=Package.Event.MANUAL,
            destination_ids=tuple(sorted(each.destination_id for each in group)),
            moment=timezone.now(),
            verdict={"again": str(package.pk)},
        )
        with transaction.atomic(using=package._state.db):
            enter(match, open_key=None)
            nudge_on_commit(outbox_alias())
        counts.done += len(group)
    return counts


def by_package(deliveries: DeliveryQuerySet) -> list[tuple[Package, list[Delivery]]]:
    """Deliveries grouped by their package, oldest first."""
    groups: dict[int, tuple[Package, list[Delivery]]] = {}
    for delivery in deliveries.select_related("package__rule").order_by("pk"):
        groups.setdefault(delivery.package_id, (delivery.package, []))[1].append(delivery)
    return list(groups.values())


def cancel(deliveries: DeliveryQuerySet) -> Counts:
    """Settle waiting and failed deliveries without sending them."""
    counts = Counts()
    refusals = {
        State.SENDING: _("being sent right now"),
        State.SENT: _("already sent"),
        State.CANCELLED: _("already cancelled"),
        State.SUPERSEDED: _("superseded by a newer version"),
    }
    for delivery in deliveries:
        row = Delivery.objects.using(delivery._state.db).filter(pk=delivery.pk)
        if row.move(State.CANCELLED, reason=_("Cancelled by hand."), settled_at=timezone.now()):
            counts.done += 1
        else:
            counts.refused[refusals.get(State(delivery.state), _("changed meanwhile"))] += 1
    return counts
