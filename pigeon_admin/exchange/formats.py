"""Rule sets as file formats of django-import-export."""

from __future__ import annotations

from typing import Any

from import_export.formats.base_formats import Format
from tablib.core import Dataset

from pigeon_admin.exchange.document import Entry, from_document, to_document
from pigeon_admin.exchange.reading import from_json, from_yaml
from pigeon_admin.exchange.writing import to_json, to_yaml

HEADERS = ("section", "kind", "slug", "content", "place")


class EntryDataset(Dataset):
    """A dataset that counts as one even without rows: an empty rule set is no error."""

    def __bool__(self) -> bool:
        return True


def to_dataset(entries: list[Entry]) -> Dataset:
    """One row an entry; ``content`` is a cell of plain values."""
    rows = [(entry.section, entry.kind, entry.slug, entry.content, entry.place) for entry in entries]
    return EntryDataset(*rows, headers=HEADERS)


def to_entries(dataset: Dataset) -> list[Entry]:
    """The rows of a dataset again as entries."""
    return [Entry(**row) for row in dataset.dict]


class RuleSetFormat(Format):
    """Bytes of a rule set ↔ a dataset with one row an entry. ``create_dataset`` raises RuleSetError in words."""

    extension = ""
    content_type = ""

    def __init__(self, encoding: str | None = None) -> None:
        """``encoding`` is what import-export asks for; a rule set is UTF-8."""

    def get_title(self) -> str:
        return self.extension  # the import form's script finds the format by the file's extension

    def get_extension(self) -> str:
        return self.extension

    def get_content_type(self) -> str:
        return self.content_type

    def is_binary(self) -> bool:
        return True

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> Dataset:
        return to_dataset(from_document(self.read(in_stream)))

    def export_data(self, dataset: Dataset, **kwargs: Any) -> bytes:
        return self.write(to_document(to_entries(dataset))).encode()

    def read(self, data: bytes) -> Any:
        """Plain values of a file; raises RuleSetError."""
        raise NotImplementedError

    def write(self, document: Any) -> str:
        """The text of a document."""
        raise NotImplementedError


class RuleSetJSON(RuleSetFormat):
    """JSON, indented."""

    extension = "json"
    content_type = "application/json; charset=utf-8"

    def read(self, data: bytes) -> Any:
        return from_json(data)

    def write(self, document: Any) -> str:
        return to_json(document)


class RuleSetYAML(RuleSetFormat):
    """YAML, with templates as readable blocks."""

    extension = "yaml"
    content_type = "application/yaml; charset=utf-8"

    def read(self, data: bytes) -> Any:
        return from_yaml(data)

    def write(self, document: Any) -> str:
        return to_yaml(document)


FORMATS: dict[str, type[RuleSetFormat]] = {"yaml": RuleSetYAML, "json": RuleSetJSON}
