"""The package of an object that is being deleted: judged, rendered and frozen while the object is still there."""

from __future__ import annotations

import logging
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from pigeon_admin.exceptions import told
from pigeon_admin.freezing import freeze, storage_trouble
from pigeon_admin.judging import DatabaseSource, verdict_json
from pigeon_admin.models import Package, Rule
from pigeon_admin.models.outbox import Match, enter
from pigeon_admin.nudge import nudge_on_commit
from pigeon_admin.rendering import documents_of
from pigeon_admin.selection.change import LONGEST_KEY, key_of
from pigeon_admin.selection.compiled import CompiledRule

logger = logging.getLogger("pigeon_admin.selection")


def say_farewell(rule: CompiledRule, obj: models.Model, using: str, name: str) -> None:
    """Judge, and write a built package if the rule says yes. What fails becomes a failed row, and the delete goes on."""
    moment = timezone.now()
    verdict: dict[str, Any] = {}
    built: dict[str, Any] = {}
    problem = rule.problem
    try:
        if not problem:
            with transaction.atomic(using=using):
                source = DatabaseSource(type(obj), obj.pk, using, moment, expected=tuple(rule.conditions.paths))
                if not rule.conditions.answer(source):
                    return
                verdict = verdict_json(rule.conditions.explain(source))
                # From templates only: the files of a deleted object may be gone before anybody could correct a fault.
                frozen = freeze(documents_of(Rule.objects.using(using).get(pk=rule.pk), obj, templates_only=True))
                built = {"documents": frozen.documents, "sha256": frozen.sha256, "size": frozen.size, "built_at": moment}
    except Exception as error:
        logger.warning("No documents for the deletion of %s %s by rule “%s”", rule.label, obj.pk, rule.slug, exc_info=True)
        why = storage_trouble(error) if isinstance(error, OSError) else told(error)
        problem = f"The object was deleted and its documents could not be written: {why}"
    match = Match(
        rule_id=rule.pk,
        model=rule.label,
        object_pk=str(key_of(type(obj), obj.pk)[1])[:LONGEST_KEY],
        object_repr=name,
        event=Package.Event.DELETE,
        destination_ids=rule.destination_ids,
        moment=moment,
        verdict=verdict,
        problem=problem,
    )
    enter(match, open_key=None, **built)
    nudge_on_commit(using)
