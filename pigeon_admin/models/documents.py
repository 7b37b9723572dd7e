"""What files a match becomes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.rules import Rule
from pigeon_admin.models.templates import ExportTemplate


class Document(models.Model):
    """One file for the object, or one for each object at ``relation_path``."""

    relation_path = models.CharField(
        _("for each"), max_length=200, blank=True, help_text=_("Empty: one file for the object. Or a relation: photos, or photos__author.")
    )
    directory = models.CharField(
        _("directory"), max_length=500, blank=True, help_text=_("May use fields: {{ object.section.slug }}. Related objects are {{ item }}.")
    )
    file_name = models.CharField(_("file name"), max_length=500, blank=True, help_text=_("May use fields: {{ object.pk }}.xml"))
    position = models.PositiveIntegerField(_("position"), default=0, editable=False)

    class Meta:
        abstract = True
        ordering = ["position", "pk"]


class TemplateDocument(Document):
    """A rendered export template. Empty patterns: those of the template."""

    rule = models.ForeignKey(Rule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="template_documents")
    template = models.ForeignKey(ExportTemplate, verbose_name=_("export template"), on_delete=models.PROTECT, related_name="documents")

    class Meta(Document.Meta):
        verbose_name = _("rendered document")
        verbose_name_plural = _("rendered documents")

    def __str__(self) -> str:
        return str(self.template)


class FileDocument(Document):
    """A copied file field. Empty file name: that of the file."""

    rule = models.ForeignKey(Rule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="file_documents")
    file_field = models.CharField(_("file field"), max_length=100, help_text=_("The file field of the object, or of the related one."))

    class Meta(Document.Meta):
        verbose_name = _("copied file")
        verbose_name_plural = _("copied files")

    def __str__(self) -> str:
        return self.file_field
