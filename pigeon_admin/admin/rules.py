"""Rules: one list of all kinds, and the form of a rule that judges saves."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from polymorphic.admin import PolymorphicChildModelAdmin, PolymorphicParentModelAdmin

from pigeon_admin.admin.kinds import concrete_kinds
from pigeon_admin.admin.named import NamedAdmin
from pigeon_admin.admin.rule_forms import RuleForm
from pigeon_admin.models import ConditionRow, FileDocument, Rule, SaveRule, TemplateDocument


class ConditionInline(admin.TabularInline):
    model = ConditionRow
    extra = 0


class TemplateDocumentInline(admin.TabularInline):
    model = TemplateDocument
    extra = 0


class FileDocumentInline(admin.TabularInline):
    model = FileDocument
    extra = 0


class RuleChildAdmin(NamedAdmin, PolymorphicChildModelAdmin):
    """What the forms of all kinds of rules share."""

    base_model = Rule
    base_form = RuleForm
    inlines = [ConditionInline, TemplateDocumentInline, FileDocumentInline]
    filter_horizontal = ["destinations"]


@admin.register(SaveRule)
class SaveRuleAdmin(RuleChildAdmin):
    fieldsets = (
        (None, {"fields": ("name", "slug", "model", "state")}),
        (_("When"), {"fields": ("on_create", "on_update", "on_delete")}),
        (_("To whom"), {"fields": ("destinations",)}),
        (_("Notes"), {"fields": ("notes",)}),
    )


@admin.register(Rule)
class RuleAdmin(NamedAdmin, PolymorphicParentModelAdmin):
    """The list of all rules."""

    base_model = Rule
    change_list_template = None
    list_display = ["name", "model", "state"]

    def get_child_models(self):
        return concrete_kinds(Rule)
