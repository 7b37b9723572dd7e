"""The filters that templates have: Django's harmless ones as they are, the rest of them fenced in, and a few of our own."""

from __future__ import annotations

import json as json_module
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.template import defaultfilters
from django.template.library import Library
from django.utils.html import conditional_escape
from django.utils.safestring import SafeData, mark_safe
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox.budget import Budget
from pigeon_admin.sandbox.escaping import PATH, Form, Raw, written
from pigeon_admin.sandbox.expressions import step
from pigeon_admin.sandbox.proxies import Proxy, plain

MAX_WIDTH = 1000  # characters that ljust and its like may pad to
MAX_DECIMALS = 100

HARMLESS = """
    addslashes capfirst cut default default_if_none divisibleby escape escapejs filesizeformat first force_escape get_digit
    iriencode last length linebreaks linebreaksbr linenumbers lower phone2numeric pluralize slice slugify striptags timesince
    timeuntil title truncatechars truncatechars_html truncatewords truncatewords_html upper urlencode urlize urlizetrunc wordcount
    wordwrap yesno
""".split()  # noqa: SIM905

# What people know from elsewhere and will not find here, and why.
REFUSED = {
    "pprint": "it shows the inside of objects",
    "random": "the same object must always give the same file",
    "json_script": "use the filter json",
    "unordered_list": "write the list with for",
}

register = Library()


def fenced(name: str, function: Callable[..., Any], *, rendering: bool = False, **flags: bool) -> None:
    """Register ``function``; ``rendering`` asks for the keyword arguments ``form`` and ``budget``."""
    register.filter(name, function, **flags)
    function.needs_rendering = rendering  # type: ignore[attr-defined]


def padded(name: str, is_safe: bool = True) -> None:
    """Register ljust, rjust or center with a width that costs nothing."""
    original = defaultfilters.register.filters[name]

    def capped(value: Any, arg: Any) -> Any:
        if int(arg) > MAX_WIDTH:
            raise RenderError(_("“%(name)s” pads to at most %(limit)d characters.") % {"name": name, "limit": MAX_WIDTH})
        return original(value, arg)

    fenced(name, capped, is_safe=is_safe)


def dated(name: str) -> None:
    """Register date or time; in a directory pattern the slashes of the format make folders, as they were written to."""
    original = defaultfilters.register.filters[name]

    def formatted(value: Any, arg: Any = None, *, form: Form, budget: Budget) -> Any:
        result = original(value, arg)
        return Raw(result) if form is PATH else result

    fenced(name, formatted, rendering=True, expects_localtime=True, is_safe=False)


def safe(value: Any, *, form: Form, budget: Budget) -> Any:
    """The value is in the notation of the output already: do not escape it."""
    text = value if isinstance(value, str) else written(value, form, escaping=False)
    return mark_safe(text) if form.markup else Raw(text)  # noqa: S308


def add(value: Any, arg: Any, *, form: Form, budget: Budget) -> Any:
    """Django's ``add``, with the size of the result counted before it is made."""
    if isinstance(value, (list, tuple)) and isinstance(arg, (list, tuple)):
        budget.step(len(value) + len(arg))
    elif isinstance(value, str) and isinstance(arg, str):
        budget.reserve(len(value) + len(arg))
    return defaultfilters.add(value, arg)


def join(value: Any, arg: Any, autoescape: bool = True, *, form: Form, budget: Budget) -> Any:
    """The items as text with ``arg`` between them."""
    if isinstance(value, str):
        return value
    separator = str(conditional_escape(arg) if autoescape else arg)
    parts: list[str] = []
    for item in list(value):
        text = written(plain(item, budget), form, escaping=False) if not isinstance(item, SafeData) else item
        parts.append(str(conditional_escape(text)) if autoescape else str(text))
        budget.reserve(len(parts[-1]) + len(separator))
    return mark_safe(separator.join(parts)) if autoescape else separator.join(parts)  # noqa: S308


def safeseq(value: Any, *, form: Form, budget: Budget) -> list[Any]:
    """Each item as ``safe`` would have it."""
    return [safe(item, form=form, budget=budget) for item in texts(value, budget)]


def escapeseq(value: Any, *, form: Form, budget: Budget) -> list[Any]:
    """Each item escaped for HTML and XML."""
    return [conditional_escape(item) for item in texts(value, budget)]


def texts(value: Any, budget: Budget) -> Iterator[str]:
    """The items as text, each counted before it is copied."""
    for item in value:
        item = plain(item, budget)
        text = item if isinstance(item, str) else str(item)
        budget.reserve(len(text))
        yield text


def make_list(value: Any, *, form: Form, budget: Budget) -> list[str]:
    """The characters of a text."""
    text = str(value)
    if len(text) > budget.steps_left:
        budget.step(len(text))
    return list(text)


def sorted_by(value: Any, arg: Any, budget: Budget, *, backwards: bool) -> Any:
    """The items ordered by the name (or dotted path) ``arg``; empty values first."""

    def key(item: Any) -> tuple[bool, Any]:
        found = plain(item, budget)
        for name in str(arg).split("."):
            found = plain(step(found, name), budget)
        return (found is not None, str(found) if isinstance(found, Proxy) else found or "" if found is None else found)

    try:
        return sorted(value, key=key, reverse=backwards)
    except TypeError:
        raise RenderError(_("The list cannot be sorted by “%s”: its values are of different kinds.") % arg) from None


def dictsort(value: Any, arg: Any, *, form: Form, budget: Budget) -> Any:
    """Sort by a field."""
    return sorted_by(value, arg, budget, backwards=False)


def dictsortreversed(value: Any, arg: Any, *, form: Form, budget: Budget) -> Any:
    """Sort by a field, largest first."""
    return sorted_by(value, arg, budget, backwards=True)


def stringformat(value: Any, arg: Any) -> str:
    """printf-style formatting of one number or text, such as ``"05d"`` or ``".2f"``."""
    if not re.fullmatch(r"[-+ #0]*\d{0,3}(\.\d{0,2})?[sdiuoxXeEfFgGc]", str(arg)):
        raise RenderError(_("The filter “stringformat” does not know “%s”. Examples: 05d, .2f, s.") % arg)
    return defaultfilters.stringformat(str(value) if isinstance(value, (Proxy, tuple)) else value, arg)


def floatformat(text: Any, arg: Any = -1, *, form: Form, budget: Budget) -> Any:
    """Django's, except that in a machine's notation the point is a point in every language."""
    digits = re.fullmatch(r"(-?\d*)([gu]{0,2})", str(arg))
    if digits is None or (digits[1].lstrip("-") and abs(int(digits[1])) > MAX_DECIMALS):
        raise RenderError(_("The filter “floatformat” takes a number of decimals up to %d.") % MAX_DECIMALS)
    if form.machine:
        arg = f"{digits[1] if digits[1].lstrip('-') else -1}u"
    return defaultfilters.floatformat(text, arg)


def json(value: Any, *, form: Form, budget: Budget) -> Any:
    """The value as JSON, with its quotes; objects as their text. In HTML without < > &, so that it can stand in a script."""
    text = json_module.dumps(jsonable(value, budget), cls=DjangoJSONEncoder, ensure_ascii=False)
    if not form.markup:
        return Raw(text)
    return text.replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026")


def jsonable(value: Any, budget: Budget) -> Any:
    """Plain data all the way down, each item one step."""
    value = plain(value, budget)
    if isinstance(value, Mapping):
        return {str(key): jsonable(item, budget) for key, item in budget.counted(value.items())}
    if isinstance(value, (list, tuple)) or (isinstance(value, Proxy) and hasattr(value, "__iter__")):
        return [jsonable(item, budget) for item in budget.counted(value)]
    if isinstance(value, str):
        budget.reserve(len(value))
    return str(value) if isinstance(value, Proxy) else value


def csv(value: Any, *, form: Form, budget: Budget) -> Any:
    """The value as one quoted field; a text that a spreadsheet would take for a formula is defused with an apostrophe."""
    text = written(value, form, escaping=False)
    if isinstance(value, (str, Proxy)) and text.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        text = f"'{text}"
    quoted = '"' + text.replace('"', '""') + '"'
    return quoted if form.markup else Raw(quoted)


for harmless in HARMLESS:
    original_filter = defaultfilters.register.filters[harmless]
    register.filters[harmless] = original_filter
for padder in ("ljust", "rjust", "center"):
    padded(padder)
for clock in ("date", "time"):
    dated(clock)
fenced("safe", safe, rendering=True, is_safe=True)
fenced("add", add, rendering=True, is_safe=False)
fenced("join", join, rendering=True, is_safe=True, needs_autoescape=True)
fenced("safeseq", safeseq, rendering=True, is_safe=True)
fenced("escapeseq", escapeseq, rendering=True, is_safe=True)
fenced("make_list", make_list, rendering=True, is_safe=False)
fenced("dictsort", dictsort, rendering=True, is_safe=False)
fenced("dictsortreversed", dictsortreversed, rendering=True, is_safe=False)
fenced("stringformat", stringformat, is_safe=True)
fenced("floatformat", floatformat, rendering=True, is_safe=True)
fenced("json", json, rendering=True, is_safe=False)
fenced("csv", csv, rendering=True, is_safe=False)
