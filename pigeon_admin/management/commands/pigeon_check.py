"""``pigeon_check``: one line and an exit code that say whether deliveries go out."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from pigeon_admin.tasks.health import health


class Command(BaseCommand):
    help = (
        "Say whether deliveries go out. Exit code 0: fine; 1: something waits longer than CHECK_OLD_AGE;"
        " 2: longer than CHECK_TOO_OLD_AGE, or something failed, or no worker is alive."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        state = health()
        self.stdout.write(state.line)
        sys.exit(state.level)
