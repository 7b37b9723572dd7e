"""What must not leave this site although it stands in an ordinary field: passwords in URLs, headers and certificates."""

from __future__ import annotations

import re
from typing import Any

from pigeon_admin.conf import settings

USERINFO = re.compile(r"(?<=://)[^/\s?#]*@")
QUERY = re.compile(r"(?P<name>(?<=[?&;])[^=&;#\s]{1,100})=(?P<value>[^&;#\s]*)")
PLACEHOLDER = re.compile(r"\{\w+\}")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----\s*|\Z)", re.DOTALL)
SENSITIVE = re.compile(
    r"passw|passphrase|pwd|secret|token|api_?key|access_?key|private_?key|(^|_)auth($|_)|authori[sz]ation|authenticat|credential|cookie|signature",
    re.IGNORECASE,
)


def sensitive(name: str) -> bool:
    """Whether a header or parameter of this name is taken for a secret."""
    name = name.replace("-", "_")
    return bool(SENSITIVE.search(name) or re.search(settings.TEMPLATE_HIDDEN_FIELDS, name, re.IGNORECASE))


def redacted(value: Any) -> Any:
    """``value`` without what looks like a secret; the same again when applied twice.

    The user part of URLs, URL parameters and JSON keys with telling names, and private keys.
    """
    if isinstance(value, str):
        without = PRIVATE_KEY.sub("", value)
        without = USERINFO.sub("", without)
        return QUERY.sub(_parameter, without)
    if isinstance(value, dict):
        return {key: redacted(item) for key, item in value.items() if not sensitive(key)}
    return [redacted(item) for item in value] if isinstance(value, list) else value


def _parameter(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    # {key} and the like stand for what each delivery fills in.
    kept = value if PLACEHOLDER.fullmatch(value) or not sensitive(name) else ""
    return f"{name}={kept}"
