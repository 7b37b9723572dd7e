"""The form of a rule: every mistake is shown at its field, with what would be right."""

from __future__ import annotations

from django import forms

from pigeon_admin.admin.contents import content_choices
from pigeon_admin.models import Rule


class WatchedFields(forms.MultipleChoiceField):
    """Names of model fields, as a list."""

    widget = forms.CheckboxSelectMultiple


class RuleForm(forms.ModelForm):
    """What all kinds of rules have in common."""

    model = forms.ChoiceField(choices=())

    class Meta:
        model = Rule
        fields = "__all__"

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if "model" in self.fields:
            self.fields["model"].choices = [("", "---------"), *content_choices(self.instance.model)]
