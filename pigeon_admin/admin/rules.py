"""Rules: one list of all kinds, and the form of each kind."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten
from django.db.models import OuterRef, Subquery
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from polymorphic.admin import PolymorphicChildModelAdmin, PolymorphicParentModelAdmin

from pigeon_admin.admin.archiving import ArchivedFilter, ArchivingAdmin
from pigeon_admin.admin.contents import content_label
from pigeon_admin.admin.duplicating import duplicate
from pigeon_admin.admin.exchange import RuleSetExchangeMixin
from pigeon_admin.admin.exchange import RuleSetExchangeMixin
from pigeon_admin.admin.field_views import rule_fields_view
from pigeon_admin.admin.kinds import SharedPermissions, concrete_kinds
from pigeon_admin.admin.named import NamedAdmin
from pigeon_admin.admin.preview import preview_urls
from pigeon_admin.admin.readiness import problems
from pigeon_admin.admin.rule_forms import RuleForm, SaveRuleForm
from pigeon_admin.admin.rule_rows import ConditionInline, FileDocumentInline, TemplateDocumentInline
from pigeon_admin.admin.wording import relative_html, state_html
from pigeon_admin.models import Destination, ExportTemplate, Package, Rule, SaveRule


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


class RuleArchiving(ArchivingAdmin):
    """What holds a rule, and what its end means."""

    def why_kept(self, obj):
        number = obj.packages.count()
        return (
            ngettext("It has %d package in the record.", "It has %d packages in the record.", number) % number if number else ""
        )

    def restored_values(self):
        # Nothing starts to send by itself: whoever restores a rule looks at it first.
        return {"archived_at": None, "state": Rule.State.DRAFT}


class DestinationsField(forms.ModelMultipleChoiceField):
    """Destinations with their kind, so that “Agency” by FTP and by e-mail can be told apart."""

    def label_from_instance(self, obj):
        return f"{obj} ({obj._meta.verbose_name})"


class RuleChildAdmin(SharedPermissions, RuleArchiving, NamedAdmin, PolymorphicChildModelAdmin):
    """What the forms of all kinds of rules share. A kind gives ``form``, ``fieldsets`` and ``events``.

    Fieldsets of the class “pigeon-after” come below the conditions and documents.
    """

    base_model = Rule
    base_form = RuleForm
    inlines = [ConditionInline, TemplateDocumentInline, FileDocumentInline]
    filter_horizontal = ["destinations"]
    what = (None, {"fields": ("name", "slug", "model")})
    to_whom = (_("To whom"), {"fields": ("destinations",), "classes": ("pigeon-after",)})
    state_and_notes = (_("State and notes"), {"fields": ("state", "notes"), "classes": ("pigeon-after",)})

    # Field of the form -> what says it in words to those who may only view.
    in_words = {"model": "content_in_words"}

    class Media:
        css = {"all": ["pigeon_admin/ledger.css", "pigeon_admin/forms.css"]}
        js = ["pigeon_admin/rule.js"]

    def events(self, rule) -> str:
        """What sets the rule off, in words for the list."""
        return "–"

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name == "destinations":
            kwargs["form_class"] = DestinationsField
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None or self.has_change_permission(request, obj) else [*fields, *self.in_words.values()]

    def get_fieldsets(self, request, obj=None):
        """Who may only view reads words where others choose from lists."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": [self.in_words.get(name, name) for name in flatten(options["fields"])]})
            for title, options in fieldsets
        ]

    @admin.display(description=_("content"))
    def content_in_words(self, rule):
        return content_label(rule.model)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        if "destinations" in form.base_fields:
            chosen = obj.destinations.values("pk") if obj is not None else Destination.objects.none().values("pk")
            offered = Destination.objects.filter(archived_at__isnull=True) | Destination.objects.filter(pk__in=chosen)
            form.base_fields["destinations"].queryset = offered
        return form

    def save_formset(self, request, form, formset, change):
        super().save_formset(request, form, formset, change)
        # Rows keep the order they have on the screen.
        rows = [row.instance for row in formset.forms if row not in formset.deleted_forms]
        for position, row in enumerate(rows):
            if row.pk and row.position != position:
                row.position = position
                row.save(update_fields=["position"])

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["fields_url"] = reverse(f"{self.admin_site.name}:pigeon_admin_rule_fields")
        model = context["adminform"].form.content() if hasattr(context["adminform"].form, "content") else None
        model = model or (obj.model_class if obj is not None else None)
        context["content"] = model._meta if model else None
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)


@admin.register(SaveRule)
class SaveRuleAdmin(RuleChildAdmin):
    """The form of a rule that judges each save."""

    base_form = form = SaveRuleForm
    in_words = {**RuleChildAdmin.in_words, "watched_fields": "watched_in_words"}
    fieldsets = (
        RuleChildAdmin.what,
        (
            _("When"),
            {
                "fields": (("on_create", "on_update", "on_delete"), "watched_fields"),
                "description": _(
                    "A change of the object itself, of its many-to-many fields, and of what is edited together with it on one page"
                    " sets the rule off. Changes of related objects further away, such as the name of its section, do not."
                ),
            },
        ),
        RuleChildAdmin.to_whom,
        RuleChildAdmin.state_and_notes,
    )

    @admin.display(description=_("Only when one of these changed"))
    def watched_in_words(self, rule):
        return ", ".join(rule.watched_fields) or _("Every change counts.")

    def events(self, rule):
        words = {"on_create": _("created"), "on_update": _("changed"), "on_delete": _("deleted")}
        chosen = [str(word) for name, word in words.items() if getattr(rule, name)]
        if rule.on_update and rule.watched_fields:
            chosen[chosen.index(str(words["on_update"]))] = _("changed (%s)") % ", ".join(rule.watched_fields)
        return ", ".join(chosen) or _("never")


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
