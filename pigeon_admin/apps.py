"""Wiring of the app, nothing else."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PigeonAdminConfig(AppConfig):
    """Content delivery to partners."""

    name = "pigeon_admin"
    verbose_name = _("Deliveries to partners")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect to the host's saves, to django-q2 and to migrate."""
        from pigeon_admin import checks  # noqa: F401 - registers the system checks
        from pigeon_admin.tasks import ensure_schedules, workers
        from pigeon_admin.tracking import deletes, edits, relations, saves

        for part in (saves, relations, deletes, edits, workers):
            part.connect()
        post_migrate.connect(ensure_schedules, sender=self, dispatch_uid="pigeon_admin.schedules")
