"""The form of each kind of rule."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from polymorphic.admin import PolymorphicChildModelAdmin

from pigeon_admin.admin.archiving import ArchivingAdmin
from pigeon_admin.admin.contents import content_label
from pigeon_admin.admin.kinds import SharedPermissions
from pigeon_admin.admin.named import NamedAdmin
from pigeon_admin.admin.rule_forms import RuleForm, SaveRuleForm
from pigeon_admin.admin.rule_rows import ConditionInline, FileDocumentInline, TemplateDocumentInline
from pigeon_admin.models import Destination, Rule, SaveRule


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
        kind = obj._meta.verbose_name
        return f"{obj} ({kind})" if obj.archived_at is None else f"{obj} ({kind}, {_('archived')})"


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
                    "A change of the object itself, of its many-to-many fields, and of what is edited with it on one page"
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
