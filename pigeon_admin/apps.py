"""Wiring of the app, nothing else."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PigeonAdminConfig(AppConfig):
    """Content delivery to partners."""

    name = "pigeon_admin"
    verbose_name = _("Deliveries to partners")
    default_auto_field = "django.db.models.BigAutoField"
