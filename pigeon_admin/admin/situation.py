"""What is going on, for the dashboard: a fixed number of queries, each served by an index or a small table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Count, Min, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.models import Schedule

from pigeon_admin import tasks
from pigeon_admin.admin.ledger import since_moment
from pigeon_admin.admin.timetable import in_words
from pigeon_admin.admin.wording import relative, relative_html, span
from pigeon_admin.models import Delivery, Destination, TaskRun, WorkerHeartbeat

State = Delivery.State
OPEN = (State.WAITING, State.SENDING, State.FAILED)


@dataclass(frozen=True)
class TaskLine:
    """One of push, clean, check: when it runs, and how its last run went."""

    name: str
    schedule: Schedule | None
    run: TaskRun | None
    now: datetime

    @property
    def purpose(self) -> str:
        """What it does, for somebody who never heard of it."""
        return {
            "push": _("Sends what waits."),
            "clean": _("Removes old settled deliveries and their files."),
            "check": _("Looks whether something waits for too long, and raises the alarm."),
        }.get(self.name, "")

    @property
    def when(self) -> str:
        return in_words(self.schedule) if self.schedule else _("no schedule")

    @property
    def next_run(self) -> str:
        if self.schedule is None or self.schedule.next_run is None or self.schedule.repeats == 0:
            return "–"
        if self.schedule.next_run <= self.now:
            return _("as soon as a worker is free")
        return relative_html(self.schedule.next_run, self.now)

    @property
    def last_run(self) -> str:
        return relative_html(self.run.started_at, self.now) if self.run else _("never")

    @property
    def took(self) -> str:
        if self.run is None or self.run.finished_at is None:
            return "–"
        length = self.run.finished_at - self.run.started_at
        return span(length) if length >= timedelta(seconds=1) else _("less than 1 s")

    @property
    def state(self) -> str:
        """The class name of the dot."""
        if self.run is None:
            return "idle"
        if self.run.finished_at is None:
            return "failed" if self.lost else "sending"
        return "sent" if self.run.succeeded else "failed"

    @property
    def lost(self) -> bool:
        """It began and never reported its end: its worker was stopped."""
        return self.run is not None and self.run.finished_at is None and self.now - self.run.started_at > timedelta(hours=1)

    @property
    def result(self) -> str:
        if self.run is None:
            return _("has not run yet")
        if self.run.finished_at is None:
            return _("did not finish: its worker was stopped") if self.lost else _("running now")
        return self.run.summary or (_("done") if self.run.succeeded else _("failed"))


@dataclass(frozen=True)
class DestinationLine:
    """One destination, its health, and what it has to do."""

    destination: Destination
    waiting: int
    failed: int
    now: datetime

    @property
    def last_success(self) -> str:
        health = getattr(self.destination, "health", None)
        return relative_html(health.last_success_at, self.now) if health else "–"

    @property
    def last_error_at(self) -> str:
        health = getattr(self.destination, "health", None)
        return relative_html(health.last_error_at, self.now) if health and health.last_error_at else ""

    @property
    def last_error(self) -> str:
        health = getattr(self.destination, "health", None)
        return health.last_error if health else ""

    @property
    def state(self) -> str:
        """The class name of the dot: its latest news is good, bad, or there is none."""
        health = getattr(self.destination, "health", None)
        if health is None or not (health.last_success_at or health.last_error_at):
            return "idle"
        if health.last_error_at and (health.last_success_at is None or health.last_error_at > health.last_success_at):
            return "failed"
        return "sent"

    @property
    def state_words(self) -> str:
        return {"idle": _("nothing sent yet"), "failed": _("in trouble"), "sent": _("works")}[self.state]


def situation() -> dict[str, Any]:
    """Everything the dashboard shows: 8 queries, however many rows there are."""
    now = timezone.now()
    by_destination: Counter[tuple[int, str]] = Counter()
    by_state: Counter[str] = Counter()
    open_rows = Delivery.objects.order_by().filter(state__in=OPEN).values_list("destination_id", "state")
    for destination_id, state, number in open_rows.annotate(number=Count("pk")):
        by_destination[destination_id, state] += number
        by_state[state] += number
    sent_today = Delivery.objects.filter(state=State.SENT, settled_at__gte=since_moment("today")).count()
    # By its key, which every index has: the order of keys is the order of creation.
    first = Delivery.objects.waiting().order_by().aggregate(key=Min("pk"))["key"] if by_state[State.WAITING] else None
    oldest = Delivery.objects.only("pk", "created_at").filter(pk=first).first() if first else None
    named = Destination.objects.non_polymorphic().filter(archived_at=None).select_related("health").order_by("name", "pk")
    destinations = cast("QuerySet[Destination]", named)
    workers = list(WorkerHeartbeat.objects.filter(seen_at__gte=now - timedelta(seconds=WorkerHeartbeat.ALIVE_FOR)))
    lines = list(task_lines(now))
    return {
        "now": now,
        "waiting": by_state[State.WAITING],
        "sending": by_state[State.SENDING],
        "failed": by_state[State.FAILED],
        "sent_today": sent_today,
        "oldest": oldest,
        "oldest_age": relative_html(oldest.created_at, now) if oldest else "",
        "tasks": lines,
        "missing": [line.name for line in lines if line.schedule is None],
        "destinations": [
            DestinationLine(each, by_destination[each.pk, State.WAITING], by_destination[each.pk, State.FAILED], now)
            for each in destinations
        ],
        "workers": [
            {"worker": each, "since": relative(each.started_at, now), "seen": relative(each.seen_at, now)} for each in workers
        ],
    }


def task_lines(now: datetime) -> Iterable[TaskLine]:
    """One line for each of our tasks: 2 queries."""
    by_func = {planned.func: task for task, planned in tasks.SCHEDULES.items()}
    # The first of each, as tasks.schedule_of has it.
    rows = Schedule.objects.filter(func__in=by_func).order_by("-pk")
    schedules = {by_func[schedule.func]: schedule for schedule in rows}
    latest = Q()
    for name in tasks.SCHEDULES:
        latest |= Q(pk=Subquery(TaskRun.objects.filter(task=name).order_by("-started_at").values("pk")[:1]))
    runs = {run.task: run for run in TaskRun.objects.filter(latest)}
    for name in tasks.SCHEDULES:
        yield TaskLine(name, schedules.get(name), runs.get(name), now)
