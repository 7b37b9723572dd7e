"""Deliveries: the list that operators live in, and the story of each."""

from __future__ import annotations

import json
import uuid

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from pigeon_admin.admin import operations
from pigeon_admin.admin.ledger import CreatedFilter, DestinationFilter, LedgerAdmin, ObjectFilter, RuleFilter, SettledFilter
from pigeon_admin.admin.story import story_of
from pigeon_admin.admin.wording import about_html, relative_html, shortened, state_html
from pigeon_admin.models import Delivery, Package


class DeliveryRuleFilter(RuleFilter):
    owner = (Package, "package_id")


class DeliveryObjectFilter(ObjectFilter):
    prefix = "package__"


@admin.register(Delivery)
class DeliveryAdmin(LedgerAdmin):
    list_filter = ["state", DeliveryRuleFilter, DestinationFilter, CreatedFilter, SettledFilter, DeliveryObjectFilter]
    list_select_related = ["package__rule", "destination"]
    sortable_by = ["progress"]
    search_fields = ["package__object_repr"]
    search_help_text = _("Name or id of the object, name of a file (with its ending), or the number of a delivery or package.")
    actions = ["retry", "rebuild", "cancel"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("package__verdict", "package__documents", "package__error")

    def get_list_display(self, request):
        query = f"?{self.get_preserved_filters(request)}"
        may_operate = operations.may_operate(request)

        @admin.display(description=_("state and reason"))
        def state(delivery: Delivery):
            dot = state_html(delivery.state, delivery.get_state_display())
            actions = operations.buttons(delivery, self.admin_site.name, query) if may_operate else ""
            reason = shortened(delivery.reason, 160)
            pattern = '<span class="pigeon-beside">{}{}</span><span class="pigeon-reason">{}</span>'
            return format_html(pattern, dot, actions, reason)

        return ["about", state, "progress"]

    def get_search_results(self, request, queryset, search_term):
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(found_by(term, "package__", "")), False

    @admin.display(description=_("object, rule and destination"))
    def about(self, delivery):
        package = delivery.package
        return about_html(self.page_of(delivery), package.object_repr, f"{package.rule.name} → {delivery.destination.name}")

    @admin.display(description=_("progress"), ordering="pk")
    def progress(self, delivery):
        lines = [(_("created"), relative_html(delivery.created_at))]
        if delivery.state == Delivery.State.WAITING:
            lines.append((_("due"), relative_html(delivery.due_at)))
        elif delivery.settled_at:
            lines.append((Delivery.State(delivery.state).label.lower(), relative_html(delivery.settled_at)))
        if delivery.attempts_made:
            lines.append((ngettext("%d attempt", "%d attempts", delivery.attempts_made) % delivery.attempts_made, ""))
        return format_html_join("", '<span class="pigeon-line">{} {}</span>', lines)

    def has_operate_permission(self, request) -> bool:
        """What the bulk actions below ask for."""
        return operations.may_operate(request)

    @admin.action(description=_("Try again now"), permissions=["operate"])
    def retry(self, request, queryset):
        operations.operate(request, "retry", queryset)

    @admin.action(description=_("Write the files anew and send"), permissions=["operate"])
    def rebuild(self, request, queryset):
        operations.operate(request, "rebuild", queryset)

    @admin.action(description=_("Cancel"), permissions=["operate"])
    def cancel(self, request, queryset):
        operations.operate(request, "cancel", queryset)

    def get_urls(self):
        ours = [
            path(
                f"<int:delivery_id>/{name}/",
                self.admin_site.admin_view(self.operation_view),
                {"name": name},
                name=f"pigeon_admin_delivery_{name}",
            )
            for name in operations.OPERATIONS
        ]
        return ours + super().get_urls()

    def operation_view(self, request, delivery_id, name):
        """One click on a row, or on the page of a delivery; POST only."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and operations.may_operate(request)):
            raise PermissionDenied
        queryset = self.model._default_manager.filter(pk=delivery_id)
        operations.operate(request, name, queryset)
        site = self.admin_site.name
        if "_page" in request.GET:
            return HttpResponseRedirect(reverse("admin:pigeon_admin_delivery_change", args=[delivery_id], current_app=site))
        url = reverse("admin:pigeon_admin_delivery_changelist", current_app=site)
        filters = request.GET.get("_changelist_filters")
        return HttpResponseRedirect(f"{url}?{filters}" if filters else url)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        delivery = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, delivery):
            raise PermissionDenied
        if delivery is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            **self.admin_site.each_context(request),
            **story_of(request, delivery, self.admin_site.name),
            "title": format_html("{}", delivery),
            "opts": self.opts,
            "media": self.media,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pigeon_admin/delivery/story.html", context)


def found_by(term: str, package: str, delivery: str | None = None) -> Q:
    """Rows that ``term`` names. ``package``, ``delivery``: the look-up prefixes that lead there; "" for the rows themselves."""
    try:
        uid = uuid.UUID(term)
    except ValueError:
        pass
    else:
        return Q(**{f"{package}uid": uid}) | (Q() if delivery is None else Q(**{f"{delivery}uid": uid}))
    found = Q(**{f"{package}object_repr__icontains": term}) | Q(**{f"{package}object_pk": term})
    if "." in term or "/" in term:
        # JSON columns hold é as \u00e9 on some databases and as itself on others.
        for text in {term, json.dumps(term)[1:-1]}:
            found |= Q(**{f"{package}documents__icontains": text})
    return found
