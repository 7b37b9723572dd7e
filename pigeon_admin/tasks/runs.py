"""The tasks themselves, each of whose runs is a row that the dashboard shows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.conf import Conf

from pigeon_admin.conf import settings
from pigeon_admin.delivery.leases import new_owner
from pigeon_admin.delivery.push import Push
from pigeon_admin.models import TaskRun, WorkerHeartbeat
from pigeon_admin.models.outbox import outbox_alias
from pigeon_admin.nudge import nudge
from pigeon_admin.tasks.cleaning import clean_export, clean_queue
from pigeon_admin.tasks.health import health

logger = logging.getLogger("pigeon_admin.tasks")

KEEP_RUNS = timedelta(days=7)


@contextmanager
def recorded(task: str) -> Iterator[TaskRun]:
    """Record a run with its times, outcome and summary; what it raises is recorded and raised on, time-outs too."""
    alias = outbox_alias()
    run = TaskRun.objects.using(alias).create(task=task, started_at=timezone.now(), worker=new_owner().rpartition(":")[0])
    try:
        yield run
        run.succeeded = True if run.succeeded is None else run.succeeded
    except BaseException as error:
        run.succeeded = False
        run.summary = f"{type(error).__name__}: {error}"
        raise
    finally:
        run.finished_at = timezone.now()
        run.save(using=alias)


def push_seconds() -> float:
    """How long a push may go on claiming: half of the time after which django-q2 would run it a second time, or kill it."""
    limits: list[Any] = [limit for limit in (Conf.RETRY, Conf.TIMEOUT) if limit]
    return float(min(limits, default=120)) / 2


def push() -> str:
    """Send what is due. An idle run leaves no row of its own behind, or there would be one every minute."""
    with recorded("push") as run:
        done = Push(seconds=push_seconds(), linger=1.2 * settings.NUDGE_INTERVAL).run()
        run.summary = push_summary(done)
        run.succeeded = not done.recorder.failed  # it ran, but somebody has to look
        if done.over():
            nudge()  # there may be more, and the next scheduled push may be a minute away
        idle = not done.worked and not done.taken_up
    if idle:
        older = TaskRun.objects.using(outbox_alias()).filter(task="push", succeeded=True, summary=run.summary, pk__lt=run.pk)
        older.filter(started_at__gte=timezone.now() - timedelta(hours=1)).delete()
    return run.summary


def push_summary(done: Push) -> str:
    """What a push did, in words."""
    recorder = done.recorder
    parts = [
        (recorder.sent, _("sent")),
        (recorder.postponed, _("to be tried again")),
        (recorder.failed, _("failed")),
        (done.taken_up, _("taken up from a stopped worker")),
    ]
    return ", ".join(f"{count} {words}" for count, words in parts if count) or _("nothing was due")


def clean() -> str:
    """Remove what is settled and old."""
    with recorded("clean") as run:
        rows, files = clean_queue(), clean_export()
        alias, now = outbox_alias(), timezone.now()
        TaskRun.objects.using(alias).filter(started_at__lt=now - KEEP_RUNS).delete()
        WorkerHeartbeat.objects.using(alias).filter(seen_at__lt=now - timedelta(days=1)).delete()
        run.summary = _("%(rows)d deliveries and %(files)d files removed") % {"rows": rows, "files": files}
    return run.summary


def check() -> str:
    """Look whether deliveries go out; the log gets an ERROR, which mail_admins reports, when that changes for the worse."""
    last = TaskRun.objects.using(outbox_alias()).filter(task="check", finished_at__isnull=False).first()
    with recorded("check") as run:
        state = health()
        run.summary = state.line
        run.succeeded = state.level == 0
        run.troubles = sorted(state.kinds)
    worse = state.kinds - frozenset(last.troubles if last is not None else ())
    logger.log(logging.ERROR if worse else logging.INFO, "Check: %s", state.line)
    return run.summary
