"""django-q2's own page of schedules: what our tasks run is not editable there by everybody who may move their times."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django_q.models import Schedule

from pigeon_admin import tasks

CODE = ("func", "hook", "args", "kwargs")


def is_ours(schedule: Schedule | None) -> bool:
    """Whether this schedule runs one of our tasks."""
    return schedule is not None and schedule.func in {planned.func for planned in tasks.SCHEDULES.values()}


def restrict() -> None:
    """Replace django-q2's page by one that differs for our schedules only; a page of the host's own is left alone."""
    from django_q.admin import ScheduleAdmin  # importing it registers it, also when django_q comes after us in INSTALLED_APPS

    if type(admin.site._registry.get(Schedule)) is not ScheduleAdmin:
        return

    class RestrictedScheduleAdmin(ScheduleAdmin):
        """Naming a function is running it: for our schedules, that is for superusers."""

        def get_readonly_fields(self, request, obj=None):
            fields = tuple(super().get_readonly_fields(request, obj))
            return fields if request.user.is_superuser or not is_ours(obj) else (*fields, *CODE)

    admin.site.unregister(Schedule)
    admin.site.register(Schedule, RestrictedScheduleAdmin)


if apps.is_installed("django_q"):
    restrict()
