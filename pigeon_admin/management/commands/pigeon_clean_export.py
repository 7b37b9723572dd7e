"""``pigeon_clean_export``: delete old files of settled deliveries."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from pigeon_admin.tasks.cleaning import clean_export


class Command(BaseCommand):
    help = "Delete exported files older than PIGEON_ADMIN['MAX_AGE'] seconds, never one that an unsettled delivery still needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")

    def handle(self, *args: Any, **options: Any) -> None:
        count = clean_export(dry_run=options["dry_run"])
        self.stdout.write(f"{count} files would be deleted." if options["dry_run"] else f"{count} files deleted.")
