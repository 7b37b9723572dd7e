"""``pigeon_clean_queue``: delete settled deliveries older than MAX_AGE."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from pigeon_admin.tasks.cleaning import clean_queue


class Command(BaseCommand):
    help = "Delete settled deliveries (sent, cancelled, superseded) older than PIGEON_ADMIN['MAX_AGE'] seconds. Failed ones stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")

    def handle(self, *args: Any, **options: Any) -> None:
        count = clean_queue(dry_run=options["dry_run"])
        self.stdout.write(f"{count} deliveries would be deleted." if options["dry_run"] else f"{count} deliveries deleted.")
