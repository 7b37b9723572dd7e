"""What the forms of rules, templates and destinations share: a short name that is proposed once and then stands."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget


class NamedAdmin(admin.ModelAdmin):
    """``slug`` is filled in from the name while adding, and read-only from then on."""

    search_fields = ["name", "slug", "notes"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, AdminTextareaWidget):
            field.widget.attrs["rows"] = 3 if db_field.name == "notes" else 5
        return field

    def get_prepopulated_fields(self, request, obj=None):
        if obj is not None or not self.has_add_permission(request):
            return {}
        return {"slug": ["name"]}

    def get_readonly_fields(self, request, obj=None):
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "slug"] if obj is not None else fields
