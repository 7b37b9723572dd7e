"""What templates are handed instead of model instances: field data, and little else."""

from __future__ import annotations

import datetime
import decimal
import enum
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, models
from django.db.models.fields.files import FieldFile
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox.budget import Budget
from pigeon_admin.sandbox.visibility import Visibility, did_you_mean

T = TypeVar("T")

PLAIN = (str, bool, int, float, decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, Promise)


class Proxy(ABC):
    """Something a template may look into, by names that it decides on itself."""

    @abstractmethod
    def lookup(self, name: str) -> Any:
        """The plain or wrapped value behind ``name``; raises RenderError when there is none."""


def plain(value: Any, budget: Budget) -> Any:
    """``value`` as templates may have it: plain data, or wrapped."""
    if value is None or type(value) in (str, int, bool, float, SafeString) or isinstance(value, Proxy):
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value, budget)
    if isinstance(value, SafeString) or (isinstance(value, PLAIN) and not isinstance(value, (str, int, float))):
        return value
    if isinstance(value, models.Model):
        return ObjectProxy(value, budget)
    if isinstance(value, (models.Manager, models.QuerySet)):
        return RelationProxy(value, budget)
    if isinstance(value, FieldFile):
        return FileProxy(value)
    if isinstance(value, (Mapping, list, tuple)):
        # Shallow: what is inside is made plain when a template reaches for it.
        return value
    if isinstance(value, (set, frozenset, types.GeneratorType)):
        return list(budget.counted(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise RenderError(_("Binary data cannot be written into a template. Copy it as a file instead."))
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    # Data of custom fields: a country, an amount of money, a UUID. Its text is data; the thing itself has methods.
    return str(value)


def guarded(call: Callable[[], T], what: str) -> T:
    """The result of the host's own code; its errors become a RenderError that says where, but a lost database stays that."""
    try:
        return call()
    except (RenderError, DatabaseError, ObjectDoesNotExist):
        raise
    except FileNotFoundError as error:
        raise RenderError(_("The file of %(what)s is gone.") % {"what": what}) from error
    except Exception as error:
        text = _("%(what)s could not be read: %(error)s") % {"what": what, "error": f"{type(error).__name__}: {error}"}
        raise RenderError(text) from error


class ObjectProxy(Proxy):
    """A model instance, reduced to what ``Visibility`` shows of it."""

    __slots__ = ("_budget", "_instance", "_known")

    def __init__(self, instance: models.Model, budget: Budget) -> None:
        self._instance = instance
        self._budget = budget
        self._known: dict[str, Any] = {}

    def __str__(self) -> str:
        return guarded(lambda: str(self._instance), _("The name of a %s") % self._instance._meta.verbose_name)

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectProxy) and self._instance == other._instance

    def __hash__(self) -> int:
        return hash((type(self._instance)._meta.concrete_model, self._instance.pk))

    def lookup(self, name: str) -> Any:
        if name in self._known:
            return self._known[name]
        read = Visibility.of(self._instance).reader(name)
        try:
            value = guarded(lambda: read(self._instance), f"“{name}” ({self._instance._meta.verbose_name} {self._instance.pk})")
        except ObjectDoesNotExist:
            value = None
        value = plain(value, self._budget)
        # A relation is loaded once, however often the template loops over it.
        if isinstance(value, Proxy):
            self._known[name] = value
        return value


class RelationProxy(Proxy):
    """A to-many relation: countable and iterable, each object one step of the budget."""

    __slots__ = ("_budget", "_rows", "_source")

    def __init__(self, source: Any, budget: Budget) -> None:
        self._source: models.QuerySet[models.Model] = source.all()
        self._budget = budget
        self._rows: list[ObjectProxy] | None = None

    def lookup(self, name: str) -> Any:
        match name:
            case "all":
                return self
            case "count":
                return len(self) if self._rows is not None else self._source.count()
            case "exists":
                return bool(self)
            case "first" | "last":
                rows = self.rows()
                return (rows[0] if name == "first" else rows[-1]) if rows else None
        if name.isdecimal():
            rows = self.rows()
            return rows[int(name)] if int(name) < len(rows) else None
        kind = self._source.model._meta.verbose_name_plural
        text = _("“%(name)s” cannot be used on a list of %(kind)s: loop over it with for, or use all, count, first or last.")
        raise RenderError(text % {"name": name, "kind": kind})

    def rows(self) -> list[ObjectProxy]:
        """All objects, loaded once and never more than the budget has steps left."""
        if self._rows is None:
            prefetched = getattr(self._source, "_result_cache", None) is not None
            found = self._source if prefetched else self._source[: self._budget.steps_left + 1]
            self._rows = [ObjectProxy(instance, self._budget) for instance in self._budget.counted(found)]
        return self._rows

    def __iter__(self) -> Iterator[ObjectProxy]:
        return iter(self.rows())

    def __len__(self) -> int:
        return len(self.rows())

    def __bool__(self) -> bool:
        return bool(self._rows) if self._rows is not None else self._source.exists()

    def __getitem__(self, index: Any) -> Any:
        return self.rows()[index]

    def __str__(self) -> str:
        names = [str(row) for row in self.rows()]
        self._budget.reserve(sum(map(len, names)))
        return ", ".join(names)

    __repr__ = __str__


class FileProxy(Proxy):
    """A file field: where the file is on the web and what it is called, never where it is on the server."""

    __slots__ = ("_file",)
    NAMES = ("url", "name", "size", "base_name", "extension", "width", "height")

    def __init__(self, file: FieldFile) -> None:
        self._file = file

    def __bool__(self) -> bool:
        return bool(self._file)

    def __str__(self) -> str:
        return self._file.name or ""

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def lookup(self, name: str) -> Any:
        if name == "path":
            raise RenderError(_("The path of a file on this server is not shown. Use “url” or “name”."))
        if name not in self.NAMES or not (
            name in ("base_name", "extension") or hasattr(type(self._file), name) or name == "name"
        ):
            raise RenderError(_("A file has no “%(name)s”.") % {"name": name} + did_you_mean(name, self.NAMES))
        if not self._file:
            return None
        path = PurePosixPath(str(self))
        if name == "base_name":
            return path.name
        if name == "extension":
            return path.suffix[1:]
        return guarded(lambda: getattr(self._file, name), f"“{self}”")


class Facts(Proxy):
    """A few named values, such as the rule: anything else asked of it is a typing error."""

    __slots__ = ("_title", "_values")

    def __init__(self, title: str, values: Mapping[str, Any]) -> None:
        self._title = title
        self._values = values

    def lookup(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        text = _("The %(what)s has no “%(name)s”.") % {"what": self._title, "name": name}
        raise RenderError(text + did_you_mean(name, self._values))

    def __str__(self) -> str:
        return str(next(iter(self._values.values()), ""))
