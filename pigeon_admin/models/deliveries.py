"""The ledger: packages, their deliveries with the one state machine, and every attempt."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations import Destination
from pigeon_admin.models.rules import Rule

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


def digest_of(*parts: object) -> str:
    """64 hex digits that name the given parts together; lengths are hashed too, so ("ab", "c") is not ("a", "bc")."""
    text = "".join(f"{len(str(part))}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


class Package(models.Model):
    """The documents of one object for one rule: first open (saves are coalesced into it), then closed and built, bytes frozen."""

    class Event(models.TextChoices):
        CREATE = "create", _("created")
        UPDATE = "update", _("changed")
        DELETE = "delete", _("deleted")
        MANUAL = "manual", _("sent by hand")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rule = models.ForeignKey(Rule, verbose_name=_("rule"), on_delete=models.PROTECT, related_name="packages")
    model = models.CharField(_("content"), max_length=201)
    object_pk = models.CharField(_("object id"), max_length=500)
    object_repr = models.CharField(_("object"), max_length=200)
    event = models.CharField(_("event"), max_length=10, choices=Event)
    open_key = models.CharField(max_length=64, unique=True, null=True, editable=False)
    revision = models.PositiveIntegerField(_("saves"), default=1, help_text=_("How many saves this package stands for."))
    verdict = models.JSONField(_("why"), default=dict, blank=True)
    documents = models.JSONField(
        _("files"),
        default=list,
        blank=True,
        help_text="[{name, size, sha256, media_type, stored}] once built; frozen from then on.",
    )
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    error = models.TextField(_("error"), blank=True, help_text=_("Why it could not be built."))
    created_at = models.DateTimeField(_("created"))
    changed_at = models.DateTimeField(_("last save"))
    built_at = models.DateTimeField(_("built"), null=True, blank=True)

    if TYPE_CHECKING:
        deliveries: RelatedManager[Delivery]

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["model", "object_pk"], name="pigeon_package_object"),
            models.Index(fields=["created_at"], name="pigeon_package_created"),
        ]

    def __str__(self) -> str:
        return f"{self.object_repr} ({self.rule_id}/{self.pk})"

    @staticmethod
    def key_of(rule_id: object, model: str, object_pk: object) -> str:
        """The ``open_key`` of the package in which saves of this object for this rule are coalesced."""
        return digest_of(rule_id, model, object_pk)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Every change of state goes through ``move``; nothing else writes ``Delivery.state``."""

    def move(self, to: Delivery.State, **also: Any) -> int:
        """Move those rows that may go to ``to``, as one compare-and-set UPDATE, and answer how many did.

        What a state implies is set here: in flight means a lease and the lane's only flight key; anything else means neither.
        """
        origins = [state for state, targets in Delivery.MOVES.items() if to in targets]
        if to == Delivery.State.SENDING:
            also.setdefault("flight_key", models.F("lane"))
        else:
            also |= {"flight_key": None, "lease_owner": "", "lease_until": None}
        return self.filter(state__in=origins).update(state=to, **also)

    def waiting(self) -> Self:
        return self.filter(state=Delivery.State.WAITING)

    def settled(self) -> Self:
        """Rows that will never move by themselves and need nobody. A failed row is not settled: it waits for a person."""
        return self.filter(state__in=Delivery.SETTLED)


class Delivery(models.Model):
    """One package for one destination: the outbox row."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        SUPERSEDED = "superseded", _("Superseded")

    # The state machine. From SENT and CANCELLED a person may send again; a superseded row stays what it is.
    MOVES: dict[State, frozenset[State]] = {
        State.WAITING: frozenset({State.SENDING, State.FAILED, State.CANCELLED, State.SUPERSEDED}),
        State.SENDING: frozenset({State.WAITING, State.SENT, State.FAILED}),
        State.SENT: frozenset({State.WAITING}),
        State.FAILED: frozenset({State.WAITING, State.CANCELLED, State.SUPERSEDED}),
        State.CANCELLED: frozenset({State.WAITING}),
        State.SUPERSEDED: frozenset(),
    }
    SETTLED = (State.SENT, State.CANCELLED, State.SUPERSEDED)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Its own index would be idle: the unique constraint below begins with it.
    package = models.ForeignKey(
        Package, verbose_name=_("package"), on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    destination = models.ForeignKey(
        Destination, verbose_name=_("destination"), on_delete=models.PROTECT, related_name="deliveries"
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it is in this state, in words."))
    due_at = models.DateTimeField(_("due"))
    attempts_made = models.PositiveIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    lane = models.CharField(
        max_length=64, editable=False, help_text="Names rule, object and destination: one in flight, newer wins."
    )
    flight_key = models.CharField(
        max_length=64, unique=True, null=True, editable=False, help_text="The lane while in flight, else NULL."
    )
    lease_owner = models.CharField(max_length=100, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the attempt in flight began.")

    objects = DeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        attempts: RelatedManager[Attempt]

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["package", "destination"], name="pigeon_delivery_once")]
        indexes = [
            models.Index(fields=["state", "destination", "due_at"], name="pigeon_delivery_due"),
            models.Index(fields=["lane", "id"], name="pigeon_delivery_lane"),
            models.Index(fields=["state", "lease_until"], name="pigeon_delivery_lease"),
            models.Index(fields=["state", "settled_at"], name="pigeon_delivery_settled"),
            models.Index(fields=["created_at"], name="pigeon_delivery_created"),
        ]

    def __str__(self) -> str:
        return f"{self.package.object_repr} → {self.destination}"

    @staticmethod
    def lane_of(rule_id: object, model: str, object_pk: object, destination_id: object) -> str:
        """The lane of this object, rule and destination."""
        return digest_of(rule_id, model, object_pk, destination_id)


class Attempt(models.Model):
    """One try of a delivery, and what the partner's server said."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("Sent")
        TEMPORARY = "temporary", _("Temporary error")
        PERMANENT = "permanent", _("Permanent error")
        CREDENTIALS = "credentials", _("Login refused")
        IDENTITY = "identity", _("Server not recognised")
        BUILD = "build", _("Could not be built")
        INTERRUPTED = "interrupted", _("Interrupted: the worker stopped")

    delivery = models.ForeignKey(Delivery, verbose_name=_("delivery"), on_delete=models.CASCADE, related_name="attempts")
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    error = models.TextField(_("error"), blank=True)
    bytes_sent = models.PositiveBigIntegerField(_("bytes"), default=0)
    proof = models.JSONField(_("proof"), default=dict, blank=True)
    worker = models.CharField(_("worker"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} ({self.started_at:%Y-%m-%d %H:%M:%S})"
