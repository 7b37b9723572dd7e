"""Whether deliveries go out: what `pigeon_check` and the check task say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pigeon_admin.conf import settings
from pigeon_admin.models import Delivery, WorkerHeartbeat
from pigeon_admin.models.outbox import outbox_alias


@dataclass(frozen=True)
class Health:
    """``level``: 0 fine, 1 something waits too long, 2 alarm. ``line``: one sentence that says what.

    ``kinds``: which troubles there are, of "failed", "no worker", "late", "too late".
    """

    level: int
    line: str
    kinds: frozenset[str] = frozenset()


def health() -> Health:
    """The state of the queue and its workers now."""
    alias, now = outbox_alias(), timezone.now()
    deliveries = Delivery.objects.using(alias)
    failed = deliveries.filter(state=Delivery.State.FAILED).count()
    alive = WorkerHeartbeat.objects.using(alias).filter(seen_at__gte=now - timedelta(seconds=WorkerHeartbeat.ALIVE_FOR)).exists()
    # Waiting since it was created, whether it is due or in between two attempts: the partner does not have it.
    unsent = deliveries.filter(state__in=[Delivery.State.WAITING, Delivery.State.SENDING])
    oldest = unsent.order_by("created_at").values_list("created_at", flat=True).first()
    age = (now - oldest).total_seconds() if oldest is not None else 0
    alarms = []
    kinds = {"failed": bool(failed), "no worker": not alive}
    kinds |= {"late": age > settings.CHECK_OLD_AGE, "too late": age > settings.CHECK_TOO_OLD_AGE}
    found = frozenset(kind for kind, there in kinds.items() if there)
    if failed:
        alarms.append(ngettext("%d delivery failed", "%d deliveries failed", failed) % failed)
    if not alive:
        alarms.append(_("no worker is alive (start one: python manage.py qcluster)"))
    waits = ""
    if oldest is not None and age > settings.CHECK_OLD_AGE:
        late = unsent.filter(created_at__lt=now - timedelta(seconds=settings.CHECK_OLD_AGE)).count()
        waits = ngettext(
            "%(n)d delivery is late, waiting for %(age)s", "%(n)d deliveries are late, the oldest waiting for %(age)s", late
        ) % {
            "n": late,
            "age": timesince(oldest, now),
        }
    if age > settings.CHECK_TOO_OLD_AGE:
        alarms.append(waits)
    if alarms:
        return Health(2, _("Alarm: %s") % "; ".join(alarms), found)
    if waits:
        return Health(1, _("Warning: %s") % waits, found)
    return Health(0, _("Fine: nothing is late, nothing failed, a worker is alive"))
