"""``pigeon_push``: send all that is due, until the queue is empty."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from pigeon_admin.delivery.push import Push
from pigeon_admin.tasks.runs import push_summary, recorded


class Command(BaseCommand):
    help = "Send all deliveries that are due, until none is. Exits with 1 when one failed for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=float("inf"), help="Stop claiming after so many seconds.")

    def handle(self, *args: Any, **options: Any) -> None:
        with recorded("push") as run:
            done = Push(seconds=options["seconds"]).run()
            run.summary = push_summary(done)
        self.stdout.write(run.summary)
        if done.recorder.failed:
            sys.exit(1)
