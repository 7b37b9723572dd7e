"""What the database had before a save."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, models, transaction

from pigeon_admin.conditions import FieldPath
from pigeon_admin.exceptions import PigeonError
from pigeon_admin.selection.change import Change
from pigeon_admin.selection.compiled import CompiledRule


class Unreadable(dict[str, Sequence[Any]]):
    """Old values that could not be read: whoever asks for one meets the error, which judging makes a visible row of."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def __contains__(self, path: object) -> bool:
        kind = type(self.error).__name__
        raise PigeonError(f"its old values cannot be read from the database ({kind}). Correct them there.") from self.error


def old_values(instance: models.Model, paths: Iterable[FieldPath], using: str) -> dict[str, Sequence[Any]] | None:
    """``{path: [values]}`` as the database has them, or None when there is no such row."""
    rows = type(instance)._base_manager.using(using).filter(pk=instance.pk)
    try:
        if not connections[using].in_atomic_block:
            return read(rows, tuple(paths))
        with transaction.atomic(using=using):  # a failing query must not break the caller's transaction
            return read(rows, tuple(paths))
    except Exception as error:
        return Unreadable(error)


def read(rows: models.QuerySet[Any], paths: Sequence[FieldPath]) -> dict[str, Sequence[Any]] | None:
    """One query for all single-valued paths, one for each of the others."""
    row = rows.values("pk", *{path.query_path for path in paths if not path.multi_valued}).first()
    if row is None:
        return None
    return {
        path.path: (list(rows.values_list(path.query_path, flat=True)) or [None]) if path.multi_valued else [row[path.query_path]]
        for path in paths
    }


def learn(change: Change, instance: models.Model, rules: Iterable[CompiledRule]) -> None:
    """Read the old values that nothing written earlier in the transaction gave reason to read."""
    known = change.old.keys()
    missing = {path for rule in rules for path in rule.before_paths if path.path not in known}
    if missing and not change.created:
        found = old_values(instance, missing, change.using)
        if found is not None:
            change.old = {**change.old, **found} if found else found
