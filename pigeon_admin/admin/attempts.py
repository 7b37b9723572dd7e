"""Attempts: every try, newest first."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from pigeon_admin.admin.deliveries import found_by
from pigeon_admin.admin.ledger import DestinationFilter, LedgerAdmin, RuleFilter, SinceFilter
from pigeon_admin.admin.wording import about_html, relative_html, shortened, span, state_html
from pigeon_admin.models import Attempt, Delivery


class AttemptRuleFilter(RuleFilter):
    lookup = "package__rule_id"
    owner = (Delivery, "delivery_id")


class AttemptDestinationFilter(DestinationFilter):
    owner = (Delivery, "delivery_id")


class StartedFilter(SinceFilter):
    title = _("started")
    parameter_name = "started"
    field = "started_at"


@admin.register(Attempt)
class AttemptAdmin(LedgerAdmin):
    list_display = ["about", "what_came_of_it", "started", "took", "size"]
    list_filter = ["outcome", StartedFilter, AttemptDestinationFilter, AttemptRuleFilter]
    list_select_related = ["delivery__package__rule", "delivery__destination"]
    sortable_by = ["started"]
    search_fields = ["delivery__package__object_repr"]
    search_help_text = _("Name or id of the object, name of a file (with its ending), or the number of a delivery or package.")

    def get_queryset(self, request):
        unused = ["delivery__package__verdict", "delivery__package__documents", "delivery__package__error", "proof"]
        return super().get_queryset(request).defer(*unused)

    def get_search_results(self, request, queryset, search_term):
        term = search_term.strip()
        return (queryset.filter(found_by(term, "delivery__package__", "delivery__")) if term else queryset), False

    @admin.display(description=_("started"), ordering="pk")
    def started(self, attempt):
        return relative_html(attempt.started_at)

    @admin.display(description=_("object, rule and destination"))
    def about(self, attempt):
        package, destination = attempt.delivery.package, attempt.delivery.destination
        return about_html(self.page_of(attempt), package.object_repr, f"{package.rule.name} → {destination.name}")

    @admin.display(description=_("outcome"))
    def what_came_of_it(self, attempt):
        good = attempt.outcome == Attempt.Outcome.SENT
        outcome = state_html("sent" if good else "failed", attempt.get_outcome_display())
        return format_html('{}<span class="pigeon-reason">{}</span>', outcome, shortened(attempt.error, 160))

    @admin.display(description=_("took"))
    def took(self, attempt):
        return span(attempt.finished_at - attempt.started_at) if attempt.finished_at else "–"

    @admin.display(description=_("bytes"))
    def size(self, attempt):
        return filesizeformat(attempt.bytes_sent)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """An attempt is told on the page of its delivery."""
        attempt = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, attempt):
            raise PermissionDenied
        if attempt is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        url = reverse("admin:pigeon_admin_delivery_change", args=[attempt.delivery_id], current_app=self.admin_site.name)
        return HttpResponseRedirect(f"{url}#attempt-{attempt.pk}")
