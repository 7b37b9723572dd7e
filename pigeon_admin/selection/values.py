"""What an instance in memory knows before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import models
from django.db.models.expressions import BaseExpression, Combinable
from django.db.models.fields.files import FieldFile

from pigeon_admin.conditions import UNKNOWN, FieldPath
from pigeon_admin.judging import DatabaseSource

# What turns the attribute of an instance into what is stored, and back.
WRITING = ("pre_save", "get_prep_value", "get_db_prep_value", "get_db_prep_save")


@lru_cache(maxsize=4096)
def set_by_save(field: models.Field[Any, Any]) -> bool:
    """Whether saving itself changes the value (auto_now, files), so that memory knows it only afterwards."""
    return type(field).pre_save is not models.Field.pre_save


@lru_cache(maxsize=4096)
def set_by_database(field: models.Field[Any, Any]) -> bool:
    """Whether what is stored may differ from what memory holds, also after the save: generated columns, fields that are not Django's."""
    return field.generated or any(not getattr(type(field), name).__module__.startswith("django.") for name in WRITING)


class InstanceSource:
    """The values of an instance as its own memory has them. What only the database knows is UNKNOWN.

    ``written``: the attnames that the save writes, or None for all. ``saved``: whether the save has happened.
    """

    def __init__(
        self,
        instance: models.Model,
        *,
        moment: datetime,
        created: bool | None,
        written: frozenset[str] | None,
        old: dict[str, Sequence[Any]] | None = None,
        saved: bool = False,
    ) -> None:
        self.values = instance.__dict__
        self.moment = moment
        self.created = created
        self.written = written
        self.old = old
        self.saved = saved
        self.asked: dict[str, Any] = {}  # a hundred rules ask for the same few fields

    def now(self, path: FieldPath) -> Any:
        """``[value]`` where memory has what the database has, or will have after the save; else UNKNOWN."""
        try:
            return self.asked[path.path]
        except KeyError:
            self.asked[path.path] = values = self.look(path)
            return values

    def look(self, path: FieldPath) -> Any:
        """As ``now``, without remembering."""
        if not path.is_local:
            return UNKNOWN
        field = path.field
        attname = field.attname
        if attname not in self.values or (self.written is not None and attname not in self.written):
            return UNKNOWN
        if set_by_database(field) or (not self.saved and set_by_save(field)):
            return UNKNOWN
        value = self.values[attname]
        if isinstance(value, (Combinable, BaseExpression)):
            return UNKNOWN
        if isinstance(value, models.Model):  # a OneToOne primary key may hold the object
            value = value.pk
        elif isinstance(value, FieldFile):
            value = value.name
        elif isinstance(value, str) and type(value) is not str:
            value = str.__str__(value)  # a member of TextChoices; plain text is judged several times faster
        return [value]

    def before(self, path: FieldPath) -> Any:
        """The old value where it was read, else UNKNOWN."""
        if self.old is None or path.path not in self.old:
            return UNKNOWN
        return self.old[path.path]


class SavedSource:
    """The values of an instance that has just been saved: from its memory where that is what was written, else from the database."""

    def __init__(self, memory: InstanceSource | None, database: DatabaseSource) -> None:
        self.memory = memory
        self.database = database
        self.moment = database.moment
        self.created = database.created

    def now(self, path: FieldPath) -> Sequence[Any]:
        """The present values at ``path``."""
        if self.memory is not None:
            values = self.memory.now(path)
            if values is not UNKNOWN:
                return values  # type: ignore[no-any-return]
        return self.database.now(path)

    def before(self, path: FieldPath) -> Any:
        """The old values; where nobody took them, nothing changed them."""
        if path.path in self.database.old:
            return self.database.old[path.path]
        return [None] if self.created else self.now(path)
