"""Which objects, on which event, go to whom."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _
from polymorphic.models import PolymorphicModel

from pigeon_admin.conditions import Condition
from pigeon_admin.models.naming import Archivable, Named

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from pigeon_admin.models.documents import FileDocument, TemplateDocument


class Rule(Named, Archivable, PolymorphicModel):
    """Base of all rules: a model, its conditions, the documents a match becomes, and their destinations."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")

    model = models.CharField(_("content"), max_length=201, help_text=_("The kind of object that this rule is about."))
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.DRAFT, help_text=_("Only live rules send anything.")
    )
    destinations = models.ManyToManyField(
        "pigeon_admin.Destination", verbose_name=_("destinations"), related_name="rules", blank=True
    )
    notes = models.TextField(_("notes"), blank=True, help_text=_("For your colleagues: why this rule exists, whom to call."))

    if TYPE_CHECKING:
        condition_rows: RelatedManager[ConditionRow]
        template_documents: RelatedManager[TemplateDocument]
        file_documents: RelatedManager[FileDocument]

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["name", "pk"]
        constraints = [models.CheckConstraint(condition=models.Q(state__in=["draft", "live"]), name="pigeon_rule_state")]

    @property
    def model_class(self) -> type[models.Model] | None:
        """The host's model, or None when it is no longer installed."""
        try:
            return apps.get_model(self.model)
        except (LookupError, ValueError):
            return None

    def conditions(self) -> list[Condition]:
        """The condition rows as plain values, in their order."""
        return [row.as_condition() for row in self.condition_rows.all()]


class SaveRule(Rule):
    """Judges every save and delete of its model."""

    on_create = models.BooleanField(_("when created"), default=True)
    on_update = models.BooleanField(_("when changed"), default=True)
    on_delete = models.BooleanField(
        _("when deleted"), default=False, help_text=_("Documents are written just before the object goes.")
    )
    watched_fields = models.JSONField(
        _("watched fields"),
        default=list,
        blank=True,
        help_text=_("A change counts only if one of these fields changed. None: every change counts. New objects always count."),
    )

    class Meta:
        verbose_name = _("save rule")
        verbose_name_plural = _("save rules")


class ConditionRow(models.Model):
    """One condition of a rule. Rows of the same group must all hold; one group that holds is enough."""

    rule = models.ForeignKey(Rule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="condition_rows")
    group = models.PositiveSmallIntegerField(
        _("group"), default=1, help_text=_("Conditions with the same number must all hold. It is enough that one group holds.")
    )
    negate = models.BooleanField(_("not"), default=False)
    path = models.CharField(_("field"), max_length=200, help_text=_("A field of the object, or of a related one: section__slug"))
    operator = models.CharField(_("operator"), max_length=40)
    value = models.TextField(_("value"), blank=True)
    position = models.PositiveIntegerField(_("position"), default=0, editable=False)

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        ordering = ["group", "position", "pk"]

    def __str__(self) -> str:
        return str(self.as_condition())

    def as_condition(self) -> Condition:
        """This row as a plain value."""
        return Condition(path=self.path, operator=self.operator, value=self.value, negate=self.negate, group=self.group)


class RuleSetVersion(models.Model):
    """One row whose token changes with every edit of a rule, document, template or destination, so that other processes notice.

    A random token, not a counter: after a rolled-back edit a counter could name two different states by one number.
    """

    token = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        verbose_name = _("rule set version")

    def __str__(self) -> str:
        return str(self.token)
