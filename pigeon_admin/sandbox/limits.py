"""What a filter may be given, so that none of them is a way to hang a worker or to fill its memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RenderError

MAX_TEXT = 2_000_000  # characters; many of Django's filters cut a text into a list of small pieces
MAX_ARGUMENT = 1000  # characters

# Parsing HTML takes time that grows with the square of some texts, and wrapping lines is slow.
PARSED = {
    "striptags": 1_000_000,
    "urlize": 200_000,
    "urlizetrunc": 200_000,
    "truncatewords_html": 50_000,
    "truncatechars_html": 50_000,
    "wordwrap": 300_000,
}
# They take time and memory in proportion, or count for themselves.
ANY_LENGTH = {"default", "default_if_none", "length", "escape", "force_escape", "lower", "upper", "cut"}
ANY_LENGTH |= {"safe", "json", "csv", "add", "join", "yesno", "make_list"}
# Their argument is content, not an option.
ANY_ARGUMENT = {"default", "default_if_none", "add", "join", "cut"}
# All others would write a list the way Python does.
LISTS = {"default", "default_if_none", "length", "first", "last", "slice", "join", "add", "json", "yesno"}
LISTS |= {"dictsort", "dictsortreversed", "safeseq", "escapeseq"}
LIST_ARGUMENTS = {"default", "default_if_none", "add"}


def is_list(value: Any) -> bool:
    """A list or a dictionary of plain data."""
    return isinstance(value, (list, tuple, Mapping))


def check(name: str, value: Any, arguments: list[Any]) -> None:
    """Raise RenderError, in words, when the filter ``name`` may not be given this."""
    if is_list(value) and name not in LISTS:
        raise RenderError(_("The filter “%s” cannot take a list. Loop over it with for, or use join or json.") % name)
    if isinstance(value, str) and name not in ANY_LENGTH and len(value) > (limit := PARSED.get(name, MAX_TEXT)):
        raise RenderError(
            _("The text is too long for the filter “%(name)s”: at most %(limit)d characters.") % {"name": name, "limit": limit}
        )
    for argument in arguments:
        if is_list(argument) and name not in LIST_ARGUMENTS:
            raise RenderError(_("The argument of the filter “%s” is a list. It takes a text or a number.") % name)
        if isinstance(argument, str) and name not in ANY_ARGUMENT and len(argument) > MAX_ARGUMENT:
            raise RenderError(_("The argument of the filter “%s” is too long.") % name)
