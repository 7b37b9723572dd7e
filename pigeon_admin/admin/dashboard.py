"""The dashboard: whether deliveries flow, and what to do when they do not."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from pigeon_admin import tasks
from pigeon_admin.admin.situation import situation
from pigeon_admin.models import Dashboard


@admin.register(Dashboard)
class DashboardAdmin(admin.ModelAdmin):
    """A list view that lists nothing: so the dashboard has its link on the index and in the sidebar of any admin site."""

    class Media:
        css = {"all": ["pigeon_admin/ledger.css", "pigeon_admin/dashboard.css"]}
        js = ["pigeon_admin/dashboard.js"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.dashboard_view), name="pigeon_admin_dashboard_changelist"),
            path("run/<slug:name>/", wrap(self.run_view), name="pigeon_admin_dashboard_run"),
            path("schedules/", wrap(self.schedules_view), name="pigeon_admin_dashboard_schedules"),
        ]

    def dashboard_view(self, request):
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            **situation(),
            "title": _("Dashboard"),
            "opts": self.opts,
            "media": self.media,
            "may_run": self.has_change_permission(request),
            "may_see_deliveries": request.user.has_perm("pigeon_admin.view_delivery"),
            "may_see_destinations": request.user.has_perm("pigeon_admin.view_destination"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pigeon_admin/dashboard/dashboard.html", context)

    def run_view(self, request, name):
        """Run push, clean or check as soon as a worker is free."""
        self.permit(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if name not in tasks.SCHEDULES:
            raise Http404(_("There is no task “%s”.") % name)
        try:
            tasks.run_now(name)
        except Exception as error:  # the broker decides what it raises: Redis, the database, a queue service
            messages.error(request, _("“%(name)s” could not be queued: %(error)s") % {"name": name, "error": error})
        else:
            messages.success(request, _("“%s” runs as soon as a worker is free.") % name)
        return self.back()

    def schedules_view(self, request):
        """Create the schedules that are missing; those that exist stay as they are."""
        self.permit(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        tasks.ensure_schedules()
        messages.success(request, _("The missing schedules were created."))
        return self.back()

    def permit(self, request) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied

    def back(self):
        return HttpResponseRedirect(reverse("admin:pigeon_admin_dashboard_changelist", current_app=self.admin_site.name))
