"""From source text to nodes: only our tags, only our filters, and errors that name their line."""

from __future__ import annotations

import difflib
import re
from typing import Any

from django.template import defaulttags
from django.template.base import FilterExpression, Lexer, Node, NodeList, Parser, TextNode, Token, TokenType
from django.template.exceptions import TemplateSyntaxError
from django.template.library import Library
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox import filters
from pigeon_admin.sandbox.expressions import SandboxExpression
from pigeon_admin.sandbox.nodes import OURS, Guarded

TAGS = """
    autoescape comment cycle filter firstof for if ifchanged now regroup resetcycle spaceless templatetag verbatim widthratio with
""".split()  # noqa: SIM905

MAX_SOURCE = 1_000_000  # characters
MAX_TAG = 10_000  # characters between braces
MAX_DEPTH = 50  # tags within tags; each costs the worker some of Python's stack
MAX_UNCLOSED = 100

library = Library()
library.tags = {name: defaulttags.register.tags[name] for name in TAGS}
library.filters = filters.register.filters

# Opened but not closed on the same line: Django would send it to the partner as text.
UNCLOSED = re.compile(r"\{[{%]")


class SandboxLexer(Lexer):
    """Remembers which text stands in ``{% verbatim %}``."""

    def create_token(self, token_string: str, position: Any, lineno: int, in_tag: bool) -> Token:
        if in_tag and len(token_string) > MAX_TAG:
            raise RenderError(_("What stands between the braces is longer than %d characters.") % MAX_TAG, lineno)
        verbatim = bool(self.verbatim)
        token = super().create_token(token_string, position, lineno, in_tag)
        token.literal = verbatim  # type: ignore[attr-defined]
        return token


class SandboxParser(Parser):
    """Builds guarded nodes; has no libraries to load from."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens, libraries={}, builtins=[library])
        self.depth = 0

    def parse(self, parse_until: Any = None) -> NodeList:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RenderError(_("The template is nested too deeply: at most %d tags within each other.") % MAX_DEPTH)
        nodes = super().parse(parse_until)
        self.depth -= 1
        return nodes

    def compile_filter(self, token: str) -> FilterExpression:
        return SandboxExpression(token, self)

    def extend_nodelist(self, nodelist: NodeList, node: Node, token: Token) -> None:
        if isinstance(node, TextNode) and token.token_type == TokenType.TEXT and not token.literal:  # type: ignore[attr-defined]
            self.refuse_unclosed(token)
        # The parse functions of the tags build Django's classes; ours differ only in how they render.
        node.__class__ = OURS.get(type(node), type(node))
        super().extend_nodelist(nodelist, Guarded(node, token), token)

    def refuse_unclosed(self, token: Token) -> None:
        """Raise when text holds an opening that was meant as a tag."""
        if found := UNCLOSED.search(token.contents):
            line = (token.lineno or 1) + token.contents.count("\n", 0, found.start())
            close = "}}" if found[0] == "{{" else "%}"
            text = _("“%(open)s” is opened, but not closed with “%(close)s” on the same line.")
            raise RenderError(text % {"open": found[0], "close": close}, line)

    def find_filter(self, filter_name: str) -> Any:
        if filter_name in self.filters:
            return self.filters[filter_name]
        if filter_name in filters.REFUSED:
            text = _("The filter “%(name)s” is not available here: %(why)s.")
            raise TemplateSyntaxError(text % {"name": filter_name, "why": filters.REFUSED[filter_name]})
        raise TemplateSyntaxError(_("There is no filter “%s”.") % filter_name + closest(filter_name, self.filters))

    def invalid_block_tag(self, token: Token, command: str, parse_until: Any = None) -> Any:
        if parse_until and (command.startswith("end") or command in ("else", "elif", "empty")):
            expected = " ".join(f"“{name}”" for name in parse_until)
            raise self.error(
                token, _("“%(name)s” does not fit here. Expected: %(expected)s.") % {"name": command, "expected": expected}
            )
        if (command.startswith("end") and command[3:] in self.tags) or command in ("else", "elif", "empty"):
            raise self.error(token, _("“%s” closes something that was not opened.") % command)
        if command in REFUSED_TAGS:
            text = _("“%(name)s” is not available here; %(why)s.") % {"name": command, "why": REFUSED_TAGS[command]}
            raise self.error(token, text)
        raise self.error(token, _("There is no tag “%s”.") % command + closest(command, self.tags))

    def unclosed_block_tag(self, parse_until: Any) -> Any:
        command, token = self.command_stack.pop()
        raise self.error(
            token, _("“%(name)s” is not closed: “%(end)s” is missing.") % {"name": command, "end": list(parse_until)[-1]}
        )


ONE_TEXT = "a template is one text, so copy what you need into it"
REFUSED_TAGS = {
    "include": ONE_TEXT,
    "extends": ONE_TEXT,
    "block": ONE_TEXT,
    "ssi": ONE_TEXT,
    "load": "all that there is can be used without loading it",
    "url": "use {{ object.get_absolute_url }}",
    "static": "write the address itself",
    "csrf_token": "there is no form",
    "debug": "it shows the inside of the site",
    "lorem": "partners want real text",
    "querystring": "there is no request",
    "trans": "the language of the template is fixed, so write the text in it",
    "translate": "the language of the template is fixed, so write the text in it",
    "blocktrans": "the language of the template is fixed, so write the text in it",
    "blocktranslate": "the language of the template is fixed, so write the text in it",
}


def closest(name: str, names: Any) -> str:
    """A suggestion to append, or ""."""
    found = difflib.get_close_matches(name, list(names), n=1)
    return " " + _("Did you mean “%s”?") % found[0] if found else ""


def parse(source: str) -> NodeList:
    """The nodes of a template; raises RenderError with the line."""
    if len(source) > MAX_SOURCE:
        raise RenderError(_("The template is longer than %d characters.") % MAX_SOURCE)
    refuse_many_unclosed(source)
    try:
        return SandboxParser(SandboxLexer(source).tokenize()).parse()
    except RenderError as error:
        raise error
    except RecursionError as error:
        raise RenderError(_("The template is nested too deeply.")) from error
    except Exception as error:
        line = getattr(getattr(error, "token", None), "lineno", None)
        raise RenderError(in_words(str(error) or type(error).__name__), line) from error


def refuse_many_unclosed(source: str) -> None:
    """Raise when a line has so many unclosed openings that looking for their ends would take for ever."""
    for number, line in enumerate(source.split("\n"), 1):
        for opening, closing in (("{{", "}}"), ("{%", "%}"), ("{#", "#}")):
            if line.count(opening, line.rfind(closing) + 1) > MAX_UNCLOSED:
                text = _("“%(open)s” is opened, but not closed with “%(close)s” on the same line.")
                raise RenderError(text % {"open": opening, "close": closing}, number)


# Django's own messages, for the commonest mistakes.
WORDS = [
    (r"Empty (variable|block) tag on line \d+", "There is nothing between the braces."),
    (r"Could not parse the remainder: '(?P<rest>.*)' from '(?P<all>.*)'", "“%(rest)s” in “%(all)s” cannot be read."),
    (r"Could not parse some characters: (?P<rest>.*)", "Some characters cannot be read: %(rest)s"),
    (
        r"Variables and attributes may not begin with underscores: '(?P<name>.*)'",
        "Names that begin with an underscore cannot be used: “%(name)s”.",
    ),
    (
        r"(?P<name>\w+) requires (?P<wanted>\d+) arguments, (?P<given>\d+) provided",
        "The filter “%(name)s” does not take this number of arguments.",
    ),
    (
        r"'for' statements should have at least four words: (?P<all>.*)",
        "A loop is written {%% for story in object.stories.all %%}, not “%(all)s”.",
    ),
    (
        r"'for' statements should use the format.*: (?P<all>.*)",
        "A loop is written {%% for story in object.stories.all %%}, not “%(all)s”.",
    ),
]


def in_words(message: str) -> str:
    """Django's message, in plainer words where we have them."""
    for pattern, words in WORDS:
        if match := re.fullmatch(pattern, message, re.DOTALL):
            return _(words) % match.groupdict()
    return message
