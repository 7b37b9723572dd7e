"""Building a package: the object is read once more, rendered and frozen; whatever goes wrong is a reason on the rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import DatabaseError, models
from django.utils import timezone

from pigeon_admin.conditions import Conditions, compile_conditions
from pigeon_admin.exceptions import ConfigurationError, DocumentError, PigeonError, told
from pigeon_admin.freezing import freeze, storage_trouble
from pigeon_admin.judging import source_of
from pigeon_admin.models import Package, Rule
from pigeon_admin.rendering import documents_of


class NotWanted(PigeonError):
    """The package is not to be sent any more; the message says why."""


class NotNow(PigeonError):
    """It could not be built for a reason of ours that may pass: a database or a disk that is away."""


@dataclass
class Plans:
    """The rules of one batch of packages, each read once with all that it needs; the next batch sees what was edited meanwhile."""

    alias: str
    plans: dict[int, tuple[Rule, type[models.Model], Conditions]] = field(default_factory=dict)

    def of(self, rule_id: int) -> tuple[Rule, type[models.Model], Conditions]:
        """A rule with its documents and templates, its model, and the compiled part of its conditions that is about the object's state."""
        if rule_id not in self.plans:
            rule = Rule.objects.using(self.alias).get(pk=rule_id)
            models.prefetch_related_objects([rule], "template_documents__template", "file_documents", "condition_rows")
            model = rule.model_class
            if model is None:
                raise ConfigurationError(f"“{rule.model}” is not installed on this site any more.")
            self.plans[rule_id] = rule, model, compile_conditions(model, rule.conditions()).state_only()
        return self.plans[rule_id]


def build(package: Package, plans: Plans) -> None:
    """Give a closed package its frozen documents, unless it has them; after this ``package`` is as the database has it.

    Raises NotWanted, NotNow, or the PigeonError that a person must do something about. The object is read after the closing was
    committed, so it holds every save that the package stands for; not in one transaction, which on SQLite would keep the host
    from saving for as long as the rendering takes. A save in the middle of it opens a package of its own.
    """
    if package.built_at is not None:
        return
    try:
        rule, model, conditions = plans.of(package.rule_id)
        frozen = freeze(documents_of(rule, wanted_object(package, model, conditions)))
    except (PigeonError, DatabaseError, OSError) as error:
        raise sorted_out(error) from error
    except Exception as error:
        raise DocumentError(f"The documents could not be written: {type(error).__name__}: {told(error)}") from error
    # Somebody else may have built it in the meantime: the first one counts, for all destinations.
    Package.objects.using(package._state.db).filter(pk=package.pk, built_at=None).update(
        documents=frozen.documents, sha256=frozen.sha256, size=frozen.size, built_at=timezone.now(), error=""
    )
    package.refresh_from_db(fields=["documents", "sha256", "size", "built_at", "error"])


def sorted_out(error: Exception) -> PigeonError:
    """The error as the pipeline tells errors apart: a disk or database of ours that fails may come back by itself."""
    if isinstance(error, PigeonError):
        return error
    if isinstance(error, FileNotFoundError):
        return DocumentError(f"A file is missing: {error.filename or told(error)}")
    if isinstance(error, DatabaseError):
        return NotNow(f"The database of this site could not be used: {told(error)}")
    return NotNow(f"{storage_trouble(error)} This is tried again by itself.")


def wanted_object(package: Package, model: type[models.Model], conditions: Conditions) -> models.Model:
    """The object as it is now; raises NotWanted when it is gone or no longer what the rule is about."""
    obj = model._base_manager.using(package._state.db).filter(pk=package.object_pk).first()
    if obj is None:
        raise NotWanted(f"“{package.object_repr}” was deleted before it could be sent.")
    # Judged at the moment of its last save, so that "within the last 3 days" does not depend on how long it waited.
    if package.event != Package.Event.MANUAL and not conditions.answer(source_of(obj, conditions, package.changed_at)):
        raise NotWanted(f"“{package.object_repr}” no longer matches the rule, so it was not sent.")
    return obj
