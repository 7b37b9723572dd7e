"""What files a match becomes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.exceptions import DocumentError
from pigeon_admin.models.rules import Rule
from pigeon_admin.models.templates import ExportTemplate, template_error
from pigeon_admin.relations import related_model
from pigeon_admin.sandbox import PATTERN


class Document(models.Model):
    """One file for the object, or one for each object at ``relation_path``."""

    rule: Any  # each kind has its own foreign key

    relation_path = models.CharField(
        _("for each"),
        max_length=200,
        blank=True,
        help_text=_("Empty: one file for the object. Or a relation: photos, or photos__author."),
    )
    directory = models.CharField(
        _("directory"),
        max_length=500,
        blank=True,
        help_text=_("May use fields: {{ object.section.slug }}. Related objects are {{ item }}."),
    )
    file_name = models.CharField(_("file name"), max_length=500, blank=True, help_text=_("May use fields: {{ object.pk }}.xml"))
    position = models.PositiveIntegerField(_("position"), default=0, editable=False)

    class Meta:
        abstract = True
        ordering = ["position", "pk"]

    def clean(self) -> None:
        """Refuses name patterns that do not compile and a relation path that leads nowhere, each at its field."""
        super().clean()
        errors = {name: template_error(getattr(self, name), PATTERN) for name in ("directory", "file_name")}
        model = self.rule_model()
        if model is not None:
            try:
                errors |= self.errors_about(related_model(model, self.relation_path))
            except DocumentError as error:
                errors["relation_path"] = str(error)
        if errors := {field: text for field, text in errors.items() if text}:
            raise ValidationError(errors)

    def rule_model(self) -> type[models.Model] | None:
        """The model of the rule, or None while there is no rule yet or its model is not installed."""
        try:
            return self.rule.model_class if self.rule else None
        except ObjectDoesNotExist:
            return None

    def errors_about(self, target: type[models.Model]) -> dict[str, str]:
        """Errors by field, of what this kind of document asks of the model it is made from."""
        return {}


class TemplateDocument(Document):
    """A rendered export template. Empty patterns: those of the template."""

    rule = models.ForeignKey(Rule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="template_documents")
    template = models.ForeignKey(
        ExportTemplate, verbose_name=_("export template"), on_delete=models.PROTECT, related_name="documents"
    )

    class Meta(Document.Meta):
        verbose_name = _("rendered document")
        verbose_name_plural = _("rendered documents")

    def __str__(self) -> str:
        return str(self.template)


class FileDocument(Document):
    """A copied file field. Empty file name: that of the file."""

    rule = models.ForeignKey(Rule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="file_documents")
    file_field = models.CharField(
        _("file field"), max_length=100, help_text=_("The file field of the object, or of the related one.")
    )

    class Meta(Document.Meta):
        verbose_name = _("copied file")
        verbose_name_plural = _("copied files")

    def __str__(self) -> str:
        return self.file_field

    def errors_about(self, target: type[models.Model]) -> dict[str, str]:
        if not self.file_field:
            return {}  # an empty field has its own message already
        try:
            if isinstance(target._meta.get_field(self.file_field), models.FileField):
                return {}
        except FieldDoesNotExist:
            pass
        names = ", ".join(field.name for field in target._meta.get_fields() if isinstance(field, models.FileField))
        text = _("“%(name)s” is no file field of %(model)s. There are: %(names)s.")
        if not names:
            text = _(
                "“%(name)s” is no file field: %(model)s has none. To copy files of related objects, name the relation in “for each”."
            )
        return {"file_field": text % {"name": self.file_field, "model": target._meta.verbose_name, "names": names or "-"}}
