"""The django-q2 schedules of our tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, transaction
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task


@dataclass(frozen=True)
class Planned:
    """How a task is scheduled unless an operator decides otherwise. ``minutes`` between runs; None: daily at 03:10 of the site."""

    name: str
    func: str
    minutes: int | None


SCHEDULES = {
    "push": Planned("pigeon_admin: push", "pigeon_admin.tasks.push", 1),
    "clean": Planned("pigeon_admin: clean", "pigeon_admin.tasks.clean", None),
    "check": Planned("pigeon_admin: check", "pigeon_admin.tasks.check", 10),
}


def schedule_of(task: str) -> Schedule | None:
    """The schedule of "push", "clean" or "check", found by what it runs, since an operator may have renamed it."""
    return Schedule.objects.filter(func=SCHEDULES[task].func).order_by("pk").first()


def ensure_schedules(**kwargs: Any) -> list[str]:
    """Create the schedules that are not there; never touch one that is. Answers the names of the created (also a post_migrate receiver)."""
    created: list[str] = []
    if Schedule._meta.db_table not in connections[Schedule.objects.db].introspection.table_names():
        return created  # only a part of the project was migrated
    with transaction.atomic(using=Schedule.objects.db):
        for task, planned in SCHEDULES.items():
            if schedule_of(task) is None:
                Schedule.objects.create(**fields_of(planned))
                created.append(task)
    return created


def fields_of(planned: Planned) -> dict[str, Any]:
    """The columns of a new schedule."""
    fields: dict[str, Any] = {"name": planned.name, "func": planned.func, "repeats": -1}
    if planned.minutes is None:
        return fields | {"schedule_type": Schedule.DAILY, "next_run": next_night()}
    return fields | {"schedule_type": Schedule.MINUTES, "minutes": planned.minutes, "next_run": timezone.now()}


def next_night() -> datetime:
    """03:10 of the coming night: when nobody edits, and not in the hour that a clock change takes away or doubles."""
    now = timezone.localtime() if timezone.is_aware(timezone.now()) else timezone.now()
    night = now.replace(hour=3, minute=10, second=0, microsecond=0)
    return night if night > now else night + timedelta(days=1)


def run_now(task: str) -> str:
    """Enqueue a task at once, beside its schedule; answers django-q2's task id. Raises KeyError for an unknown name."""
    return str(async_task(SCHEDULES[task].func, task_name=f"{SCHEDULES[task].name} now"))
