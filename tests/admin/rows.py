"""Rows of the ledger, written by hand."""

from __future__ import annotations

import itertools
from datetime import timedelta

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from pigeon_admin.models import Attempt, Delivery, Package
from tests.factories import make_dummy, make_rule

count = itertools.count(1)
STATES = Delivery.State


def add_package(rule=None, *, built=True, **fields):
    number, now = next(count), timezone.now()
    file = {"name": f"news/{number}.xml", "size": 3, "sha256": "ab" * 32, "media_type": "application/xml", "stored": "nowhere"}
    given = {
        "model": "newsdesk.Story",
        "object_pk": str(number),
        "object_repr": f"Story {number}",
        "event": Package.Event.UPDATE,
        "documents": [file] if built else [],
        "size": 3,
        "built_at": now if built else None,
        "created_at": now,
        "changed_at": now,
    }
    return Package.objects.create(rule=rule or make_rule(destinations=[]), **given | fields)


def add_delivery(state=STATES.WAITING, *, package=None, destination=None, age=timedelta(), **fields):
    moment = timezone.now() - age
    package = package or add_package()
    destination = destination or make_dummy()
    settled = None if state in (STATES.WAITING, STATES.SENDING) else moment
    lane = Delivery.lane_of(package.rule_id, package.model, package.object_pk, destination.pk)
    given = {"due_at": moment, "created_at": moment, "settled_at": settled, "lane": lane, "attempts_made": 1}
    if state == STATES.SENDING:
        given |= {"flight_key": lane, "lease_owner": "somebody", "lease_until": timezone.now() + timedelta(seconds=20)}
    return Delivery.objects.create(package=package, destination=destination, state=state, **given | fields)


def add_attempt(delivery, outcome=Attempt.Outcome.SENT, **fields):
    now = timezone.now()
    given = {"started_at": now - timedelta(seconds=2), "finished_at": now}
    return Attempt.objects.create(delivery=delivery, outcome=outcome, **given | fields)


def client_with(*permissions: str) -> Client:
    """Logged in as staff with just these permissions: "view_delivery", or with its app, "newsdesk.view_story"."""
    user = User.objects.create_user(f"staff-{next(count)}", is_staff=True)
    for permission in permissions:
        app, _dot, codename = permission.rpartition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app or "pigeon_admin", codename=codename))
    client = Client()
    client.force_login(user)
    return client


def messages_of(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])
