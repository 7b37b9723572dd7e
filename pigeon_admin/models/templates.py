"""The form in which content leaves the house."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.naming import Named


class ExportTemplate(Named):
    """Source text with all that its rendering depends on: a worker has no request to take language or time zone from."""

    MEDIA_TYPES = [
        ("application/xml", "XML"),
        ("text/html", "HTML"),
        ("application/json", "JSON"),
        ("text/plain", _("Plain text")),
        ("text/csv", "CSV"),
    ]

    source = models.TextField(_("template"), help_text=_("Django template language; the object is {{ object }}."))
    media_type = models.CharField(
        _("media type"), max_length=100, choices=MEDIA_TYPES, default="application/xml", help_text=_("Decides how values are escaped.")
    )
    language = models.CharField(_("language"), max_length=20, blank=True, help_text=_("Empty: the language of the site."))
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Such as Europe/Paris. Empty: that of the site."))
    directory = models.CharField(_("directory"), max_length=500, blank=True, help_text=_("May use fields: {{ object.section.slug }}"))
    file_name = models.CharField(_("file name"), max_length=500, help_text=_("May use fields: {{ object.pk }}.xml"))
    revision = models.PositiveIntegerField(_("revision"), default=1, editable=False)

    class Meta:
        verbose_name = _("export template")
        verbose_name_plural = _("export templates")
        ordering = ["name", "pk"]
