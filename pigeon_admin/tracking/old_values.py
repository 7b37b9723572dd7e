"""What the database had before a save."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import DatabaseError, connections, models, transaction

from pigeon_admin.conditions import FieldPath


def old_values(instance: models.Model, paths: Iterable[FieldPath], using: str) -> dict[str, Sequence[Any]] | None:
    """``{path: [values]}`` as the database has them, or None when there is no such row."""
    rows = type(instance)._base_manager.using(using).filter(pk=instance.pk)
    single = sorted({path.path for path in paths if not path.multi_valued})
    try:
        if not connections[using].in_atomic_block:
            return read(rows, single, paths)
        with transaction.atomic(using=using):  # a failing query must not break the caller's transaction
            return read(rows, single, paths)
    except (DatabaseError, TypeError, ValueError):
        return {}  # judging will meet the same error, and there it becomes a row


def read(rows: models.QuerySet[Any], single: list[str], paths: Iterable[FieldPath]) -> dict[str, Sequence[Any]] | None:
    """One query for all single-valued paths, one for each of the others."""
    row = rows.values_list("pk", *single).first()
    if row is None:
        return None
    found: dict[str, Sequence[Any]] = {name: [value] for name, value in zip(single, row[1:], strict=True)}
    for path in paths:
        if path.multi_valued:
            found[path.path] = list(rows.values_list(path.path, flat=True)) or [None]
    return found
