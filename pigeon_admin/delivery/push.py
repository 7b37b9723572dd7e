"""One push run: take up what the dead left, then drain one destination after the other until nothing is due."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from pigeon_admin.conf import settings
from pigeon_admin.delivery.building import NotNow, NotWanted, Plans, build
from pigeon_admin.delivery.claiming import claim, destinations_with_work
from pigeon_admin.delivery.leases import Beat, ForeignLeases, give_back, new_owner, release, renew, take_up_dead_work
from pigeon_admin.delivery.recording import Recorder, drop_package, fail_package
from pigeon_admin.delivery.results import Result
from pigeon_admin.delivery.sending import send
from pigeon_admin.exceptions import PigeonError
from pigeon_admin.models import Attempt, Delivery, Destination
from pigeon_admin.models.outbox import close, outbox_alias

logger = logging.getLogger("pigeon_admin.delivery")

PAUSE = 0.25  # seconds between two looks while a run waits for others or for more


@dataclass
class Push:
    """A push run. ``seconds``: stop claiming after so many. ``linger``: stay so long after the last work, for what comes next."""

    seconds: float = float("inf")
    linger: float = 0
    owner: str = field(default_factory=new_owner)
    taken_up: int = 0

    def __post_init__(self) -> None:
        self.alias = outbox_alias()
        self.recorder = Recorder(self.owner)
        self.unreachable: set[int] = set()
        self.stop_at = time.monotonic() + self.seconds
        self.worked = False

    def run(self) -> Push:
        """Send everything that is due, and answer with what was done."""
        try:
            with Beat(lambda: renew(self.owner), settings.HEARTBEAT, f"pigeon lease {self.owner}"):
                self.work()
        finally:
            # A time-out of the task or Ctrl-C comes through here too; what was not sent goes back at once.
            try:
                self.recorder.flush()
            finally:
                release(self.owner, "The push was stopped before it could report this delivery as sent. It is sent again.")
        return self

    def work(self) -> None:
        """Until nothing is due, and nobody who may be dead holds anything."""
        foreign = ForeignLeases(self.owner)
        idle_since = time.monotonic()
        while not self.over():
            self.taken_up += take_up_dead_work()
            destinations = destinations_with_work(self.alias, self.unreachable)
            worked = [self.drain(destination_id) for destination_id in destinations]
            if any(worked):
                self.worked = True
                idle_since = time.monotonic()
                continue
            # What is due and could not be claimed is locked by somebody, who will be done with it soon.
            lingering = self.worked and time.monotonic() - idle_since < self.linger
            if not destinations and not lingering and not foreign.pending():
                return
            time.sleep(PAUSE)

    def over(self) -> bool:
        """Whether the run's time for claiming is up."""
        return time.monotonic() >= self.stop_at

    def drain(self, destination_id: int) -> bool:
        """Send all that is due for one destination; answers whether there was anything that could be claimed."""
        destination = Destination.objects.using(self.alias).get(pk=destination_id)
        if destination.archived_at is not None:
            with transaction.atomic(using=self.alias):
                waiting = Delivery.objects.using(self.alias).waiting().filter(destination_id=destination_id)
                close(list(waiting.values_list("package_id", flat=True)), self.alias)
                waiting.move(Delivery.State.CANCELLED, reason="The destination was archived.", settled_at=timezone.now())
            return True
        worked = False
        while not self.over() and (claimed := claim(destination_id, self.owner)):
            worked = True
            plans = Plans(self.alias)
            ready = [delivery for delivery in claimed if self.built(delivery, plans)]
            untried, reached = send(destination, ready, self.recorder) if ready else ([], True)
            self.recorder.flush()
            give_back(untried, self.owner)
            if not reached:
                self.unreachable.add(destination_id)
                break
        return worked

    def built(self, delivery: Delivery, plans: Plans) -> bool:
        """Whether the delivery's package has its frozen bytes now; if not, why is recorded."""
        started = timezone.now()
        try:
            build(delivery.package, plans)
            return True
        except NotNow as error:
            self.recorder.add(Result(delivery, Attempt.Outcome.TEMPORARY, started, timezone.now(), str(error), ours=True))
        except NotWanted as error:
            self.put_aside(delivery, str(error))
        except PigeonError as error:
            result = Result(delivery, Attempt.Outcome.BUILD, started, timezone.now(), str(error))
            self.recorder.add(result)
            fail_package(delivery.package, result.reason)
        return False

    def put_aside(self, delivery: Delivery, reason: str) -> None:
        """Cancel the package's deliveries: this one is in flight, so it first goes back to waiting."""
        give_back([delivery], self.owner)
        drop_package(delivery.package, reason)
