"""What the read-only lists of the ledger share, so that they stay fast with a million rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import cached_property

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models import Destination, Rule


class LimitedPaginator(Paginator):
    """Counts no further than ``LIMIT`` rows, and finds a page's rows in two steps.

    Nobody pages past the limit, and counting a whole table takes longer than showing it. The first step sorts keys only: joined
    and sorted together, SQLite reads every matching row with all that belongs to it before it shows the first.
    """

    LIMIT = 100_000

    @cached_property
    def first_keys(self) -> list:
        """Primary keys of the first page, and one more if there are further pages."""
        return list(self.object_list.values_list("pk", flat=True)[: self.per_page + 1])

    @cached_property
    def count(self) -> int:
        if len(self.first_keys) <= self.per_page:
            return len(self.first_keys)
        return self.object_list.order_by().values("pk")[: self.LIMIT].count()

    @property
    def is_limited(self) -> bool:
        """There are at least ``LIMIT`` rows, perhaps more."""
        return self.count >= self.LIMIT

    def page(self, number):
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self.first_keys if number == 1 else self.object_list.values_list("pk", flat=True)[start : start + self.per_page]
        return self._get_page(self.rows(list(keys)[: self.per_page]), number, self)

    def rows(self, keys: list):
        """The rows with these keys, in the order of the list."""
        return self.object_list.filter(pk__in=keys)


class LedgerChangeList(ChangeList):
    """Django asks for a single page's rows by the whole filter again; the paginator already knows their keys."""

    def get_results(self, request):
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.paginator.rows(self.paginator.first_keys)


class LedgerAdmin(admin.ModelAdmin):
    """Only workers and saves write the ledger: nothing here is added, edited or deleted by hand."""

    paginator = LimitedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    actions_selection_counter = True
    ordering = ["-pk"]
    list_display_links = None  # the first cell brings its own link, so that it can say more than the link does

    class Media:
        css = {"all": ["pigeon_admin/ledger.css"]}

    def changelist_view(self, request, extra_context=None):
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def get_changelist(self, request, **kwargs):
        return LedgerChangeList

    def page_of(self, row) -> str:
        """The address of the row's page."""
        return reverse(f"admin:pigeon_admin_{self.opts.model_name}_change", args=[row.pk], current_app=self.admin_site.name)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        """Nobody edits a row, but Django also asks this before it shows one: then the permission to view decides."""
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class NameFilter(admin.SimpleListFilter):
    """Filter by one of the named things; reads their names only.

    ``owner``: where the column ``lookup`` is, if not on the listed rows themselves, with the look-up that leads there. Then it is
    asked row by row from the newest on (EXISTS), which ends with the page; a join would read all rows of a busy rule first.
    """

    model: type[Rule] | type[Destination]
    lookup = ""
    owner: tuple[type[models.Model], str] | None = None

    def lookups(self, request, model_admin) -> Iterable[tuple[str, str]]:
        rows = self.model._base_manager.non_polymorphic().order_by("name", "pk").values_list("pk", "name")
        return [(str(pk), name) for pk, name in rows]

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()  # also a number that no database can compare with
        if self.owner is None:
            return queryset.filter(**{self.lookup: self.value()})
        owner, link = self.owner
        return queryset.filter(Exists(owner._base_manager.filter(**{"pk": OuterRef(link), self.lookup: self.value()})))


class RuleFilter(NameFilter):
    title = _("rule")
    parameter_name = "rule"
    model = Rule
    lookup = "rule_id"


class DestinationFilter(NameFilter):
    title = _("destination")
    parameter_name = "destination"
    model = Destination
    lookup = "destination_id"


class SinceFilter(admin.SimpleListFilter):
    """Filter by a time that has passed, from a boundary on: a range that an index serves."""

    field = ""

    def lookups(self, request, model_admin):
        return [("hour", _("Last hour")), ("today", _("Today")), ("week", _("Last 7 days")), ("month", _("Last 30 days"))]

    def queryset(self, request, queryset):
        since = since_moment(self.value())
        return queryset if since is None else queryset.filter(**{f"{self.field}__gte": since})


class CreatedFilter(SinceFilter):
    title = _("created")
    parameter_name = "created"
    field = "created_at"


class SettledFilter(SinceFilter):
    title = _("settled")
    parameter_name = "settled"
    field = "settled_at"


class ObjectFilter(admin.SimpleListFilter):
    """All rows about one object, ``app.Model:pk``; shows itself only while in use."""

    title = _("object")
    parameter_name = "object"
    prefix = ""

    def lookups(self, request, model_admin):
        chosen = self.used_parameters.get(self.parameter_name)
        return [(chosen, chosen)] if chosen else []

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        model, _colon, object_pk = self.value().partition(":")
        return queryset.filter(**{f"{self.prefix}model": model, f"{self.prefix}object_pk": object_pk})


def since_moment(choice: str | None):
    """The boundary that a ``SinceFilter`` choice stands for; “today” begins at midnight of the current time zone."""
    now = timezone.now()
    if choice == "today":
        local = timezone.localtime(now) if timezone.is_aware(now) else now
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
    lengths = {"hour": timedelta(hours=1), "week": timedelta(days=7), "month": timedelta(days=30)}
    return now - lengths[choice] if choice in lengths else None
