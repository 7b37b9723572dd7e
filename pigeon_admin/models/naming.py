"""What rules, templates and destinations share: a name for people and an immutable slug for rule sets."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Named(models.Model):
    """``slug`` is the name in a rule set, so it never changes once saved."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(
        _("short name"),
        max_length=100,
        unique=True,
        help_text=_("Its name in exported rule sets and on the command line. It cannot be changed later."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True, editable=False)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.pk is None:
            return
        stored = type(self)._base_manager.filter(pk=self.pk).values_list("slug", flat=True).first()
        if stored is not None and stored != self.slug:
            raise ValidationError(
                {"slug": _("The short name is the name in rule sets and cannot be changed. It is “%s”.") % stored}
            )


class Archivable(models.Model):
    """Deleting would tear holes into the ledger, so what has been used is archived instead."""

    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True
