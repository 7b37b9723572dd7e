"""The list of rules, whatever their kind."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import OuterRef, Subquery
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from polymorphic.admin import PolymorphicParentModelAdmin

from pigeon_admin.admin.archiving import ArchivedFilter, ArchivingAdmin
from pigeon_admin.admin.contents import content_label
from pigeon_admin.admin.duplicating import duplicate
from pigeon_admin.admin.exchange import RuleSetExchangeMixin
from pigeon_admin.admin.field_views import rule_fields_view
from pigeon_admin.admin.kinds import concrete_kinds
from pigeon_admin.admin.named import NamedAdmin
from pigeon_admin.admin.preview import preview_urls
from pigeon_admin.admin.readiness import problems
from pigeon_admin.admin.rules import RuleArchiving, RuleChildAdmin
from pigeon_admin.admin.wording import relative_html, state_html
from pigeon_admin.models import ExportTemplate, Package, Rule


class ContentFilter(admin.SimpleListFilter):
    """The kinds of content that rules are about, in words."""

    title = _("content")
    parameter_name = "model"

    def lookups(self, request, model_admin):
        labels = Rule.objects.non_polymorphic().order_by().values_list("model", flat=True).distinct()
        return sorted(((label, content_label(label)) for label in labels), key=lambda choice: choice[1].casefold())

    def queryset(self, request, queryset):
        return queryset.filter(model=self.value()) if self.value() else queryset


class TemplateFilter(admin.SimpleListFilter):
    """Rules that use one export template; shows itself only while in use."""

    title = _("export template")
    parameter_name = "template"

    def lookups(self, request, model_admin):
        chosen = self.used_parameters.get(self.parameter_name, "")
        rows = ExportTemplate.objects.filter(pk=chosen) if str(chosen).isdecimal() else ()
        return [(str(row.pk), row.name) for row in rows]

    def queryset(self, request, queryset):
        if not str(self.value() or "").isdecimal():
            return queryset
        return queryset.filter(template_documents__template=self.value()).distinct()


@admin.register(Rule)
class RuleAdmin(RuleSetExchangeMixin, RuleArchiving, NamedAdmin, PolymorphicParentModelAdmin):
    """The list of all rules, whatever their kind."""

    base_model = Rule
    polymorphic_list = True
    list_display = ["name", "content", "live", "when", "to_whom", "last_match"]
    list_filter = ["state", ContentFilter, ("destinations", admin.RelatedOnlyFieldListFilter), TemplateFilter, ArchivedFilter]
    search_fields = ["name", "slug", "notes", "model", "destinations__name", "condition_rows__path", "condition_rows__value"]
    actions = ["make_live", "make_draft", "duplicate", *ArchivingAdmin.actions]

    class Media:
        css = {"all": ["pigeon_admin/ledger.css", "pigeon_admin/forms.css"]}

    def get_child_models(self):
        return concrete_kinds(Rule)

    def get_queryset(self, request):
        latest = Package.objects.filter(rule=OuterRef("pk")).order_by("-pk").values("changed_at")[:1]
        return super().get_queryset(request).annotate(matched_at=Subquery(latest)).prefetch_related("destinations")

    def get_urls(self):
        fields = path("fields/", self.admin_site.admin_view(rule_fields_view(self)), name="pigeon_admin_rule_fields")
        return [fields, *preview_urls(self), *super().get_urls()]

    @admin.display(description=_("content"), ordering="model")
    def content(self, rule):
        return content_label(rule.model)

    @admin.display(description=_("state"), ordering="state")
    def live(self, rule):
        if rule.archived_at is not None:
            return state_html("archived", _("Archived"))
        return state_html(rule.state, rule.get_state_display())

    @admin.display(description=_("when"))
    def when(self, rule):
        kind = self.admin_site.get_model_admin(type(rule)) if self.admin_site.is_registered(type(rule)) else None
        return capfirst(str(kind.events(rule))) if isinstance(kind, RuleChildAdmin) else "–"

    @admin.display(description=_("to whom"))
    def to_whom(self, rule):
        links = (
            (reverse("admin:pigeon_admin_destination_change", args=[destination.pk]), destination)
            for destination in rule.destinations.all()
        )
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "–"

    @admin.display(description=_("last match"), ordering="matched_at")
    def last_match(self, rule):
        if rule.matched_at is None:
            return "–"
        url = reverse("admin:pigeon_admin_package_changelist") + f"?rule={rule.pk}"
        return format_html('<a href="{}">{}</a>', url, relative_html(rule.matched_at))

    # -- actions

    @admin.action(description=_("Make live"), permissions=["change"])
    def make_live(self, request, queryset):
        done = 0
        for rule in queryset.filter(archived_at__isnull=True).exclude(state=Rule.State.LIVE):
            if found := problems(rule):
                messages.error(request, _("“%(rule)s” stays a draft. %(problems)s") % {"rule": rule, "problems": " ".join(found)})
                continue
            self.store(request, rule, "Made live.", state=Rule.State.LIVE)
            done += 1
        if done:
            messages.success(request, ngettext("%d rule is live now.", "%d rules are live now.", done) % done)

    @admin.action(description=_("Make draft (stop sending)"), permissions=["change"])
    def make_draft(self, request, queryset):
        chosen = list(queryset.filter(state=Rule.State.LIVE))
        for rule in chosen:
            self.store(request, rule, "Made a draft.", state=Rule.State.DRAFT)
        self.tell(request, len(chosen), ngettext("%d rule is a draft now.", "%d rules are drafts now.", len(chosen)))

    @admin.action(description=_("Duplicate as draft"), permissions=["add"])
    def duplicate(self, request, queryset):
        for rule in queryset:
            copy = duplicate(rule)
            self.log_addition(request, copy, f"Copied from “{rule}”.")
            url = reverse("admin:pigeon_admin_rule_change", args=[copy.pk])
            messages.success(request, format_html(_('“{}” was copied to the draft “<a href="{}">{}</a>”.'), rule, url, copy))
