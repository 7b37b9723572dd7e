"""Destinations: one list of all, and a form for each kind, found through the model classes."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from polymorphic.admin import PolymorphicChildModelAdmin, PolymorphicParentModelAdmin

from pigeon_admin.admin.kinds import concrete_kinds
from pigeon_admin.admin.named import NamedAdmin
from pigeon_admin.admin.secret_fields import SecretFormField
from pigeon_admin.models import Destination
from pigeon_admin.models.secrets import SecretField


class DestinationForm(forms.ModelForm):
    """Tells every secret field what is stored."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, SecretFormField):
                field.bind_stored(getattr(self.instance, name))


class DestinationChildAdmin(NamedAdmin, PolymorphicChildModelAdmin):
    """The form of one kind of destination, built from its typed fields."""

    base_model = Destination
    base_form = DestinationForm
    base_fieldsets = ((None, {"fields": ("name", "slug")}), (_("Advanced"), {"fields": ("timeout", "notes")}))
    extra_fieldset_title = _("Connection")

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, SecretField):
            return db_field.formfield(form_class=SecretFormField, multiline="key" in db_field.name)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Destination)
class DestinationAdmin(NamedAdmin, PolymorphicParentModelAdmin):
    """The list of all destinations, and the choice of a kind when adding."""

    base_model = Destination
    change_list_template = None
    list_display = ["name", "slug"]

    def get_child_models(self):
        return concrete_kinds(Destination)


for kind in concrete_kinds(Destination):
    if not admin.site.is_registered(kind):
        admin.site.register(kind, DestinationChildAdmin)
