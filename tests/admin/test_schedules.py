"""On django-q2's own page, naming a function is running it: what our tasks run is for superusers."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django_q.admin import ScheduleAdmin
from django_q.models import Schedule

from pigeon_admin import tasks
from pigeon_admin.admin.schedules import restrict
from tests.admin.rows import client_with

pytestmark = pytest.mark.django_db


def values(**changed):
    given = {"name": "push", "func": "os.system", "schedule_type": "I", "minutes": "9", "repeats": "-1"}
    return given | {"next_run_0": "2026-12-01", "next_run_1": "03:00"} | changed


@pytest.fixture
def ours():
    tasks.ensure_schedules()
    return tasks.schedule_of("push")


def test_staff_may_move_our_schedules_but_not_change_what_they_run(ours):
    client_with("django_q.change_schedule").post(f"/admin/django_q/schedule/{ours.pk}/change/", values())
    ours.refresh_from_db()
    assert (ours.minutes, ours.func) == (9, "pigeon_admin.tasks.push")


def test_superusers_and_other_schedules_are_as_before(admin_client, ours):
    admin_client.post(f"/admin/django_q/schedule/{ours.pk}/change/", values())
    ours.refresh_from_db()
    assert ours.func == "os.system"
    other = Schedule.objects.create(name="host", func="math.sqrt")
    client_with("django_q.change_schedule").post(f"/admin/django_q/schedule/{other.pk}/change/", values(func="math.floor"))
    other.refresh_from_db()
    assert other.func == "math.floor"


def test_a_page_of_the_hosts_own_is_left_alone():
    class HostAdmin(ScheduleAdmin):
        pass

    before = type(admin.site.get_model_admin(Schedule))
    admin.site.unregister(Schedule)
    admin.site.register(Schedule, HostAdmin)
    try:
        restrict()
        assert type(admin.site.get_model_admin(Schedule)) is HostAdmin
    finally:
        admin.site.unregister(Schedule)
        admin.site.register(Schedule, before)
