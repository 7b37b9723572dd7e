"""The forms of a page as its HTML has them, filled in by field name or label."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class FormError(Exception):
    """A form without the field, choice or button that somebody looked for; names those that it has."""


@dataclass
class Choice:
    """One option of a select, or one of several radio buttons or check boxes of the same name."""

    value: str
    label: str = ""
    chosen: bool = False


@dataclass
class Field:
    """One named control. ``kind``: the type of an input, "textarea" or "select"."""

    name: str
    kind: str
    id: str = ""
    label: str = ""
    value: str = ""
    choices: list[Choice] = field(default_factory=list)
    multiple: bool = False
    file: tuple[str, bytes, str] | None = None

    def fill(self, value: Any) -> None:
        """Text, a bool for a check box, value or label of a choice (or a list of them), (name, bytes, media type) for a file."""
        if self.kind == "file":
            self.file = value
        elif self.kind == "checkbox" and isinstance(value, bool):
            self.choices[0].chosen = value
        elif self.choices or self.kind == "select":
            wanted = value if isinstance(value, (list, tuple)) else [value]
            for choice in self.choices:
                choice.chosen = False
            for one in wanted:
                self.choose(str(one))
        else:
            self.value = str(value)

    def choose(self, wanted: str) -> None:
        exact = [choice for choice in self.choices if wanted in (choice.value, choice.label)]
        near = [choice for choice in self.choices if wanted.casefold() in choice.label.casefold()]
        for found in (exact, near):
            if len(found) == 1:
                found[0].chosen = True
                return
        known = ", ".join(f"“{choice.label or choice.value}”" for choice in self.choices)
        raise FormError(f"“{self.label or self.name}” offers no single “{wanted}”; it offers {known or 'nothing'}.")

    def pairs(self) -> list[tuple[str, Any]]:
        """What a browser would send."""
        if self.kind == "file":
            return [(self.name, self.file or ("", b"", "application/octet-stream"))]
        if self.choices or self.kind == "select":
            return [(self.name, choice.value) for choice in self.choices if choice.chosen]
        return [(self.name, self.value)]

    def copy(self, prefix: str, index: int) -> Field:
        """The same control for row ``index`` of an inline."""
        name = self.name.replace(f"{prefix}-__prefix__", f"{prefix}-{index}")
        choices = [Choice(choice.value, choice.label, choice.chosen) for choice in self.choices]
        return Field(name, self.kind, self.id, self.label, self.value, choices, self.multiple)


@dataclass
class Form:
    """One form. ``buttons``: (name, value) of what can be pressed."""

    action: str = ""
    method: str = "get"
    multipart: bool = False
    id: str = ""
    fields: list[Field] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return any(one.name == name for one in self.fields)

    def field(self, wanted: str) -> Field:
        """By name, else by label; raises FormError."""
        for one in self.fields:
            if one.name == wanted:
                return one
        for one in self.fields:
            if one.label.casefold() == wanted.casefold() and "__prefix__" not in one.name:
                return one
        known = ", ".join(one.name for one in self.fields)
        raise FormError(f"The form has no field “{wanted}”; it has {known or 'none'}.")

    def fill(self, **values: Any) -> Form:
        for name, value in values.items():
            self.field(name).fill(value)
        return self

    def add_row(self, prefix: str, **values: Any) -> int:
        """What “Add another …” does: a new row of the inline ``prefix``; answers its index."""
        total = self.field(f"{prefix}-TOTAL_FORMS")
        index = int(total.value)
        blank = [one for one in self.fields if one.name.startswith(f"{prefix}-__prefix__-")]
        if not blank:
            raise FormError(f"The inline “{prefix}” has no blank row to add.")
        self.fields += [one.copy(prefix, index) for one in blank]
        total.value = str(index + 1)
        self.fill(**{f"{prefix}-{index}-{name}": value for name, value in values.items()})
        return index

    def pairs(self, button: str | None = None) -> list[tuple[str, Any]]:
        """What a browser would send when ``button`` is pressed (its name; None: the first, without its name)."""
        sent = [pair for one in self.fields if "__prefix__" not in one.name for pair in one.pairs()]
        if button is not None:
            pressed = [pair for pair in self.buttons if pair[0] == button]
            if not pressed:
                raise FormError(
                    f"The form has no button “{button}”; it has {', '.join(name for name, _value in self.buttons) or 'none'}."
                )
            sent.append(pressed[0])
        return sent


class PageParser(HTMLParser):
    """Collects forms with their labels, the messages, and the errors of a page of the admin."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.errors: list[str] = []
        self.messages: list[str] = []
        self.labels: dict[str, str] = {}
        self.strays: list[tuple[str, Field]] = []
        self.form: Form | None = None
        self.control: Field | None = None
        self.option: Choice | None = None
        self.label_for: str | None = None
        self.collecting: list[tuple[int, list[str], list[str]]] = []  # depth, texts, where they go
        self.depth = 0
        self.feed(text)
        self.close()
        self.finish()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.depth += 1
            target = self.target(tag, given.get("class", "").split())
            if target is not None and not self.collecting:
                self.collecting.append((self.depth, [], target))
        if tag == "form":
            multipart = given.get("enctype") == "multipart/form-data"
            self.form = Form(given.get("action", ""), given.get("method", "get").lower(), multipart, given.get("id", ""))
            self.forms.append(self.form)
        elif tag == "label":
            self.label_for = given.get("for")
        elif tag in ("input", "button", "select", "textarea"):
            self.begin(tag, given)
        elif tag == "option" and self.control is not None:
            self.option = Choice(given.get("value", ""), "", "selected" in given)
            self.control.choices.append(self.option)

    def target(self, tag: str, classes: list[str]) -> list[str] | None:
        if "errorlist" in classes or "errornote" in classes:
            return self.errors
        return self.messages if "messagelist" in classes else None

    def begin(self, tag: str, given: dict[str, str]) -> None:
        kind = tag if tag in ("select", "textarea") else given.get("type", "submit" if tag == "button" else "text")
        name = given.get("name", "")
        if kind in ("submit", "image"):
            if self.form is not None and name:
                self.form.buttons.append((name, given.get("value", "")))
            return
        control = Field(name, kind, given.get("id", ""), value=given.get("value", ""), multiple="multiple" in given)
        if kind in ("select", "textarea"):
            self.control = control
        if kind == "textarea":
            control.value = ""
        if not name or "disabled" in given or kind in ("button", "reset"):
            return
        if kind in ("checkbox", "radio"):
            self.begin_choice(control, given)
        else:
            self.place(control, given)

    def begin_choice(self, control: Field, given: dict[str, str]) -> None:
        choice = Choice(given.get("value", "on"), given.get("id", ""), "checked" in given)
        owner = self.form.fields if self.form is not None else []
        same = [one for one in owner if one.name == control.name and one.kind == control.kind]
        if same:
            same[0].choices.append(choice)
        else:
            control.choices, control.value = [choice], ""
            self.place(control, given)

    def place(self, control: Field, given: dict[str, str]) -> None:
        if "form" in given:
            self.strays.append((given["form"], control))
        elif self.form is not None:
            self.form.fields.append(control)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "label":
            self.label_for = None
        elif tag in ("select", "textarea"):
            self.end_control(tag)
        elif tag == "option":
            self.option = None
        if tag not in VOID:
            if self.collecting and self.collecting[-1][0] >= self.depth:
                _depth, texts, target = self.collecting.pop()
                target.append(" ".join(" ".join(texts).split()))
            self.depth -= 1

    def end_control(self, tag: str) -> None:
        control, self.control = self.control, None
        if control is None:
            return
        if tag == "textarea":
            control.value = control.value.removeprefix("\n")
        elif control.choices and not control.multiple and not any(choice.chosen for choice in control.choices):
            control.choices[0].chosen = True

    def handle_data(self, data: str) -> None:
        if self.control is not None and self.control.kind == "textarea":
            self.control.value += data
        elif self.option is not None:
            self.option.label = " ".join((self.option.label + data).split())
        if self.label_for:
            self.labels[self.label_for] = self.labels.get(self.label_for, "") + data
        if self.collecting:
            self.collecting[-1][1].append(data)

    def finish(self) -> None:
        """What is known only at the end of the page: labels, and controls that name their form."""
        for identity, control in self.strays:
            for form in self.forms:
                if form.id == identity:
                    form.fields.append(control)
        for form in self.forms:
            for one in form.fields:
                one.label = self.label(one.id)
                if one.kind in ("checkbox", "radio"):
                    for choice in one.choices:
                        choice.label = self.label(choice.label)

    def label(self, identity: str) -> str:
        return " ".join(self.labels.get(identity, "").split()).removesuffix(":")


def encode_multipart(pairs: list[tuple[str, Any]]) -> tuple[bytes, str]:
    """Body and content type of a multipart form; a file is a (name, bytes, media type)."""
    boundary = uuid.uuid4().hex
    parts = []
    for name, value in pairs:
        quoted = name.replace('"', "%22")
        if isinstance(value, tuple):
            file_name, content, media_type = value
            safe = file_name.replace('"', "%22").replace("\r", "").replace("\n", "")
            head = f'Content-Disposition: form-data; name="{quoted}"; filename="{safe}"\r\nContent-Type: {media_type}'
        else:
            head, content = (
                f'Content-Disposition: form-data; name="{quoted}"',
                value.replace("\r\n", "\n").replace("\n", "\r\n").encode(),
            )
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
