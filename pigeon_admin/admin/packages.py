"""Packages: the frozen files of each object."""

from __future__ import annotations

from collections import Counter

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import FileResponse, Http404
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from pigeon_admin.admin.deliveries import found_by
from pigeon_admin.admin.ledger import CreatedFilter, LedgerAdmin, ObjectFilter, RuleFilter
from pigeon_admin.admin.story import package_story
from pigeon_admin.admin.wording import about_html, relative_html, shortened, state_html
from pigeon_admin.freezing import opener
from pigeon_admin.models import Delivery, Package


@admin.register(Package)
class PackageAdmin(LedgerAdmin):
    list_display = ["about", "what_happened", "files", "delivered"]
    list_filter = [RuleFilter, CreatedFilter, "event", ObjectFilter]
    list_select_related = ["rule"]
    sortable_by = ["what_happened"]
    search_fields = ["object_repr"]
    search_help_text = _("Name or id of the object, name of a file (with its ending), or the number of the package.")

    def get_queryset(self, request):
        states = Prefetch("deliveries", Delivery.objects.only("package_id", "state"))
        return super().get_queryset(request).prefetch_related(states)

    def get_search_results(self, request, queryset, search_term):
        term = search_term.strip()
        return (queryset.filter(found_by(term, "")) if term else queryset), False

    @admin.display(description=_("object and rule"))
    def about(self, package):
        return about_html(self.page_of(package), package.object_repr, package.rule.name)

    @admin.display(description=_("event"), ordering="pk")
    def what_happened(self, package):
        saves = ngettext("%d save", "%d saves", package.revision) % package.revision
        times = relative_html(package.created_at)
        lines = (
            ((package.get_event_display(), times), (saves, ""))
            if package.revision > 1
            else ((package.get_event_display(), times),)
        )
        return format_html_join("", '<span class="pigeon-line">{} {}</span>', lines)

    @admin.display(description=_("files"))
    def files(self, package):
        if package.error:
            return format_html('<span class="pigeon-no">{}</span>', shortened(package.error, 160))
        if package.built_at is None:
            return _now("not written yet")
        number = ngettext("%d file", "%d files", len(package.documents)) % len(package.documents)
        lines = ((f"{number}, {filesizeformat(package.size)}",), (relative_html(package.built_at),))
        return format_html_join("", '<span class="pigeon-line">{}</span>', lines)

    @admin.display(description=_("deliveries"))
    def delivered(self, package):
        counts = Counter(delivery.state for delivery in package.deliveries.all())
        words = dict(Delivery.State.choices)
        return format_html_join(
            " ", "{}", ((state_html(state, f"{count} {words[state].lower()}"),) for state, count in counts.items())
        )

    def get_urls(self):
        file_view = self.admin_site.admin_view(self.file_view)
        return [
            path("<int:package_id>/file/<int:position>/", file_view, name="pigeon_admin_package_file"),
            *super().get_urls(),
        ]

    def file_view(self, request, package_id, position):
        """The frozen bytes, as a download: a partner's XML or HTML must not run in the admin's origin."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        package = self.model._default_manager.filter(pk=package_id).first()
        documents = package.documents if package else []
        if not position < len(documents):
            raise Http404(_now("There is no such file."))
        document = documents[position]
        try:
            content = opener(document)()
        except FileNotFoundError as error:
            raise Http404(_now("The bytes of this file have been cleaned away.")) from error
        response = FileResponse(content, as_attachment=True, filename=document["name"].rpartition("/")[2])
        response["Content-Type"] = document.get("media_type") or "application/octet-stream"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["Cache-Control"] = "private, no-store"
        return response

    def change_view(self, request, object_id, form_url="", extra_context=None):
        package = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, package):
            raise PermissionDenied
        if package is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": package.object_repr,
            **package_story(request, package, self.admin_site.name),
            "opts": self.opts,
            "media": self.media,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pigeon_admin/package/story.html", context)
