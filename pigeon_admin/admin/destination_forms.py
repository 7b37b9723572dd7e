"""The form of any kind of destination: fieldsets from its typed fields, secrets write-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.admin.secret_fields import SecretFormField
from pigeon_admin.models import Destination
from pigeon_admin.models.secrets import SecretField

LOGIN = {"auth", "username", "user", "sender"}
FILES = {"directory", "folder", "method", "body", "form_field", "subject", "encoding"}
ADVANCED = {"timeout", "passive", "protect_data", "reuse_session", "verify_certificate", "ca_certificates", "headers"}
GROUPS = (
    ("connection", _("Connection"), ()),
    ("login", _("Login"), ()),
    ("files", _("Files"), ()),
    ("advanced", _("Advanced"), ("collapse",)),
)
BASE_FIELDS = ("name", "slug", "notes")


def group_of(field: models.Field) -> str:
    """Which fieldset a field belongs to; what a third-party kind brings that has no usual name is about the connection."""
    if isinstance(field, SecretField) or field.name in LOGIN:
        return "login"
    if field.name in FILES:
        return "files"
    return "advanced" if field.name in ADVANCED else "connection"


def fieldsets_of(model: type[models.Model]) -> list[tuple[Any, dict[str, Any]]]:
    """Fieldsets for all editable fields of a kind of destination, its own typed fields first."""
    own = [*model._meta.local_fields, *model._meta.local_many_to_many]
    others = [field for field in (*model._meta.concrete_fields, *model._meta.many_to_many) if field not in own]
    # The links between the tables of a kind are made by Django and filled by it.
    fields = [field for field in (*own, *others) if field.editable and not field.auto_created and field.name not in BASE_FIELDS]
    sets: list[tuple[Any, dict[str, Any]]] = [(None, {"fields": ["name", "slug"]})]
    for group, title, classes in GROUPS:
        names = [field.name for field in fields if group_of(field) == group]
        if names:
            sets.append((title, {"fields": names, "classes": classes}))
    return [*sets, (_("Notes"), {"fields": ["notes"]})]


class DestinationForm(forms.ModelForm):
    """Tells every secret field what is stored. What the fields may hold, the models check."""

    class Meta:
        model = Destination
        fields = ["name", "slug", "notes", "timeout"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, SecretFormField):
                field.bind_stored(getattr(self.instance, name))
