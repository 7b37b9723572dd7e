"""What the tests of bad input share: a desk whose other rules and destinations must go on, and the tools of its operator."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.utils import timezone

from demo.partners import ftp, http, sftp
from demo.partners.partner import Partner
from pigeon_admin.delivery.control import retry
from pigeon_admin.delivery.push import Push
from pigeon_admin.models import Attempt, Delivery, Destination
from tests.factories import make_folder_destination, make_rule

KINDS: dict[str, ModuleType] = {"ftp": ftp, "sftp": sftp, "http": http}

count = itertools.count(1)


def destination_at(partner: Partner, **fields: Any) -> Destination:
    """A saved destination at a running partner server, with a short timeout."""
    known = {"host_key": partner.host_key} if partner.host_key else {}
    number = next(count)
    values = {"name": f"Partner {number}", "slug": f"partner-{number}", "timeout": 1, **known, **fields}
    destination = Destination.from_url(partner.url, **values)
    destination.save()
    return destination


def point(destination: Destination, partner: Partner) -> None:
    """Correct a destination, as an operator would, so that it leads to ``partner``."""
    right = Destination.from_url(partner.url)
    for name in ("host", "port", "username", "password", "url", "auth"):
        if hasattr(right, name):
            setattr(destination, name, getattr(right, name))
    if partner.host_key:
        destination.host_key = partner.host_key  # type: ignore[attr-defined]
    destination.timeout = 10
    destination.save()


def visible(folder: Path) -> dict[str, bytes]:
    """What a partner sees in its folder: hidden files are none of its business."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def push() -> None:
    Push().run()


def push_when_due() -> None:
    """As if the wait before the next attempt were over."""
    Delivery.objects.waiting().update(due_at=timezone.now())
    push()


def retry_once() -> None:
    """What the operator does once the cause is repaired: one click for all that failed or waits."""
    retry(Delivery.objects.filter(state__in=["failed", "waiting"]))
    push()


def in_words(reason: str) -> bool:
    """Whether a person can read it: a sentence on one line, no traceback, no repr of an exception."""
    return (
        bool(reason) and reason.isprintable() and not any(sign in reason for sign in ("Traceback", "Errno", "<class", "Error("))
    )


class Desk:
    """A newsroom with one healthy rule and folder beside whatever is wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.beside = folder / "beside"  # a healthy destination of the troubled rule
        self.other = folder / "other"  # the destination of a healthy rule
        self.healthy = make_rule(destinations=[make_folder_destination(self.other)])

    def rule_to(self, *destinations: Destination, **options: Any) -> Any:
        """A rule to the given destinations, and to a healthy one."""
        self.safe = make_folder_destination(self.beside)
        self.rule = make_rule(destinations=[*destinations, self.safe], **options)
        return self.rule

    def delivery_to(self, destination: Destination) -> Delivery:
        return Delivery.objects.filter(destination=destination).latest("pk")

    @property
    def troubled(self) -> list[Delivery]:
        """The deliveries of the troubled rule."""
        return list(Delivery.objects.filter(package__rule=self.rule).order_by("pk"))

    def others_went_on(self, number: int = 1) -> None:
        """The healthy rule delivered all, and nothing is in flight."""
        states = list(Delivery.objects.filter(package__rule=self.healthy).values_list("state", flat=True))
        assert states == ["sent"] * number
        assert len(visible(self.other)) == number
        assert not Delivery.objects.filter(state="sending").exists()

    def failed_in_words(self, delivery: Delivery, state: str, *words: str) -> None:
        """The delivery's row and its attempt say why, in the given words."""
        delivery.refresh_from_db()
        assert delivery.state == state, delivery.reason
        assert in_words(delivery.reason), repr(delivery.reason)
        for word in words:
            assert word in delivery.reason, delivery.reason
        last = Attempt.objects.filter(delivery=delivery).latest("pk")
        assert last.error in delivery.reason


@contextlib.contextmanager
def tiny_disk(folder: Path, size: str = "1m", options: str = "") -> Iterator[Path]:
    """A file system of its own on ``folder`` that is soon full; only root may have one."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a tiny disk")
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}{options}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a tiny disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
