"""How values are written, by media type."""

from __future__ import annotations

import datetime
import decimal
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.duration import duration_iso_string
from django.utils.formats import localize
from django.utils.html import escape
from django.utils.safestring import SafeData, SafeString
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox.limits import is_list

# What XML 1.0 has no way to write, not even as a reference.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Raw(SafeString):
    """Text in the notation of the output already: what ``safe`` and ``json`` answer where HTML's idea of safe is no use."""


@dataclass(frozen=True)
class Form:
    """The notation of one kind of output.

    ``trusted``: the type of text that is not escaped again. ``machine``: numbers and dates are written for programs.
    """

    name: str
    escape: Callable[[str], str]
    trusted: type = Raw
    machine: bool = True

    @property
    def markup(self) -> bool:
        """Whether Django's own filters may write tags and escape for this form."""
        return self.trusted is SafeData


def json_escape(text: str) -> str:
    """``text`` as the inside of a JSON string, without the quotes around it."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def one_segment(text: str) -> str:
    """A value within a directory or file name: it never opens a folder."""
    return text.replace("/", "-").replace("\\", "-")


def unchanged(text: str) -> str:
    """The text itself."""
    return text


XML = Form("XML", escape, SafeData)
HTML = Form("HTML", escape, SafeData, machine=False)
JSON = Form("JSON", json_escape)
CSV = Form("CSV", unchanged)
TEXT = Form("text", unchanged, machine=False)
PATH = Form("path", one_segment)

FORMS = {
    "application/xml": XML,
    "text/xml": XML,
    "text/html": HTML,
    "application/json": JSON,
    "text/json": JSON,
    "text/csv": CSV,
    "text/tab-separated-values": CSV,
}


def form_of(media_type: str) -> Form:
    """The form of a media type: exact, else by its ``+xml`` or ``+json`` suffix, else plain text. Parameters do not count."""
    essence = media_type.partition(";")[0].strip().lower()
    if essence.endswith("+xml"):
        return XML
    if essence.endswith("+json"):
        return JSON
    return FORMS.get(essence, TEXT)


def written(value: Any, form: Form, *, escaping: bool = True) -> str:
    """``value`` as it appears in the output."""
    text = value if isinstance(value, str) else notation(value, form)
    if not escaping or isinstance(text, form.trusted):
        return str(text)
    return form.escape(str(text))


def notation(value: Any, form: Form) -> str:
    """A value that is not a text, as text. None is nothing; dates are in the active time zone."""
    if value is None:
        return ""
    if is_list(value):
        # Python's way to write a list is nothing a partner could read, and may be far larger than the list.
        raise RenderError(_("A list cannot be written as it is. Loop over it with for, or use the filter join or json."))
    if isinstance(value, bool):
        return str(value).lower() if form is JSON else str(value)
    if isinstance(value, datetime.datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    if not form.machine:
        return str(localize(value))
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return duration_iso_string(value)
    if isinstance(value, decimal.Decimal) and value.is_finite() and abs(value.adjusted()) < 100:
        return f"{value:f}"
    return str(value)
