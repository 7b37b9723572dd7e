"""The sandboxed template engine: Django's language over wrapped objects, within a budget."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.template.base import NodeList
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox.budget import Budget
from pigeon_admin.sandbox.escaping import NOT_XML, PATH, XML, Form, form_of
from pigeon_admin.sandbox.expressions import SandboxContext
from pigeon_admin.sandbox.parsing import parse
from pigeon_admin.sandbox.proxies import Facts, plain

__all__ = ["PATTERN", "Budget", "Compiled", "Facts", "compile_source"]

PATTERN = "pattern"  # the "media type" of a directory or file-name pattern
DECLARED_ENCODING = re.compile(r"""\A<\?xml[^>]{0,100}?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


@dataclass(frozen=True)
class Compiled:
    """A template ready to be rendered, as often as one likes, from any thread."""

    nodes: NodeList
    form: Form

    def render(self, values: Mapping[str, Any], budget: Budget | None = None) -> str:
        """The text for these variables; model instances among them are wrapped. Language and time zone are those that are active.

        Raises RenderError (with the line where known), BudgetExceeded, or the DatabaseError of a relation that could not be read.
        """
        budget = budget or Budget()
        wrapped = {name: plain(value, budget) for name, value in values.items()}
        try:
            text = str(self.nodes.render(SandboxContext(wrapped, self.form, budget)))
        except RecursionError as error:
            raise RenderError(_("The template is nested too deeply.")) from error
        if len(text) > budget.max_size:
            raise budget.too_large()
        return NOT_XML.sub("", text) if self.form is XML else text

    def render_bytes(self, values: Mapping[str, Any], budget: Budget | None = None) -> bytes:
        """The same as bytes: UTF-8, or what an XML declaration at the very beginning says, with references for what it lacks."""
        text = self.render(values, budget)
        declared = DECLARED_ENCODING.match(text) if self.form is XML else None
        if declared is None:
            return text.encode(errors="replace")
        try:
            codecs.lookup(declared[1])
            return text.encode(declared[1], errors="xmlcharrefreplace")
        except (LookupError, UnicodeError) as error:
            raise RenderError(_("The encoding “%s” of the XML declaration is not known. Use UTF-8.") % declared[1], 1) from error


@lru_cache(maxsize=512)
def compile_source(source: str, media_type: str) -> Compiled:
    """Compile a template for output of ``media_type`` (or PATTERN); raises RenderError with a 1-based ``line``. Cached."""
    return Compiled(parse(source), PATH if media_type == PATTERN else form_of(media_type))
