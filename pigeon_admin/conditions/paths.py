"""Field paths: from a model's field, or across relations, to the values that a condition is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from pigeon_admin.conf import settings
from pigeon_admin.exceptions import ConditionError

LONGEST = 6  # steps: SQLite joins at most 64 tables in one query, and nobody reads a longer path

# The first that fits decides: a DateTimeField is a DateField, too.
KINDS: tuple[tuple[type[models.Field[Any, Any]], str], ...] = (
    (models.FileField, "file"),
    (models.JSONField, "json"),
    (models.BooleanField, "boolean"),
    (models.DateTimeField, "datetime"),
    (models.DateField, "date"),
    (models.TimeField, "time"),
    (models.UUIDField, "uuid"),
    (models.IntegerField, "number"),
    (models.DecimalField, "number"),
    (models.FloatField, "number"),
    (models.CharField, "text"),
    (models.TextField, "text"),
)


@dataclass(frozen=True)
class FieldPath:
    """A resolved path; equal to another of the same model and path.

    ``path`` is in canonical form (``pk`` and ``section_id`` have become ``id`` and ``section``). ``steps``: the Django field or
    relation at each name. ``kind``: "text", "number", "date", "datetime", "time", "boolean", "file", "json", "uuid", "relation"
    or "other". ``is_local``: the value lies on the object itself, in the attribute ``field.attname``. ``null``: may be None.
    ``key``: the plain field whose values are compared; for a relation the key of the related objects.
    """

    model: type[models.Model]
    path: str
    steps: tuple[Any, ...] = field(compare=False, repr=False)
    kind: str = field(compare=False)
    multi_valued: bool = field(compare=False, repr=False)
    is_local: bool = field(compare=False, repr=False)
    null: bool = field(compare=False, repr=False)
    key: models.Field[Any, Any] = field(compare=False, repr=False)
    query_path: str = field(compare=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names along the path."""
        return tuple(step.name for step in self.steps)

    @property
    def field(self) -> Any:
        """The Django field, or relation, at the end of the path."""
        return self.steps[-1]

    @property
    def label(self) -> str:
        """For people: “section › slug”."""
        return " › ".join(label_of(step) for step in self.steps)

    @property
    def choices(self) -> list[tuple[Any, str]]:
        """(key, label) of each choice; empty where any value goes."""
        pairs: Any = getattr(self.key, "flatchoices", None) or []
        return [(key, str(label)) for key, label in pairs if key not in (None, "")]


def label_of(step: Any) -> str:
    """The name of one step, for people."""
    if step.auto_created and not step.concrete:
        meta = step.related_model._meta
        return str(meta.verbose_name if step.one_to_one else meta.verbose_name_plural)
    return str(step.verbose_name)


def in_column(step: Any) -> bool:
    """Whether the value lies in a column of the object's own table, or of a parent's."""
    return bool(step.concrete) and not step.many_to_many


def kind_of(step: Any) -> str:
    """The kind of values that a field or relation holds."""
    if step.is_relation:
        return "relation"
    return next((kind for cls, kind in KINDS if isinstance(step, cls)), "other")


def resolve(model: type[models.Model], path: str) -> FieldPath:
    """The field path that ``path`` names on ``model``; raises ConditionError (part "path") that says how to correct it."""
    names = path.strip().split("__")
    if names == [""]:
        raise ConditionError(_("Choose a field."))
    if len(names) > LONGEST:
        raise ConditionError(_("“%(path)s” takes too many steps; at most %(most)d.") % {"path": path, "most": LONGEST})
    steps: list[Any] = []
    holder: type[models.Model] | None = model
    for name in names:
        if holder is None:
            raise nothing_follows(steps[-1], name)
        step = step_of(holder, name)
        steps.append(step)
        holder = step.related_model if step.is_relation else None
    if len(steps) > 1 and in_column(steps[-2]) and steps[-2].is_relation and steps[-1] is steps[-2].target_field:
        steps.pop()  # section__id is the column section_id: no need to read the section
    return built(model, steps)


def built(model: type[models.Model], steps: list[Any]) -> FieldPath:
    last = steps[-1]
    keys = list(keys_of(last))
    multi_valued = any(step.one_to_many or step.many_to_many for step in steps if step.is_relation)
    return FieldPath(
        model=model,
        path="__".join(step.name for step in steps),
        steps=tuple(steps),
        kind=kind_of(last),
        multi_valued=multi_valued,
        is_local=len(steps) == 1 and in_column(last),
        null=any(step.null or not in_column(step) for step in steps),
        key=keys[-1] if keys else last,
        query_path="__".join(step.name for step in [*steps, *keys]),
    )


def keys_of(step: Any) -> Iterator[models.Field[Any, Any]]:
    """The fields that lead from a relation to the plain field that identifies its objects; none for a plain field."""
    while step.is_relation:
        step = step.target_field if in_column(step) else step.related_model._meta.pk
        yield step


def step_of(model: type[models.Model], name: str) -> Any:
    """The field or relation ``name`` of ``model``, if conditions may ask for it."""
    meta = model._meta
    try:
        step: Any = meta.pk if name == "pk" else meta.get_field(name)
    except FieldDoesNotExist:
        raise no_such_field(model, name) from None
    if hidden(step.name):
        raise ConditionError(_("“%(name)s” may hold a password or a key; conditions never look at it.") % {"name": name})
    if not askable(step):
        raise ConditionError(
            _("“%(name)s” has no single value or kind of object, so no condition can ask for it.") % {"name": name}
        )
    return step


def hidden(name: str) -> bool:
    """Whether a field of this name is kept from conditions, as it is from templates."""
    return re.search(settings.TEMPLATE_HIDDEN_FIELDS, name, re.IGNORECASE) is not None


def askable(step: Any) -> bool:
    """False for generic foreign keys and for keys made of several columns."""
    if step.is_relation:
        plain = step.concrete or step.auto_created or step.many_to_many or step.one_to_many
        return bool(plain) and step.related_model is not None
    return bool(step.concrete)


def names_of(model: type[models.Model]) -> list[str]:
    """What can be asked of ``model``, its own fields first."""
    steps = [step for step in model._meta.get_fields() if askable(step) and not hidden(step.name)]
    return [step.name for step in sorted(steps, key=lambda step: step.auto_created and not step.concrete)]


def no_such_field(model: type[models.Model], name: str) -> ConditionError:
    names = names_of(model)
    close = get_close_matches(name.lower().removesuffix("_set"), names, n=3, cutoff=0.6)
    text = _("There is no field “%(name)s” on %(model)s.") % {"name": name, "model": model._meta.verbose_name}
    if close:
        hint = _("Did you mean %(names)s?") % {"names": listed(close, _("or"))}
    else:
        hint = _("It has: %(names)s.") % {"names": ", ".join(names)}
    return ConditionError(f"{text} {hint}")


def nothing_follows(step: Any, name: str) -> ConditionError:
    text = _("“%(field)s” leads no further, so “%(name)s” cannot follow it.") % {"field": step.name, "name": name}
    hint = _("How to compare is chosen as the operator, not written in the field.")
    return ConditionError(f"{capfirst(text)} {hint}")


def listed(names: list[str], last: str) -> str:
    """“a”, “b” or “c”."""
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
