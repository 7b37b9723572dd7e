"""The text of a rule set as plain values: bounded in size and depth, nothing in it ever becomes an object."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RuleSetError

MAX_BYTES = 25_000_000
MAX_DEPTH = 40

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?")
WORDS: dict[str, Any] = {"": None, "null": None, "~": None, "true": True, "false": False}
# libyaml where PyYAML was built with it: ten times as fast. Both only split text into events here.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def decoded(data: bytes) -> str:
    """The text of a file; raises RuleSetError where it is too large or no UTF-8."""
    if len(data) > MAX_BYTES:
        raise RuleSetError(too_large())
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RuleSetError(_("The file is not UTF-8 text (byte %d). Is it really a rule set?") % error.start) from error


def too_large() -> str:
    """Why a file of more than MAX_BYTES is refused."""
    return _("The file is larger than %d MB, the most that a rule set may have. Export fewer rules at once.") % (
        MAX_BYTES // 1_000_000
    )


def from_json(data: bytes) -> Any:
    """Plain values from JSON; raises RuleSetError on bad syntax, a key that stands twice, NaN, or too deep nesting."""
    text = decoded(data)
    try:
        return checked(json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant))
    except json.JSONDecodeError as error:
        raise RuleSetError(
            _("This is not JSON: line %(line)d, column %(column)d: %(error)s.")
            % {"line": error.lineno, "column": error.colno, "error": error.msg}
        ) from error
    except RecursionError as error:
        raise RuleSetError(too_deep()) from error
    except ValueError as error:  # a number of thousands of digits
        raise RuleSetError(_("This JSON holds a value that cannot be read: %s.") % error) from error


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise RuleSetError(twice(next(key for key, _value in pairs if key in seen or seen.add(key))))  # type: ignore[func-returns-value]
    return found


def _no_constant(name: str) -> Any:
    raise RuleSetError(_("%s is not a number that a rule set can hold.") % name)


def twice(key: str) -> str:
    """Why an object in which ``key`` stands twice is refused."""
    return _("The key “%s” stands twice in the same place. Which one is meant?") % key[:100]


def too_deep() -> str:
    """Why a deeply nested file is refused."""
    return _("The file is nested more than %d levels deep. No rule set is.") % MAX_DEPTH


def from_yaml(data: bytes) -> Any:
    """Plain values from YAML; as ``from_json``, and aliases, tags and several documents are refused.

    Only what JSON has is anything but text: null, true, false, numbers. ``no`` and ``2026-01-01`` are text.
    """
    text = decoded(data)
    try:
        return checked(_built(text))
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in str(error.problem):  # libyaml's own limit, met while looking ahead
            raise RuleSetError(too_deep()) from error
        mark = error.problem_mark or error.context_mark
        raise RuleSetError(
            _("This is not YAML: line %(line)d, column %(column)d: %(error)s.")
            % {
                "line": mark.line + 1 if mark else 0,
                "column": mark.column + 1 if mark else 0,
                "error": error.problem or error.context,
            }
        ) from error
    except yaml.YAMLError as error:
        raise RuleSetError(_("This is not YAML: %s.") % str(error).replace("\n", " ")) from error


_KEY_NEXT = object()


def _line(event: Any) -> int:
    """Where an event begins, from 1."""
    return int(event.start_mark.line) + 1


def _built(text: str) -> Any:
    """One pass over the events of the parser, with a stack instead of recursion."""
    root: list[Any] = []
    stack: list[Any] = [root]
    keys: list[Any] = [None]
    documents = 0
    event: Any
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise RuleSetError(_("The file holds several YAML documents; a rule set is one."))
        elif isinstance(event, yaml.AliasEvent):
            raise RuleSetError(_("Line %d: aliases (*name) are not allowed in a rule set. Write the value out.") % _line(event))
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            stack.pop()
            keys.pop()
        elif isinstance(event, yaml.NodeEvent):
            if (tag := getattr(event, "tag", None)) is not None:
                raise RuleSetError(
                    _("Line %(line)d: tags (%(tag)s) are not allowed in a rule set.") % {"line": _line(event), "tag": tag[:60]}
                )
            value = (
                _scalar(event) if isinstance(event, yaml.ScalarEvent) else {} if isinstance(event, yaml.MappingStartEvent) else []
            )
            holder = stack[-1]
            if isinstance(holder, list):
                holder.append(value)
            elif keys[-1] is _KEY_NEXT:
                if not isinstance(event, yaml.ScalarEvent):
                    raise RuleSetError(_("Line %d: a key must be one word or text.") % _line(event))
                if event.value in holder:
                    raise RuleSetError(_("Line %(line)d: %(error)s") % {"line": _line(event), "error": twice(event.value)})
                keys[-1] = event.value
                continue
            else:
                holder[keys[-1]] = value
                keys[-1] = _KEY_NEXT
            if not isinstance(event, yaml.ScalarEvent):
                stack.append(value)
                keys.append(_KEY_NEXT if isinstance(value, dict) else None)
                if len(stack) > MAX_DEPTH + 1:
                    raise RuleSetError(too_deep())
    return root[0] if root else None


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if event.style or not event.implicit[0]:
        return text
    if text in WORDS:
        return WORDS[text]
    number = NUMBER.fullmatch(text)
    if number is None:
        return text
    if number["fraction"] or number["exponent"]:
        return float(text)
    if len(text) > 4000:
        raise RuleSetError(_("Line %d: this number is too long. Put it in quotes if it is text.") % _line(event))
    return int(text)


def checked(root: Any) -> Any:
    """``root`` again, when it is not too deep, has finite numbers, and text that every database can hold."""
    waiting = [(root, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise RuleSetError(_("The file holds a number that is too large."))
        elif isinstance(value, (dict, list)):
            if depth > MAX_DEPTH:
                raise RuleSetError(too_deep())
            if isinstance(value, dict):
                for key in value:
                    _check_text(key)
                waiting += ((item, depth + 1) for item in value.values())
            else:
                waiting += ((item, depth + 1) for item in value)
    return root


_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def _check_text(text: str) -> None:
    found = _FORBIDDEN.search(text)
    if found:
        raise RuleSetError(
            _("The file holds the character U+%(code)04X in “%(text)s”, which no database can keep.")
            % {"code": ord(found[0]), "text": _FORBIDDEN.sub("�", text)[:40]}
        )
