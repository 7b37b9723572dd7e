"""The tasks of django-q2, their schedules, and what they record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from pigeon_admin import tasks
from pigeon_admin.delivery.claiming import claim
from pigeon_admin.models import Delivery, TaskRun, WorkerHeartbeat
from pigeon_admin.nudge import throttle
from pigeon_admin.tasks.workers import Life
from tests.factories import make_rule
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)


def make_alive():
    now = timezone.now()
    WorkerHeartbeat.objects.create(name="w", host="h", pid=1, started_at=now, seen_at=now)


def check():
    with pytest.raises(SystemExit) as stopped:
        call_command("pigeon_check")
    return stopped.value.code


def test_migrate_creates_the_schedules_once():
    Schedule.objects.all().delete()
    assert tasks.ensure_schedules() == ["push", "clean", "check"]
    assert tasks.ensure_schedules() == []
    assert Schedule.objects.count() == 3


def test_migrate_leaves_alone_what_an_operator_edited():
    tasks.ensure_schedules()
    Schedule.objects.filter(func="pigeon_admin.tasks.push").update(name="Mine", minutes=7)
    call_command("migrate", verbosity=0)
    schedule = tasks.schedule_of("push")
    assert (Schedule.objects.count(), schedule.name, schedule.minutes) == (3, "Mine", 7)


def test_every_scheduled_function_exists():
    import pydoc

    for planned in tasks.SCHEDULES.values():
        assert callable(pydoc.locate(planned.func))


def test_a_run_is_recorded_with_what_it_did():
    make_rule()
    Story.objects.create(title="x")
    assert tasks.push() == "1 sent"
    run = TaskRun.objects.get()
    assert (run.task, run.succeeded, run.summary) == ("push", True, "1 sent")
    assert run.finished_at >= run.started_at


def test_idle_pushes_do_not_fill_the_table():
    for _ in range(3):
        tasks.push()
    assert TaskRun.objects.count() == 1


def test_a_run_that_fails_is_recorded_too(monkeypatch):
    from pigeon_admin.tasks import runs

    def fail():
        raise SystemExit("time-out")

    monkeypatch.setattr(runs, "clean_queue", fail)
    with pytest.raises(SystemExit):
        tasks.clean()
    assert (TaskRun.objects.get().succeeded, "time-out" in TaskRun.objects.get().summary) == (False, True)


def test_check_is_fine_when_all_is(capsys):
    make_alive()
    assert check() == 0
    assert capsys.readouterr().out.startswith("Fine")


def test_check_warns_of_something_old_and_alarms_of_something_too_old(capsys):
    make_alive()
    make_rule()
    Story.objects.create(title="x")
    assert check() == 0
    Delivery.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert check() == 1
    Delivery.objects.update(created_at=timezone.now() - timedelta(minutes=31))
    assert check() == 2
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_check_alarms_of_failures_and_of_missing_workers(capsys):
    assert check() == 2
    assert "qcluster" in capsys.readouterr().out
    make_alive()
    make_rule(conditions=[("gone", "equals", "x")])
    Story.objects.create(title="x")
    assert check() == 2
    assert "1 delivery failed" in capsys.readouterr().out


def test_the_check_task_logs_an_error_once_per_trouble(caplog):
    with caplog.at_level("INFO", logger="pigeon_admin.tasks"):
        for _ in range(3):
            tasks.check()
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO", "INFO"]


def test_a_commit_wakes_a_worker_at_most_once_a_second(settings):
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "NUDGE": True}
    throttle.last = float("-inf")
    make_rule()
    for number in range(5):
        Story.objects.create(title=str(number))
    assert OrmQ.objects.count() == 1


def test_a_broker_that_is_down_is_no_error_for_the_host(settings, monkeypatch):
    from pigeon_admin import nudge

    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "NUDGE": True}
    throttle.last = float("-inf")

    def down():
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(nudge, "get_broker", down)
    make_rule()
    Story.objects.create(title="x")
    assert Delivery.objects.get().state == "waiting"


def test_the_push_command_sends_until_the_queue_is_empty(capsys):
    make_rule()
    for number in range(120):
        Story.objects.create(title=str(number))
    call_command("pigeon_push")
    assert capsys.readouterr().out == "120 sent\n"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_a_run_whose_time_is_up_wakes_the_next(settings, monkeypatch):
    make_rule()
    Story.objects.create(title="x")
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "NUDGE": True}
    throttle.last = float("-inf")
    monkeypatch.setattr("pigeon_admin.tasks.runs.push_seconds", lambda: 0.0)
    tasks.push()
    assert OrmQ.objects.count() == 1


def test_a_standing_failure_does_not_mute_a_new_kind_of_trouble(caplog):
    make_alive()
    make_rule(conditions=[("gone", "equals", "x")])
    Story.objects.create(title="failed")
    with caplog.at_level("INFO", logger="pigeon_admin.tasks"):
        tasks.check()
        make_rule()
        Story.objects.create(title="late")
        Delivery.objects.waiting().update(created_at=timezone.now() - timedelta(days=2))
        tasks.check()
        tasks.check()
    checks = [record.levelname for record in caplog.records if record.name == "pigeon_admin.tasks"]
    assert checks == ["ERROR", "ERROR", "INFO"]


def test_a_living_worker_wakes_a_push_for_what_a_dead_cluster_held(settings):
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "NUDGE": True}
    make_rule()
    Story.objects.create(title="x")
    OrmQ.objects.all().delete()
    life = Life()
    throttle.last = float("-inf")
    life.beat()
    assert OrmQ.objects.count() == 0
    claim(Delivery.objects.get().destination_id, "dead:1:x")
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    life.beat()
    assert OrmQ.objects.count() == 1
