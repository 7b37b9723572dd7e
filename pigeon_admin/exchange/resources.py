"""The rule set as a resource of django-import-export: a row is an entry, the preview is a plan, and one refusal stops all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.results import RowResult
from import_export.widgets import Widget
from tablib.core import Dataset

from pigeon_admin.exceptions import RuleSetError
from pigeon_admin.exchange.applying import write
from pigeon_admin.exchange.document import Entry
from pigeon_admin.exchange.exporting import entries_for
from pigeon_admin.exchange.formats import to_entries
from pigeon_admin.exchange.plan import CREATED, Permission, Plan, PlannedEntry
from pigeon_admin.models import Rule


class PlainWidget(Widget):
    """Plain values as they are: the formats know how to write them."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return value

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return value


class PlannedResult(RowResult):
    """A row of the preview; ``planned`` says what becomes of it."""

    planned: PlannedEntry | None = None


class RuleSetResource(ModelResource):
    """Chosen rules with all that they need.

    ``allowed`` answers whether somebody may "add" or "change" objects of a model; None: everything.
    ``expected``: the digest of the plan that was confirmed; an import that would do anything else is refused.
    """

    section = Field(attribute="section", column_name="section", widget=PlainWidget())
    kind = Field(attribute="kind", column_name="kind", widget=PlainWidget())
    slug = Field(attribute="slug", column_name="slug", widget=PlainWidget())
    content = Field(attribute="content", column_name="content", widget=PlainWidget())
    place = Field(attribute="place", column_name="place", widget=PlainWidget())

    class Meta:
        model = Rule
        fields = ("section", "kind", "slug", "content", "place")
        import_id_fields = ("section", "slug")
        use_transactions = True
        skip_diff = True
        report_skipped = True
        name = "Rule set"

    def __init__(self, *, allowed: Permission | None = None, expected: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.allowed = allowed
        self.expected = expected
        self.plan: Plan | None = None

    @classmethod
    def get_row_result_class(cls) -> type[PlannedResult]:
        return PlannedResult

    def get_user_visible_fields(self) -> list[Field]:
        return []

    # Export: the queryset's rules become entries.

    def iter_queryset(self, queryset: models.QuerySet[Rule]) -> Iterator[Entry]:
        yield from entries_for(queryset)

    # Import: plan once, then let import-export walk the rows.

    def import_data(self, dataset: Dataset, dry_run: bool = False, raise_errors: bool = False, *args: Any, **kwargs: Any) -> Any:
        """As import-export's, but one refusal rolls all back, and a dry run only reads.

        A long preview in a transaction would hold the one write lock of SQLite.
        """
        if dry_run:
            self.plan = Plan(to_entries(dataset), self.allowed)
            result = self.import_data_inner(dataset, True, raise_errors, False, False, **kwargs)
        else:
            kwargs["rollback_on_validation_errors"] = True
            with transaction.atomic(using=self.get_db_connection_name()):
                self.plan = Plan(to_entries(dataset), self.allowed)
                result = super().import_data(dataset, False, raise_errors, *args, **kwargs)
        result.plan = self.plan
        return result

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        if self.expected is not None and self.plan is not None and self.plan.digest != self.expected:
            raise RuleSetError(
                _("Something changed on this site since the preview. Nothing was imported; look at the new preview.")
            )

    def import_row(self, row: dict[str, Any], instance_loader: Any, **kwargs: Any) -> PlannedResult:
        result = super().import_row(row, instance_loader, **kwargs)
        result.planned = self.planned(row) if self.plan is not None else None
        return result  # type: ignore[no-any-return]

    def planned(self, row: dict[str, Any]) -> PlannedEntry:
        """What the plan says about a row."""
        if self.plan is None:
            raise RuleSetError(_("The rule set was not planned, so nothing of it is imported."))
        return self.plan.by_key[row["section"], row["slug"]]

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Any]) -> tuple[models.Model | None, bool]:
        planned = self.planned(row)
        return planned.instance or planned.existing, planned.outcome == CREATED

    def import_instance(self, instance: models.Model, row: dict[str, Any], **kwargs: Any) -> None:
        """Nothing: the plan holds the values."""

    def skip_row(self, instance: Any, original: Any, row: dict[str, Any], import_validation_errors: Any = None) -> bool:
        return self.planned(row).outcome == "unchanged"

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True) -> None:
        """Nothing: ``save_instance`` has the row, which says what the plan found."""

    def save_instance(self, instance: models.Model, is_create: bool, row: dict[str, Any], **kwargs: Any) -> None:
        planned = self.planned(row)
        if planned.reasons:
            raise ValidationError(planned.reasons)
        if not self._is_dry_run(kwargs) and self.plan is not None and not self.plan.refused:
            write(self.plan, planned)

    def save_m2m(self, instance: models.Model, row: dict[str, Any], **kwargs: Any) -> None:
        """Nothing: written with the entry."""

    def after_import(self, dataset: Dataset, result: Any, **kwargs: Any) -> None:
        """Nothing: no primary key comes from a document, so no sequence has to be reset."""
