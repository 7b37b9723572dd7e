"""Export templates: the list, and a form that names the line of a mistake."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.conf import settings as django_settings
from django.contrib import admin
from django.db.models import Count
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from pigeon_admin.admin.contents import content_choices
from pigeon_admin.admin.field_views import template_fields_view
from pigeon_admin.admin.named import NamedAdmin
from pigeon_admin.exceptions import RenderError
from pigeon_admin.models import ExportTemplate, Rule
from pigeon_admin.sandbox import compile_source


class TimeZoneInput(forms.TextInput):
    """A text box that proposes the time zones of this machine."""

    template_name = "admin/pigeon_admin/datalist_input.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{name}-choices"
        context["choices"] = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
        return context


class ExportTemplateForm(forms.ModelForm):
    """A tall editor; what is wrong is said by the model, at its field."""

    language = forms.ChoiceField(label=_("Language"), required=False, help_text=_("Of dates, numbers and choice labels."))

    class Meta:
        model = ExportTemplate
        fields = ["name", "slug", "source", "media_type", "language", "time_zone", "directory", "file_name"]
        widgets = {
            "source": forms.Textarea(
                attrs={
                    "rows": 26,
                    "cols": 100,
                    "spellcheck": "false",
                    "autocapitalize": "off",
                    "wrap": "off",
                    "class": "pigeon-code pigeon-source",
                }
            ),
            "directory": forms.TextInput(attrs={"class": "vTextField pigeon-code", "spellcheck": "false"}),
            "file_name": forms.TextInput(attrs={"class": "vTextField pigeon-code", "spellcheck": "false"}),
            "time_zone": TimeZoneInput(attrs={"class": "vTextField"}),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if "source" in self.fields:
            self.fields["source"].strip = False  # the last line break may matter to the partner
        if "language" in self.fields:
            own = [(code, _(name)) for code, name in django_settings.LANGUAGES]
            stored = self.instance.language
            if stored and stored not in dict(own):
                own.append((stored, stored))
            self.fields["language"].choices = [("", _("Language of the site")), *own]

    def _post_clean(self) -> None:
        super()._post_clean()
        # The model has checked the source; the editor marks the line it complains about.
        if "source" in self.errors and self.cleaned_data.get("media_type") and self.instance.source:
            try:
                compile_source(self.instance.source, self.cleaned_data["media_type"])
            except RenderError as error:
                if error.line:
                    self.fields["source"].widget.attrs["data-error-line"] = str(error.line)


@admin.register(ExportTemplate)
class ExportTemplateAdmin(NamedAdmin):
    """Source, media type, language and names."""

    form = ExportTemplateForm
    list_display = ["name", "written_as", "used_by", "revision", "modified_at"]
    list_filter = ["media_type", "language"]
    search_fields = ["name", "slug", "source", "directory", "file_name"]
    fieldsets = (
        (None, {"fields": ("name", "slug")}),
        (_("Content of the file"), {"fields": ("media_type", "source", "available_fields")}),
        (
            _("Name of the file"),
            {"fields": ("directory", "file_name"), "description": _("A rule may give its own directory and file name instead.")},
        ),
        (_("Language and time"), {"fields": ("language", "time_zone")}),
    )
    readonly_fields = ["available_fields"]

    class Media:
        css = {"all": ["pigeon_admin/forms.css"]}
        js = ["pigeon_admin/source.js"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(rules=Count("documents__rule", distinct=True))

    def get_urls(self):
        fields = path(
            "fields/", self.admin_site.admin_view(template_fields_view(self)), name="pigeon_admin_exporttemplate_fields"
        )
        return [fields, *super().get_urls()]

    @admin.display(description=_("media type"), ordering="media_type")
    def written_as(self, template):
        return template.get_media_type_display()

    @admin.display(description=_("used by"), ordering="rules")
    def used_by(self, template):
        if not template.rules:
            return _("no rule")
        url = reverse("admin:pigeon_admin_rule_changelist") + f"?template={template.pk}&archived=all"
        return format_html('<a href="{}">{}</a>', url, ngettext("%d rule", "%d rules", template.rules) % template.rules)

    @admin.display(description=_("available fields"))
    def available_fields(self, template):
        """A help panel: JavaScript fills it for the chosen content; without, the links open the same list as a page."""
        url = reverse(f"{self.admin_site.name}:pigeon_admin_exporttemplate_fields")
        groups = format_html_join(
            "",
            '<optgroup label="{}">{}</optgroup>',
            ((group, format_html_join("", '<option value="{}">{}</option>', entries)) for group, entries in content_choices()),
        )
        page = (
            '<div class="pigeon-fields" data-url="{url}">'
            '<label>{label} <select form="pigeon-none"><option value="">---------</option>{groups}</select></label>'
            '<div class="pigeon-fields-list" aria-live="polite"></div>'
            '<noscript><a href="{url}" target="_blank">{all}</a></noscript></div>'
        )
        return format_html(page, url=url, label=_("What a template can say about:"), groups=groups, all=_("All fields"))

    def get_deleted_objects(self, objs, request):
        """Names the rules that still use a template, instead of the rows that hold it."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if protected:
            rules = Rule.objects.non_polymorphic().filter(template_documents__template__in=list(objs)).distinct()
            protected = [
                format_html(
                    '{} “<a href="{}">{}</a>”',
                    _("Rule"),
                    reverse(f"{self.admin_site.name}:pigeon_admin_rule_change", args=[rule.pk]),
                    rule,
                )
                for rule in rules
            ]
        return deleted, counts, lacking, protected
