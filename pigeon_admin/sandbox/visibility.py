"""Which names of a model templates may see."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.db import models
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.utils.translation import gettext as _

from pigeon_admin.conf import settings
from pigeon_admin.exceptions import ConfigurationError, RenderError

Reader = Callable[[models.Model], Any]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """ " Did you mean “title”?", or "" when nothing is close."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return " " + _("Did you mean “%s”?") % close[0] if close else ""


@lru_cache(maxsize=16)
def hidden_pattern(source: str) -> re.Pattern[str]:
    """The compiled TEMPLATE_HIDDEN_FIELDS."""
    try:
        return re.compile(source, re.IGNORECASE)
    except re.error as error:
        raise ConfigurationError(f"PIGEON_ADMIN['TEMPLATE_HIDDEN_FIELDS'] is no regular expression: {error}.") from error


def hidden(name: str) -> bool:
    """Whether a field of this name is never shown to templates."""
    pattern = settings.TEMPLATE_HIDDEN_FIELDS
    return bool(pattern) and hidden_pattern(pattern).search(name) is not None


@lru_cache(maxsize=1024)
def fields_of(model: type[models.Model]) -> dict[str, Any]:
    """Every field and relation of a model by the name of its attribute; a foreign key also by its ``_id``."""
    found: dict[str, Any] = {}
    # A proxy model has no reverse relations of its own, but it inherits their attributes.
    for field in (model._meta.concrete_model or model)._meta.get_fields():
        if isinstance(field, ForeignObjectRel):
            found[str(field.get_accessor_name())] = field
        else:
            found[field.name] = field
            found.setdefault(getattr(field, "attname", None) or field.name, field)
    return found


class Visibility:
    """The names of one model. Built anew for each look, so that settings count at once."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.fields = fields_of(model)

    @classmethod
    def of(cls, instance: models.Model) -> Visibility:
        """What is visible of this instance."""
        return cls(type(instance))

    def methods(self) -> set[str]:
        """Methods that the site allows, for this model or one it inherits from."""
        labels = {
            parent._meta.label.lower() for parent in self.model.__mro__ if hasattr(parent, "_meta") and parent is not models.Model
        }
        return {name for label, names in settings.TEMPLATE_METHODS.items() if label.lower() in labels for name in names}

    def shows(self, name: str) -> bool:
        """Whether ``name`` is a field or relation that is not hidden."""
        field = self.fields.get(name)
        if field is None or hidden(name) or hidden(field.name):
            return False
        # The ledgers, sessions and log entries that point at an object are the site's business, not its content.
        return not (isinstance(field, ForeignObjectRel) and field.related_model._meta.app_label in settings.EXCLUDED_APPS)

    def names(self) -> list[str]:
        """Every visible name, for suggestions."""
        fields = [name for name in self.fields if self.shows(name)]
        labels = [f"get_{name}_display" for name in fields if getattr(self.fields[name], "choices", None)]
        return [
            *fields,
            *labels,
            *self.methods(),
            "pk",
            *(["get_absolute_url"] if hasattr(self.model, "get_absolute_url") else []),
        ]

    def reader(self, name: str) -> Reader:
        """What reads ``name`` from an instance; raises RenderError in words when it is not there to be read."""
        if name in self.methods():
            return lambda instance: called(getattr(instance, name))
        if name == "pk" or self.shows(name):
            return lambda instance: getattr(instance, name)
        if name == "get_absolute_url" and hasattr(self.model, name):
            return lambda instance: str(called(getattr(instance, name)))
        if name.startswith("get_") and name.endswith("_display"):
            of = name[len("get_") : -len("_display")]
            if self.shows(of) and getattr(self.fields[of], "choices", None):
                return lambda instance: str(called(getattr(instance, name)))
        raise RenderError(self.refusal(name))

    def refusal(self, name: str) -> str:
        """Why ``name`` cannot be had, and what can."""
        values = {"model": self.model._meta.verbose_name, "name": name, "label": self.model._meta.label}
        if name in self.fields or hidden(name):
            return _("“%(name)s” of %(model)s is never shown to templates.") % values
        close = did_you_mean(name, self.names())
        if not close and not name.startswith("_") and hasattr(self.model, name):
            return (
                _("“%(name)s” of %(model)s may not be used here. The site can allow it in TEMPLATE_METHODS for %(label)s.")
                % values
            )
        return _("The %(model)s has no field “%(name)s”.") % values + close


def called(value: Any) -> Any:
    """A method's result; a property is its value already."""
    return value() if callable(value) else value
