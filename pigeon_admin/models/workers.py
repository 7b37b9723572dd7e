"""What workers report: their heartbeats, the runs of our tasks, the health of each destination."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations import Destination


class DestinationState(models.Model):
    """Health of one destination. Apart from it, because workers never write rows that the host's saves refer to."""

    destination = models.OneToOneField(Destination, on_delete=models.CASCADE, related_name="health", primary_key=True)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True)
    last_error_at = models.DateTimeField(_("last error"), null=True, blank=True)
    last_error = models.TextField(_("last error text"), blank=True)
    last_trouble = models.CharField(max_length=20, blank=True, editable=False, help_text="Kind of the last error.")

    class Meta:
        verbose_name = _("destination state")

    def __str__(self) -> str:
        return str(self.destination_id)


class WorkerHeartbeat(models.Model):
    """One worker process of a cluster. Alive while ``seen_at`` keeps moving."""

    ALIVE_FOR = 60  # seconds since the last sign of life

    name = models.CharField(_("name"), max_length=100, unique=True)
    cluster = models.CharField(_("cluster"), max_length=100, blank=True)
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveIntegerField(_("process id"))
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ["host", "pid"]

    def __str__(self) -> str:
        return self.name


class TaskRun(models.Model):
    """One run of push, clean or check, however it was started."""

    task = models.CharField(_("task"), max_length=20)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    succeeded = models.BooleanField(_("succeeded"), null=True)
    summary = models.TextField(_("result"), blank=True)
    worker = models.CharField(_("worker"), max_length=100, blank=True)
    troubles = models.JSONField(default=list, blank=True, editable=False, help_text="Kinds of trouble that a check found.")

    class Meta:
        verbose_name = _("task run")
        verbose_name_plural = _("task runs")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["task", "-started_at"], name="pigeon_run_latest")]

    def __str__(self) -> str:
        return f"{self.task} {self.started_at:%Y-%m-%d %H:%M:%S}"


class Dashboard(TaskRun):
    """No table of its own: gives the dashboard its place in the admin, and its permissions (view it; change: start tasks)."""

    class Meta:
        proxy = True
        default_permissions = ("view", "change")
        verbose_name = _("dashboard")
        verbose_name_plural = _("Dashboard")
