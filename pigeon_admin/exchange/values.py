"""One field of a model, as the plain value that a document holds."""

from __future__ import annotations

from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.exceptions import RuleSetError
from pigeon_admin.exchange.kinds import own_fields

AnyField: TypeAlias = "models.Field[Any, Any]"


def read(field: AnyField, instance: models.Model) -> Any:
    """The value of ``field`` as a document holds it; relations as slugs, archived objects left out."""
    if isinstance(field, models.ManyToManyField):
        related = getattr(instance, field.name).all() if instance.pk is not None else []
        return sorted(other.slug for other in related if getattr(other, "archived_at", None) is None)
    if isinstance(field, models.ForeignKey):
        other = getattr(instance, field.name)
        return None if other is None else other.slug
    return plain(field, field.value_from_object(instance))


def plain(field: AnyField, value: Any) -> Any:
    """A Python value of ``field`` as a document holds it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(field, models.JSONField):
        return ordered(value)
    if isinstance(field, (models.IntegerField, models.FloatField)):
        return value
    if isinstance(field, (models.CharField, models.TextField)):
        return str(value)
    holder = _Holder()
    setattr(holder, field.attname, value)
    return field.value_to_string(holder)  # type: ignore[arg-type]


class _Holder:
    """What ``value_to_string`` asks for: something that has the field's attribute."""


def ordered(value: Any) -> Any:
    """A JSON value with the keys of its objects in order: PostgreSQL gives them back in another than they were written."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def accept(field: AnyField, value: Any) -> Any:
    """What a document says about ``field``, made canonical; raises RuleSetError on a value of the wrong type."""
    if isinstance(field, models.ManyToManyField):
        if not isinstance(value, list) or not all(isinstance(slug, str) for slug in value):
            raise RuleSetError(_("must be a list of short names, not %s.") % shown(value))
        return sorted(set(value))
    if isinstance(field, models.JSONField):
        return ordered(value)
    if value is None:
        if field.null:
            return None
        raise RuleSetError(_("must not be null. Leave the line out for the usual value."))
    for kind, types, words in _TYPES:
        if isinstance(field, kind):
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise RuleSetError(words % shown(value))
            return value
    if not isinstance(value, str):
        raise RuleSetError(_("must be text, not %s. Put it in quotes.") % shown(value))
    if isinstance(field, (models.CharField, models.TextField, models.ForeignKey)):
        return value
    try:
        return plain(field, field.to_python(value))
    except (ValidationError, ValueError, TypeError) as error:
        raise RuleSetError(" ".join(getattr(error, "messages", [str(error)]))) from error


_TYPES: list[tuple[type[AnyField], tuple[type, ...], Any]] = [
    (models.BooleanField, (bool,), _("must be true or false, not %s.")),
    (models.IntegerField, (int,), _("must be a whole number, not %s.")),
    (models.FloatField, (int, float), _("must be a number, not %s.")),
]


def shown(value: Any) -> str:
    """A value for a message, at most 60 characters long."""
    text = f"“{value}”" if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def default(field: AnyField) -> Any:
    """What a missing key means."""
    if isinstance(field, models.ManyToManyField):
        return []
    if isinstance(field, models.ForeignKey):
        return None
    return plain(field, field.get_default())


def defaults(model: type[models.Model], *, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of a new object, by field."""
    return {field.name: default(field) for field in own_fields(model, leave_out=leave_out)}
