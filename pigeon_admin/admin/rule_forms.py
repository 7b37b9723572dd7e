"""The form of a rule: every mistake is shown at its field, with what would be right."""

from __future__ import annotations

from typing import Any

from django import forms
from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.admin.contents import content_choices, refusal
from pigeon_admin.admin.field_lists import watchable
from pigeon_admin.admin.readiness import EVENTS, missing
from pigeon_admin.models import Rule, SaveRule

DOCUMENT_PREFIXES = ("template_documents", "file_documents")


def model_of(label: Any) -> type[models.Model] | None:
    """The model of a label such as ``news.story``, or None."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError, AttributeError, TypeError):
        return None


def rows_in(data: Any, prefix: str) -> int | None:
    """How many rows of a submitted inline stay; None when the inline was not submitted at all."""
    try:
        total = int(data[f"{prefix}-TOTAL_FORMS"])
    except (KeyError, ValueError):
        return None
    return sum(1 for index in range(min(total, 1000)) if not data.get(f"{prefix}-{index}-DELETE"))


class RuleForm(forms.ModelForm):
    """What all kinds of rules have in common."""

    model = forms.ChoiceField(label=_("Content"), choices=(), help_text=_("The kind of object that this rule is about."))

    class Meta:
        model = Rule
        fields = ["name", "slug", "model", "destinations", "state", "notes"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if "model" in self.fields:
            stored = model_of(self.instance.model)
            # Somebody's code may have written news.Story; the choices say news.story.
            label = stored._meta.label_lower if stored is not None else self.instance.model
            if self.instance.pk:
                self.initial["model"] = label
            self.fields["model"].choices = [("", "---------"), *content_choices(label)]

    def content(self) -> type[models.Model] | None:
        """The model chosen in what was submitted, else the stored one."""
        submitted = self.data.get(self.add_prefix("model")) if self.is_bound else self.initial.get("model")
        return model_of(submitted or self.instance.model)

    def clean_model(self) -> str:
        label = self.cleaned_data["model"]
        model = model_of(label)
        if model is None:
            raise forms.ValidationError(_("“%s” is not installed on this site any more. Choose other content.") % label)
        if wrong := refusal(model):
            raise forms.ValidationError(wrong)
        return label

    def has_documents(self) -> bool:
        """Whether at least one document stays, counting rows of the inlines that were submitted with this form."""
        submitted = [rows_in(self.data, prefix) for prefix in DOCUMENT_PREFIXES]
        if all(rows is None for rows in submitted) and self.instance.pk:
            return any(getattr(self.instance, prefix).exists() for prefix in DOCUMENT_PREFIXES)
        return any(submitted)

    def has_events(self) -> bool:
        """Whether something can set this rule off; kinds with events of their own say which."""
        return True

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("state") == Rule.State.LIVE:
            chosen = cleaned.get("destinations") or ()
            destinations = "destinations" in self.errors or any(each.archived_at is None for each in chosen)
            lacks = missing(events=self.has_events(), destinations=destinations, documents=self.has_documents())
            for name, text in lacks.items():
                self.add_error(name if name in self.fields else None, text)
        return cleaned


class WatchedFieldsInput(forms.CheckboxSelectMultiple):
    """Check boxes in columns; says what to do while no content has been chosen."""

    template_name = "admin/pigeon_admin/watched_fields.html"


class SaveRuleForm(RuleForm):
    """Adds events and watched fields, whose choices follow the chosen content."""

    watched_fields = forms.MultipleChoiceField(
        label=_("Only when one of these changed"),
        required=False,
        widget=WatchedFieldsInput,
        help_text=_("Tick none, and every change counts. New objects always count."),
    )

    class Meta(RuleForm.Meta):
        model = SaveRule
        fields = [*RuleForm.Meta.fields, *EVENTS, "watched_fields"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if "watched_fields" in self.fields:
            model = self.content()
            self.known = dict(watchable(model)) if model else {}
            given = self.data.getlist(self.add_prefix("watched_fields")) if self.is_bound else self.instance.watched_fields
            # What is ticked but exists no more stays visible, or nobody could untick it.
            gone = [(name, _("%s (does not exist)") % name) for name in given if name not in self.known]
            self.fields["watched_fields"].choices = [*self.known.items(), *gone]

    def clean_watched_fields(self) -> list[str]:
        chosen = self.cleaned_data["watched_fields"]
        wrong = [name for name in chosen if name not in self.known]
        model = self.content()
        if wrong and model is not None:
            raise forms.ValidationError(
                _("“%(model)s” has no field %(names)s. Untick what does not exist.")
                % {"model": model._meta.verbose_name, "names": ", ".join(f"“{name}”" for name in wrong)}
            )
        return chosen

    def has_events(self) -> bool:
        return any(self.cleaned_data.get(name) for name in EVENTS)
