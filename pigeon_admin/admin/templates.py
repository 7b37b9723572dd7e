"""Export templates: the list, and a form that names the line of a mistake."""

from __future__ import annotations

from django.contrib import admin

from pigeon_admin.admin.named import NamedAdmin
from pigeon_admin.models import ExportTemplate


@admin.register(ExportTemplate)
class ExportTemplateAdmin(NamedAdmin):
    """Source, media type, language and names."""

    list_display = ["name", "media_type", "revision"]
    search_fields = ["name", "slug", "source"]
