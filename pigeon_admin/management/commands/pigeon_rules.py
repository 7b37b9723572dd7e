"""Rule sets out and in on the command line."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pigeon_admin.exceptions import RuleSetError
from pigeon_admin.exchange.formats import FORMATS, RuleSetFormat
from pigeon_admin.exchange.preview import summary, text_lines
from pigeon_admin.exchange.reading import MAX_BYTES
from pigeon_admin.exchange.resources import RuleSetResource
from pigeon_admin.models import Rule


class Command(BaseCommand):
    """``pigeon_rules export [RULE ...]`` and ``pigeon_rules import FILE [--dry-run]``."""

    help = "Export rules with all that they need as one document, or import such a document: all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="export|import")
        out = actions.add_parser("export", help="write a rule set; passwords and keys are never in it")
        out.add_argument("rules", nargs="*", metavar="RULE", help="short names of rules; none: all that are not archived")
        out.add_argument(
            "--format", choices=list(FORMATS), help="yaml (the default) or json; with --output, found by the file's name"
        )
        out.add_argument("--output", metavar="FILE", help="the file to write, instead of standard output")
        into = actions.add_parser(
            "import", help="read a rule set; exit code 1 and nothing written when anything in it is refused"
        )
        into.add_argument("file", metavar="FILE", help="the file to read; - for standard input")
        into.add_argument(
            "--format", choices=list(FORMATS), help="yaml or json; without it, found by the file's name or its first character"
        )
        into.add_argument("--dry-run", action="store_true", help="say what would be created and changed, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "export":
            self.export(options["rules"], options["format"], options["output"])
        else:
            self.import_file(options["file"], options["format"], options["dry_run"])

    def export(self, slugs: list[str], name: str | None, output: str | None) -> None:
        """Write the rules called ``slugs``, or all."""
        rules = Rule.objects.filter(archived_at=None)
        if slugs:
            missing = sorted(set(slugs) - set(rules.filter(slug__in=slugs).values_list("slug", flat=True)))
            if missing:
                raise CommandError(f"No rule has the short name {', '.join(missing)}, or it is archived.")
            rules = rules.filter(slug__in=slugs)
        file_format = FORMATS[name or by_name(output or "") or "yaml"]()
        data = file_format.export_data(RuleSetResource().export(rules))
        if output is None:
            # Bytes where there are bytes: a document is UTF-8 with bare line feeds, whatever the terminal or platform prefers.
            buffer = getattr(self.stdout, "buffer", None)
            if buffer is None:
                self.stdout.write(data.decode(), ending="")
            else:
                buffer.write(data)
                buffer.flush()
            return
        try:
            Path(output).write_bytes(data)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error

    def import_file(self, file: str, name: str | None, dry_run: bool) -> None:
        """Import a file, or only say what that would do."""
        data = self.data_of(file)
        try:
            dataset = chosen(name or by_name(file), data).create_dataset(data)
        except RuleSetError as error:
            raise CommandError(str(error)) from error
        result = RuleSetResource().import_data(dataset, dry_run=dry_run)
        if result.base_errors:
            raise CommandError(f"Nothing was imported: {result.base_errors[0].error}")
        for line in text_lines(result.plan):
            self.stdout.write(line)
        told = summary(result.plan.counts)
        if result.plan.refused:
            raise CommandError(f"Nothing was imported: {told}.")
        for _number, errors in result.row_errors():
            raise CommandError(f"Nothing was imported. The database refused an entry: {errors[0].error}")
        self.stdout.write(f"Would be imported: {told}." if dry_run else f"Imported: {told}.")

    def data_of(self, file: str) -> bytes:
        """The bytes of a file, at most one more than is allowed."""
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        try:
            with Path(file).open("rb") as opened:
                return opened.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error


def by_name(file: str) -> str | None:
    """The format that a file's name tells, or None."""
    return {".json": "json", ".yaml": "yaml", ".yml": "yaml"}.get(Path(file).suffix.lower())


def chosen(name: str | None, data: bytes) -> RuleSetFormat:
    """The format called ``name``, else the one that the first character tells."""
    if name is None:
        name = "json" if data.lstrip().removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else "yaml"
    return FORMATS[name]()
