"""The present values of a saved object at a field path."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet

from pigeon_admin.conditions.paths import FieldPath, in_column


def values_of(instance: Model, path: FieldPath) -> list[Any]:
    """The values at ``path``: one for a single-valued path, one for each related row else, ``[None]`` where there is none.

    Follows foreign keys on the instance itself, so that one just reassigned counts. From the first other relation on it asks the
    database, in one query, by the same join that ``Conditions.query`` uses: a manager that hides rows hides them from neither.
    """
    holder = instance
    for position, step in enumerate(path.steps):
        if not in_column(step):
            return joined(holder, path.query_path.split("__")[position:])
        if step is path.steps[-1]:
            return [getattr(holder, step.attname)]
        try:
            related = getattr(holder, step.name)
        except ObjectDoesNotExist:
            related = None
        if related is None:
            return [None]
        holder = related
    raise AssertionError("a path has steps")


def joined(holder: Model, names: list[str]) -> list[Any]:
    """The values behind a relation, by query."""
    if holder.pk is None:
        return [None]
    rows: QuerySet[Any] = QuerySet(type(holder)).using(holder._state.db).filter(pk=holder.pk)
    return list(rows.values_list("__".join(names), flat=True)) or [None]
