"""The inlines of a rule: its conditions and its documents."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from pigeon_admin.admin.row_forms import ConditionForm, FileDocumentForm, RowFormSet, TemplateDocumentForm
from pigeon_admin.conditions import OPERATORS
from pigeon_admin.models import ConditionRow, FileDocument, TemplateDocument


class RuleRows(admin.TabularInline):
    """Rows are parts of the rule: who may change the rule may change them, without permissions of their own."""

    formset = RowFormSet
    extra = 0

    def rule_admin(self) -> admin.ModelAdmin:
        return self.admin_site.get_model_admin(self.parent_model)

    def may_edit(self, request, obj) -> bool:
        rule_admin = self.rule_admin()
        return rule_admin.has_add_permission(request) if obj is None else rule_admin.has_change_permission(request, obj)

    def has_view_permission(self, request, obj=None):
        return self.may_edit(request, obj) or self.rule_admin().has_view_permission(request, obj)

    def has_add_permission(self, request, obj):
        return self.may_edit(request, obj)

    def has_change_permission(self, request, obj=None):
        return self.may_edit(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self.may_edit(request, obj)


class ConditionInline(RuleRows):
    model = ConditionRow
    form = ConditionForm
    template = "admin/pigeon_admin/rule/conditions.html"
    readonly_fields = ["operator_in_words"]

    def get_fields(self, request, obj=None):
        """Who may only view reads the operator's words instead of its name."""
        operator = "operator" if self.may_edit(request, obj) else "operator_in_words"
        return ["group", "negate", "path", operator, "value"]

    @admin.display(description=_("operator"))
    def operator_in_words(self, row):
        return OPERATORS[row.operator].label if row.operator in OPERATORS else row.operator


class TemplateDocumentInline(RuleRows):
    model = TemplateDocument
    form = TemplateDocumentForm
    template = "admin/pigeon_admin/rule/template_documents.html"

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "template" and field is not None:
            # Adding and changing a template while making a rule is handy; four icons in a narrow column are not.
            field.widget.can_delete_related = field.widget.can_view_related = False
        return field


class FileDocumentInline(RuleRows):
    model = FileDocument
    form = FileDocumentForm
    template = "admin/pigeon_admin/rule/file_documents.html"
