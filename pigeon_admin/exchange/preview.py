"""A plan in the words and lines that people read, in the admin as on the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pigeon_admin.conditions import from_tree
from pigeon_admin.exchange.plan import CHANGED, CREATED, OUTCOMES, REFUSED, UNCHANGED, Difference, Plan, PlannedEntry
from pigeon_admin.exchange.writing import to_yaml

MOST_LINES = 60  # lines shown of one difference
MOST_CHARACTERS = 300  # characters shown of one line
NO_CONDITIONS: dict[str, Any] = {"any": []}
COMPARED = 3000  # lines a side up to which they are compared line by line

OUTCOME_WORDS = {
    REFUSED: gettext_lazy("refused"),
    CREATED: gettext_lazy("created"),
    CHANGED: gettext_lazy("changed"),
    UNCHANGED: gettext_lazy("unchanged"),
}


@dataclass(frozen=True)
class Line:
    """One line of a difference; ``sign``: "-" goes, "+" comes, " " stays, "…" stands for lines that are not shown."""

    sign: str
    text: str

    @property
    def css(self) -> str:
        """A word for the sign."""
        return {"-": "goes", "+": "comes", " ": "stays"}.get(self.sign, "hidden")

    @property
    def words(self) -> str:
        """The sign, for those who cannot see it."""
        return {"-": _("from"), "+": _("to"), " ": _("stays")}.get(self.sign, "")


@dataclass(frozen=True)
class Shown:
    """One entry as people read it; ``differences``: key and lines, only where something changes."""

    planned: PlannedEntry

    @property
    def title(self) -> str:
        """The name of the thing, as the document has it."""
        name = self.planned.entry.content.get("name")
        return visible(name) if isinstance(name, str) else ""

    @property
    def slug(self) -> str:
        """Its short name."""
        return visible(self.planned.entry.slug)

    @property
    def kind(self) -> str:
        """The kind of thing, as the admin calls it."""
        return self.planned.kind_words

    @property
    def reasons(self) -> list[str]:
        """Why it is refused."""
        return [visible(reason) for reason in self.planned.reasons]

    @property
    def notes(self) -> list[str]:
        """What one should know before confirming; nothing where it is refused or stays as it is."""
        return [] if self.planned.outcome in (REFUSED, UNCHANGED) else [visible(note) for note in self.planned.notes]

    @property
    def values(self) -> str:
        """What a new object would have, as YAML; what is empty is left out."""
        if self.planned.outcome != CREATED:
            return ""
        entry = {
            name: readable(name, value)
            for name, value in self.planned.wanted.items()
            if value not in ("", None, [], {}, NO_CONDITIONS)
        }
        lines = [visible(line) for line in to_yaml(entry).splitlines()]
        return "\n".join(lines[:MOST_LINES] + (["…"] if len(lines) > MOST_LINES else []))

    @property
    def differences(self) -> list[tuple[str, list[Line]]]:
        """What changes, key by key."""
        if self.planned.outcome != CHANGED:
            return []
        return [(difference.name, lines_of(difference)) for difference in self.planned.differences]


@dataclass(frozen=True)
class Group:
    """The entries of one outcome; ``more``: how many are not shown."""

    outcome: str
    count: int
    entries: list[Shown]

    @property
    def words(self) -> str:
        """The outcome as people call it."""
        return str(OUTCOME_WORDS[self.outcome])

    @property
    def more(self) -> int:
        """Entries that are not shown."""
        return self.count - len(self.entries)


def groups(plan: Plan, most: int) -> list[Group]:
    """The entries by outcome, refused ones first, at most ``most`` of each; empty groups are left out."""
    found = []
    for outcome in OUTCOMES:
        count = plan.counts[outcome]
        if count:
            entries = list(islice((Shown(planned) for planned in plan.entries if planned.outcome == outcome), most))
            found.append(Group(outcome, count, entries))
    return found


def summary(counts: dict[str, int]) -> str:
    """One line: “2 refused, 1 created, 3 unchanged”; nothing of which there is none."""
    return ", ".join(f"{count} {OUTCOME_WORDS[outcome]}" for outcome, count in counts.items() if count) or _("nothing")


def lines_of(difference: Difference) -> list[Line]:
    """A difference line by line, shortened to what a person reads."""
    old, new = (_lines(readable(difference.name, value)) for value in (difference.old, difference.new))
    if max(len(old), len(new)) > COMPARED:
        return [Line("…", _("%(old)d lines become %(new)d lines.") % {"old": len(old), "new": len(new)})]
    changed = list(_compared(old, new))
    shown = changed[:MOST_LINES]
    if len(changed) > len(shown):
        shown.append(Line("…", _("and %d more lines") % (len(changed) - len(shown))))
    return shown


def readable(name: str, value: Any) -> Any:
    """Conditions and documents as a line each: in a difference, what belongs together must not be torn apart."""
    if name == "conditions":
        lines: list[str] = []
        group = 1
        for condition in from_tree(value):
            if condition.group != group:
                group = condition.group
                lines.append(_("or"))
            lines.append(str(condition))
        return lines
    if name == "documents":
        return [", ".join(f"{key}: {item}" for key, item in document.items() if item not in ("", None)) for document in value]
    return value


def _compared(old: list[str], new: list[str]) -> Iterator[Line]:
    for number, line in enumerate(difflib.unified_diff(old, new, n=1, lineterm="")):
        if line.startswith("@@"):
            if number > 2:
                yield Line("…", "")
        elif number > 1:
            yield Line(line[0], visible(line[1:]))


def _lines(value: Any) -> list[str]:
    if isinstance(value, str):
        # Splitting at "\n" only: a changed "\r" has to be seen.
        return value.split("\n") if value else []
    if value is None or value in ([], {}):
        return []
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [line for item in value for line in item.split("\n")]
    if isinstance(value, (dict, list)):
        return to_yaml(value).splitlines()
    return [{True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)]


def visible(text: str) -> str:
    """``text`` with control characters shown as pictures, no longer than a person reads."""
    shown = "".join(
        chr(0x2400 + ord(char)) if char < " " else char if char.isprintable() else f"\\u{ord(char):04x}"
        for char in text[: MOST_CHARACTERS + 1]
    )
    return shown if len(text) <= MOST_CHARACTERS else shown[:MOST_CHARACTERS] + "…"


def text_lines(plan: Plan) -> Iterator[str]:
    """The whole plan as plain text, an entry at a time."""
    for group in groups(plan, len(plan.entries)):
        for shown in group.entries:
            yield f"{group.words:<10} {shown.kind}: {shown.slug}"
            yield from (f"{'':<10}   ! {reason}" for reason in shown.reasons)
            yield from (f"{'':<10}   i {note}" for note in shown.notes)
            for name, lines in shown.differences:
                yield f"{'':<10}   {name}:"
                yield from (f"{'':<10}     {line.sign} {line.text}" for line in lines)
