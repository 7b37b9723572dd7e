"""What a person may do with deliveries: send again, send anew rendered, cancel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pigeon_admin.models import Delivery, Package
from pigeon_admin.models.deliveries import DeliveryQuerySet
from pigeon_admin.models.outbox import Match, close, enter, outbox_alias
from pigeon_admin.nudge import nudge_on_commit

State = Delivery.State
BATCH = 500  # rows a transaction, so that "select all" of a long list keeps nobody waiting


@dataclass
class Counts:
    """``done``: how many did. ``refused``: how many did not, by the reason in words."""

    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def refuse(self, state: str, count: int) -> None:
        """Count rows that were in ``state`` and could not follow."""
        reasons = {
            State.WAITING: _("changed meanwhile"),
            State.SENDING: _("being sent right now"),
            State.SENT: _("already sent"),
            State.FAILED: _("changed meanwhile"),
            State.CANCELLED: _("already cancelled"),
            State.SUPERSEDED: _("superseded by a newer version"),
        }
        if count:
            self.refused[reasons[State(state)]] += count


def batches(deliveries: DeliveryQuerySet) -> Iterator[tuple[str, DeliveryQuerySet]]:
    """The chosen deliveries as (state they are in, rows), a few hundred at a time; chosen once, however they move meanwhile."""
    alias = outbox_alias()
    keys = list(deliveries.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        by_state: dict[str, list[int]] = {}
        for pk, state in Delivery.objects.using(alias).filter(pk__in=keys[start : start + BATCH]).values_list("pk", "state"):
            by_state.setdefault(state, []).append(pk)
        for state, group in by_state.items():
            yield state, Delivery.objects.using(alias).filter(pk__in=group)


def retry(deliveries: DeliveryQuerySet) -> Counts:
    """Make deliveries due now, with the frozen bytes and the current credentials, and a full number of attempts."""
    counts, alias = Counts(), outbox_alias()
    for state, rows in batches(deliveries):
        total, moved = rows.count(), 0
        fresh = {"reason": "", "due_at": timezone.now(), "attempts_made": 0}
        with transaction.atomic(using=alias):
            # A package that could not be built is built again.
            Package.objects.using(alias).filter(deliveries__in=rows, built_at=None).exclude(error="").update(error="")
            if state == State.WAITING:
                moved = rows.waiting().update(**fresh)
            elif state in (State.FAILED, State.SENT, State.CANCELLED):
                moved = rows.move(State.WAITING, settled_at=None, **fresh)
            if moved:
                nudge_on_commit(alias)
        counts.done += moved
        counts.refuse(state, total - moved)
    return counts


def cancel(deliveries: DeliveryQuerySet) -> Counts:
    """Settle waiting and failed deliveries without sending them."""
    counts, alias = Counts(), outbox_alias()
    for state, rows in batches(deliveries):
        total = rows.count()
        with transaction.atomic(using=alias):
            close(list(rows.waiting().values_list("package_id", flat=True)), alias)
            moved = rows.move(State.CANCELLED, reason=_("Cancelled by hand."), settled_at=timezone.now())
        counts.done += moved
        counts.refuse(state, total - moved)
    return counts


def rebuild(deliveries: DeliveryQuerySet) -> Counts:
    """Send the object as it is now: a new package for the same destinations, whatever the conditions say."""
    counts, alias = Counts(), outbox_alias()
    for package, group in by_package(deliveries):
        model = package.rule.model_class
        if model is None or not model._base_manager.using(alias).filter(pk=package.object_pk).exists():
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
        with transaction.atomic(using=alias):
            close([package.pk], alias)
            newer = enter(match, open_key=None)
            old = Delivery.objects.using(alias).filter(pk__in=[each.pk for each in group])
            reason = _("Rendered anew: package %d takes its place.") % newer.pk
            old.filter(state__in=[State.WAITING, State.FAILED]).move(State.SUPERSEDED, reason=reason, settled_at=match.moment)
            nudge_on_commit(alias)
        counts.done += len(group)
    return counts


def by_package(deliveries: DeliveryQuerySet) -> Iterator[tuple[Package, list[Delivery]]]:
    """Deliveries grouped by their package, oldest first."""
    groups: dict[int, list[Delivery]] = {}
    for delivery in deliveries.order_by("pk"):
        groups.setdefault(delivery.package_id, []).append(delivery)
    packages = Package.objects.using(outbox_alias()).select_related("rule")
    for package_id, group in groups.items():
        yield packages.get(pk=package_id), group
