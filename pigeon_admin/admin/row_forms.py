"""The rows below a rule: conditions and documents, each checked against the content that the rule is about."""

from __future__ import annotations

from django import forms
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from pigeon_admin.admin.readiness import condition_error, relation_error
from pigeon_admin.conditions import OPERATORS
from pigeon_admin.models import ConditionRow, FileDocument, Rule, TemplateDocument


class RowFormSet(BaseInlineFormSet):
    """Rows that know their rule, and never disappear without a word because they were left blank."""

    def get_form_kwargs(self, index):
        return {**super().get_form_kwargs(index), "rule": self.instance}

    def _construct_form(self, i, **kwargs):
        form = super()._construct_form(i, **kwargs)
        # Django drops an untouched added row silently. Somebody added it: they want to hear that it is empty.
        form.empty_permitted = False
        return form

    def full_clean(self) -> None:
        super().full_clean()
        key = self.model._meta.pk if self.model is not None else None
        if key is not None and any(key.name in errors for errors in self._errors):
            # Such a row is not drawn any more, and its error with it.
            gone = _("Somebody removed a row here meanwhile. Open the rule again to see it as it is now.")
            self._non_form_errors.append(gone)


class RowForm(forms.ModelForm):
    """Base of the rows; ``main`` is the field that a row is nothing without."""

    main = ""
    blank_row = _("This row is empty. Fill it in, or remove it.")

    def __init__(self, *args, rule: Rule | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule
        if self.main in self.fields:
            self.fields[self.main].error_messages["required"] = self.blank_row

    def content(self):
        """The model that the rule is about, or None while no valid one is chosen."""
        return self.rule.model_class if self.rule is not None else None


class ConditionForm(RowForm):
    """Field path, operator and value, checked together by the evaluator itself."""

    main = "path"
    about_change = True
    operator = forms.ChoiceField(label=_("operator"), choices=())

    class Meta:
        model = ConditionRow
        fields = ["group", "negate", "path", "operator", "value"]
        widgets = {
            "group": forms.NumberInput(attrs={"min": 1, "max": 999, "class": "pigeon-group"}),
            "path": forms.TextInput(
                attrs={"list": "pigeon-paths", "class": "pigeon-path", "autocomplete": "off", "spellcheck": "false"}
            ),
            "value": forms.Textarea(attrs={"rows": 1, "cols": 30, "class": "pigeon-value"}),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if "operator" in self.fields:
            known = {
                name: operator.label for name, operator in OPERATORS.items() if self.about_change or not operator.about_change
            }
            stored = self.instance.operator
            gone = [(stored, stored)] if stored and stored not in known else []
            self.fields["operator"].choices = [("", "---------"), *known.items(), *gone]

    def clean(self):
        cleaned = super().clean()
        model = self.content()
        if model is not None and cleaned.get("path") and cleaned.get("operator"):
            row = ConditionRow(path=cleaned["path"], operator=cleaned["operator"], value=cleaned.get("value", ""))
            if error := condition_error(model, row.as_condition(), self.about_change):
                self.add_error(error.part if error.part in self.fields else None, str(error))
        return cleaned


class TemplateDocumentForm(RowForm):
    """A template for the object, or for each object at a relation."""

    main = "template"

    class Meta:
        model = TemplateDocument
        fields = ["template", "relation_path", "directory", "file_name"]
        widgets = {
            "relation_path": forms.TextInput(
                attrs={"list": "pigeon-relations", "class": "pigeon-relation", "autocomplete": "off"}
            ),
            "directory": forms.TextInput(attrs={"class": "pigeon-code pigeon-pattern", "spellcheck": "false"}),
            "file_name": forms.TextInput(attrs={"class": "pigeon-code pigeon-pattern", "spellcheck": "false"}),
        }

    def _post_clean(self) -> None:
        super()._post_clean()
        model = self.content()
        if model is not None and not self.errors and (error := relation_error(model, self.cleaned_data.get("relation_path", ""))):
            self.add_error("relation_path", error)


class FileDocumentForm(TemplateDocumentForm):
    """A copied file of the object, or of each object at a relation."""

    main = "file_field"

    class Meta:
        model = FileDocument
        fields = ["file_field", "relation_path", "directory", "file_name"]
        widgets = {
            **TemplateDocumentForm.Meta.widgets,
            "file_field": forms.TextInput(attrs={"list": "pigeon-files", "autocomplete": "off", "spellcheck": "false"}),
        }
