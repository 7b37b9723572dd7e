"""What a rule would make of one object, put together for the preview page; nothing is written."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from pigeon_admin.conditions import OPERATORS, Row
from pigeon_admin.exceptions import PigeonError, RenderError
from pigeon_admin.judging import Verdict, judge
from pigeon_admin.models import Rule
from pigeon_admin.rendering import RenderedDocument, documents_of

TEXT_SHOWN = 200_000  # bytes of one text document
IMAGE_SHOWN = 5_000_000  # bytes of one picture
DOCUMENTS_SHOWN = 50
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml"}


@dataclass(frozen=True)
class ShownRow:
    """One condition. A preview has no save to compare with, so ``about_change`` leaves ``matched`` open."""

    group: int
    words: str
    seen: str
    matched: bool | None
    problem: str
    about_change: bool

    @classmethod
    def of(cls, row: Row) -> ShownRow:
        """The row of a verdict, as the page shows it."""
        about_change = OPERATORS[row.condition.operator].about_change
        return cls(row.group, row.words, row.seen, None if about_change else row.matched, row.problem, about_change)


@dataclass(frozen=True)
class ShownDocument:
    """One document as the page shows it: as text, as a picture (``data:`` URL), or neither."""

    name: str
    media_type: str
    size: int
    text: str = ""
    picture: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Trouble:
    """Why there are no (more) documents. ``line``: where in the template, if known."""

    message: str
    line: int | None = None


class Preview:
    """The verdict of ``rule`` about ``obj``, and the documents that would be sent."""

    def __init__(self, rule: Rule, obj: models.Model) -> None:
        self.rule = rule
        self.obj = obj
        self.trouble: Trouble | None = None

    @cached_property
    def verdict(self) -> Verdict:
        return judge(self.rule, self.obj)

    @property
    def matched(self) -> bool | None:
        """The verdict; None where it depends on what the next save changes, or on a value that cannot be read."""
        if self.verdict.problem:
            return None
        return some(every(row.matched for row in group) for group in self.groups) if self.groups else True

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        names = {"object": self.obj, "rule": self.rule.name}
        if self.verdict.problem:
            return _("The rule cannot judge: %s") % self.verdict.problem
        if self.matched:
            if not self.verdict.rows:
                return _("“%(object)s” matches, since the rule “%(rule)s” has no conditions: every object matches.") % names
            return _("“%(object)s” matches the rule “%(rule)s”.") % names
        if self.matched is False:
            return _("“%(object)s” does not match the rule “%(rule)s”: it would not be sent.") % names
        if any(row.about_change for group in self.groups for row in group):
            return _("Whether “%(object)s” matches the rule “%(rule)s” depends on what its next save changes.") % names
        return _("Whether “%(object)s” matches the rule “%(rule)s” is not known: a value could not be read.") % names

    @cached_property
    def groups(self) -> list[list[ShownRow]]:
        """The rows of each group: all of one group must hold, and one group is enough."""
        shown = [ShownRow.of(row) for row in sorted(self.verdict.rows, key=lambda row: row.group)]
        return [list(group) for _number, group in groupby(shown, key=lambda row: row.group)]

    @cached_property
    def documents(self) -> list[ShownDocument]:
        """The documents as far as they could be written; ``trouble`` says why it ended early."""
        shown: list[ShownDocument] = []
        try:
            for document in documents_of(self.rule, self.obj):
                if len(shown) == DOCUMENTS_SHOWN:
                    self.trouble = Trouble(_("Only the first %d documents are shown.") % DOCUMENTS_SHOWN)
                    break
                shown.append(show(document))
        except RenderError as error:
            self.trouble = Trouble(str(error), error.line)
        except (PigeonError, OSError) as error:
            self.trouble = Trouble(str(error))
        except Exception as error:  # a broken template method of the host must not break the page
            self.trouble = Trouble(_("Unexpected %(kind)s: %(error)s") % {"kind": type(error).__name__, "error": error})
        return shown


def every(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued “and”."""
    known = set(answers)
    return False if False in known else None if None in known else True


def some(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued “or”."""
    known = set(answers)
    return True if True in known else None if None in known else False


def show(document: RenderedDocument) -> ShownDocument:
    """Read as much of a document as the page shows."""
    with document.open() as reader:
        head = reader.read(IMAGE_SHOWN + 1)
        size = len(head) if len(head) <= IMAGE_SHOWN else reader.seek(0, io.SEEK_END)
    if document.media_type in PICTURES and size <= IMAGE_SHOWN:
        data = base64.b64encode(head).decode()
        return ShownDocument(document.name, document.media_type, size, picture=f"data:{document.media_type};base64,{data}")
    text = as_text(head[:TEXT_SHOWN], cut=size > TEXT_SHOWN)
    return ShownDocument(document.name, document.media_type, size, text=text, cut=bool(text) and size > TEXT_SHOWN)


def as_text(content: bytes, *, cut: bool) -> str:
    """The content as text, or "" when it is none."""
    if b"\0" in content:
        return ""
    # A cut may go through the middle of a character.
    return content.decode(errors="ignore") if cut else decoded(content)


def decoded(content: bytes) -> str:
    """UTF-8, or "" when it is something else."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""


def events_of(rule: Rule) -> Iterator[str]:
    """When this rule judges, in words."""
    if getattr(rule, "on_create", False):
        yield _("when created")
    if getattr(rule, "on_update", False):
        watched = ", ".join(getattr(rule, "watched_fields", ()))
        yield _("when changed, if one of these changed: %s") % watched if watched else _("when changed")
    if getattr(rule, "on_delete", False):
        yield _("when deleted")
