"""Plain values as JSON or YAML text: always the same bytes for the same values, whatever the library's version."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# Bare words that no YAML reader, old or new, takes for anything but text. All else is quoted.
BARE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[ ./-][A-Za-z0-9_]+)*")
NOT_BARE = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
UNPRINTABLE = "\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"
# Characters that YAML has to see escaped although JSON does not mind them.
ESCAPED = re.compile(f"[{UNPRINTABLE}]")
# A line that a literal block gives back unchanged: printable, and no space at its end.
BLOCK_LINE = re.compile(rf"[^\x00-\x08\x0a-\x1f{UNPRINTABLE}]*[^\s\x00-\x1f{UNPRINTABLE}]")
LONGEST_KEY = 1000  # YAML readers look 1024 characters ahead for the colon


def to_json(document: Any) -> str:
    """Indented JSON; Unicode as it is."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def to_yaml(document: Any) -> str:
    """Block-style YAML; text of several lines as literal blocks, Unicode as it is."""
    return "\n".join(_block(document, "")) + "\n"


def _block(value: Any, indent: str) -> Iterator[str]:
    """The lines of a mapping or list that is not empty."""
    if isinstance(value, dict):
        for key, item in value.items():
            name = _text(key)
            if len(name) > LONGEST_KEY:
                yield f"{indent}? {name}"
                name = ""
            yield from _after(f"{indent}{name}:", item, indent + "  ")
    else:
        for item in value:
            if isinstance(item, (dict, list)) and item:
                first, *rest = _block(item, indent + "  ")
                yield f"{indent}- {first.removeprefix(indent + '  ')}"
                yield from rest
            else:
                yield from _after(f"{indent}-", item, indent + "  ")


def _after(start: str, value: Any, indent: str) -> Iterator[str]:
    """``value`` after ``key:`` or ``-``: in the same line, or as lines below it."""
    if isinstance(value, (dict, list)) and value:
        yield start
        yield from _block(value, indent)
    elif isinstance(value, str) and (lines := _literal(value)) is not None:
        yield f"{start} |" if value.endswith("\n") else f"{start} |-"
        yield from (f"{indent}{line}" if line else "" for line in lines)
    else:
        yield f"{start} {_scalar(value)}"


def _literal(text: str) -> list[str] | None:
    """The lines of ``text`` for a literal block, or None where a block would not give the same text back."""
    lines = text.removesuffix("\n").split("\n")
    if "\n" not in text or not lines[0] or not lines[-1] or lines[0][0].isspace():
        return None
    return lines if all(not line or BLOCK_LINE.fullmatch(line) for line in lines) else None


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    # YAML 1.1 readers take 1e-05 for text.
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text


def _text(text: str) -> str:
    if BARE.fullmatch(text) and text.lower() not in NOT_BARE:
        return text
    return ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))
