"""Variables and filters, resolved by our rules instead of Python's attributes."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError
from django.template import Context
from django.template.base import FilterExpression, Parser, Variable
from django.utils import timezone
from django.utils.safestring import SafeData, mark_safe
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox import limits
from pigeon_admin.sandbox.budget import Budget
from pigeon_admin.sandbox.escaping import Form, Raw
from pigeon_admin.sandbox.proxies import Proxy, plain

DATE_PARTS = {"year", "month", "day", "hour", "minute", "second", "microsecond"}
DICTIONARY_VIEWS = {"items", "keys", "values"}
# Of a group that {% regroup %} made.
GROUP_PARTS = {"grouper", "list"}
# They are there to deal with a variable that may be missing.
FORGIVING = {"default", "default_if_none"}
# They tell None from "" themselves.
KNOW_NONE = {"default_if_none", "yesno", "json", "csv"}


class Undefined(RenderError):
    """A variable that nobody defined."""


class SandboxContext(Context):
    """A context that also carries what the rendering may use and how it writes."""

    def __init__(self, values: Mapping[str, Any], form: Form, budget: Budget) -> None:
        super().__init__(dict(values), autoescape=True, use_l10n=not form.machine)
        self.form = form
        self.budget = budget


class SandboxVariable(Variable):
    """A dotted name that never touches an attribute of a thing it does not know."""

    def _resolve_lookup(self, context: SandboxContext) -> Any:
        first, *rest = self.lookups or ()
        if first not in context:
            raise Undefined(undefined(first, context))
        value = plain(context[first], context.budget)
        path = first
        for name in rest:
            value = plain(step(value, name, path), context.budget)
            path = f"{path}.{name}"
        return value


def undefined(name: str, context: SandboxContext) -> str:
    """What to say of a variable that nobody defined."""
    if name == "item":
        return _("“item” exists only in a document that is made for each related object. Use “object”.")
    names = sorted({str(key) for key in context.flatten()} - {"True", "False", "None"})
    close = difflib.get_close_matches(name, names, n=1)
    hint = _("Did you mean “%s”?") % close[0] if close else _("There are: %s.") % ", ".join(names)
    return _("There is no variable “%s” here.") % name + " " + hint


def step(value: Any, name: str, path: str = "") -> Any:
    """The value behind ``name`` of ``value``. Nothing has everything, all of it nothing: so a missing relation is empty."""
    if value is None:
        return None
    if isinstance(value, Proxy):
        return value.lookup(name)
    if isinstance(value, Mapping):
        if name in value or name not in DICTIONARY_VIEWS:
            return value.get(name)
        return list(getattr(value, name)())
    if isinstance(value, tuple) and name in GROUP_PARTS and hasattr(value, "grouper"):
        return getattr(value, name)
    if isinstance(value, (list, tuple)) and name.isdecimal():
        return value[int(name)] if int(name) < len(value) else None
    if isinstance(value, (datetime.date, datetime.time)) and name in DATE_PARTS and hasattr(value, name):
        local = timezone.localtime(value) if isinstance(value, datetime.datetime) and timezone.is_aware(value) else value
        return getattr(local, name)
    kind = _("a text") if isinstance(value, str) else _("a list") if isinstance(value, (list, tuple)) else _("a plain value")
    raise RenderError(_("“%(path)s” is %(kind)s and has no “%(name)s”.") % {"path": path or value, "kind": kind, "name": name})


class SandboxExpression(FilterExpression):
    """``variable|filter:argument|filter``, with the budget kept after every filter."""

    def __init__(self, token: str, parser: Parser) -> None:
        super().__init__(token, parser)
        self.var = own(self.var)
        self.filters = [(function, [(lookup, own(arg)) for lookup, arg in args]) for function, args in self.filters]

    def resolve(self, context: Any, ignore_failures: bool = False) -> Any:
        try:
            return self.value(context, ignore_failures)
        except (DatabaseError, MemoryError) as error:
            context.budget.failure = context.budget.failure or error
            raise
        except RenderError as error:
            context.budget.failure = context.budget.failure or error
            raise

    def value(self, context: SandboxContext, forgiving: bool) -> Any:
        """The filtered value. ``forgiving``: an undefined variable is None, as in ``{% if %}``."""
        try:
            value = self.var.resolve(context) if self.is_var else self.var
        except Undefined:
            if not forgiving and not (self.filters and filter_name(self.filters[0][0]) in FORGIVING):
                raise
            value = None
        for function, args in self.filters:
            values = [arg.resolve(context) if isinstance(arg, Variable) else arg for _lookup, arg in args]
            value = filtered(function, value, values, context)
        return value


def own(value: Any) -> Any:
    """A Variable of Django's as one of ours; anything else as it is."""
    return SandboxVariable(value.var) if isinstance(value, Variable) else value


def filter_name(function: Any) -> str:
    """The name under which a filter was registered."""
    return str(getattr(function, "_filter_name", ""))


def filtered(function: Any, value: Any, arguments: list[Any], context: SandboxContext) -> Any:
    """``value`` after one filter."""
    name = filter_name(function)
    budget = context.budget
    budget.check()
    if value is None and name not in KNOW_NONE:
        value = ""
    limits.check(name, value, arguments)
    options: dict[str, Any] = {}
    if getattr(function, "needs_autoescape", False):
        options["autoescape"] = context.autoescape and context.form.markup
    if getattr(function, "needs_rendering", False):
        options |= {"form": context.form, "budget": budget}
    if getattr(function, "expects_localtime", False) and isinstance(value, datetime.datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    try:
        result = function(value, *arguments, **options)
    except (RenderError, DatabaseError, MemoryError):
        raise
    except Exception as error:
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise RenderError(_("The filter “%(name)s” failed: %(error)s") % {"name": name, "error": detail}) from error
    if getattr(function, "is_safe", False) and isinstance(value, SafeData) and isinstance(result, str):
        result = Raw(result) if isinstance(value, Raw) else mark_safe(result)  # noqa: S308
    budget.make(result)
    return plain(result, budget)
