"""The form in which content leaves the house."""

from __future__ import annotations

import difflib
import zoneinfo
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from pigeon_admin.exceptions import RenderError
from pigeon_admin.models.naming import Named
from pigeon_admin.sandbox import PATTERN, compile_source


def template_error(source: str, media_type: str) -> str:
    """What is wrong with a template, its line in front where there are several; "" when nothing is."""
    try:
        compile_source(source, media_type)
    except RenderError as error:
        if error.line is None or "\n" not in source:
            return str(error)
        return _("Line %(line)d: %(error)s") % {"line": error.line, "error": error}
    return ""


def zone_error(name: str) -> str:
    """What is wrong with the name of a time zone; "" when nothing is."""
    known = zoneinfo.available_timezones()
    if name in known:
        return ""
    close = difflib.get_close_matches(name, known, n=1)
    hint = _("Did you mean “%s”?") % close[0] if close else _("Write it like Europe/Paris or America/New_York; UTC is one too.")
    return _("There is no time zone “%s”.") % name + " " + hint


class ExportTemplate(Named):
    """Source text with all that its rendering depends on: a worker has no request to take language or time zone from."""

    MEDIA_TYPES = [
        ("application/xml", "XML"),
        ("text/html", "HTML"),
        ("application/json", "JSON"),
        ("text/plain", _("Plain text")),
        ("text/csv", "CSV"),
    ]
    # What the bytes and the names depend on: a change of one of these is a new revision.
    RENDERED_FIELDS = ("source", "media_type", "language", "time_zone", "directory", "file_name")

    source = models.TextField(_("template"), help_text=_("Django template language; the object is {{ object }}."))
    media_type = models.CharField(
        _("media type"),
        max_length=100,
        choices=MEDIA_TYPES,
        default="application/xml",
        help_text=_("Decides how values are escaped."),
    )
    language = models.CharField(_("language"), max_length=20, blank=True, help_text=_("Empty: the language of the site."))
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("Such as Europe/Paris. Empty: that of the site.")
    )
    directory = models.CharField(
        _("directory"), max_length=500, blank=True, help_text=_("May use fields: {{ object.section.slug }}")
    )
    file_name = models.CharField(_("file name"), max_length=500, help_text=_("May use fields: {{ object.pk }}.xml"))
    revision = models.PositiveIntegerField(_("revision"), default=1, editable=False)

    class Meta:
        verbose_name = _("export template")
        verbose_name_plural = _("export templates")
        ordering = ["name", "pk"]

    def clean(self) -> None:
        """Refuses a source or name pattern that does not compile, and an unknown language or time zone, each at its field."""
        super().clean()
        # What a browser's text box makes of a line break, and an editor of a beginning, is nothing the partner asked for.
        self.source = self.source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        errors = {
            "source": template_error(self.source, self.media_type),
            "directory": template_error(self.directory, PATTERN),
            "file_name": template_error(self.file_name, PATTERN),
            "time_zone": zone_error(self.time_zone) if self.time_zone else "",
        }
        if (
            self.language
            and self.language not in dict(django_settings.LANGUAGES)
            and not translation.check_for_language(self.language)
        ):
            errors["language"] = _("There is no language “%s”. Write its code, such as en or fr-ca.") % self.language
        if errors := {field: text for field, text in errors.items() if text}:
            raise ValidationError(errors)

    def save(self, **options: Any) -> None:
        """Saves; the revision counts up when something changed that the files depend on."""
        fields = options.get("update_fields")
        names = [name for name in self.RENDERED_FIELDS if fields is None or name in fields]
        rows = type(self)._base_manager.db_manager(options.get("using"))
        stored = rows.filter(pk=self.pk).values("revision", *names).first() if self.pk and names else None
        if stored is not None and any(stored[name] != getattr(self, name) for name in names):
            self.revision = stored["revision"] + 1
            if fields is not None:
                options["update_fields"] = {*fields, "revision"}
        super().save(**options)
