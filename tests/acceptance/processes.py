"""Child processes that work on the database and the folders of the test that starts them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

from pigeon_admin.models import WorkerHeartbeat

ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """The environment in which a child sees what the test sees."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PIGEON_TEST_NAME": str(connection.settings_dict["NAME"]),
        "PIGEON_TEST_EXPORT": settings.PIGEON_ADMIN["OUTPUT_DIRECTORY"],
        "PIGEON_TEST_MEDIA": str(settings.MEDIA_ROOT),
    }


def eventually(condition: Callable[[], object], seconds: float = 60, what: str = "") -> None:
    """Wait until the condition holds; fail when it has not within ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what or condition}"
        time.sleep(0.05)


class Cluster:
    """A real ``qcluster`` in a process group of its own."""

    def __init__(self, log: Path) -> None:
        self.log = log
        with log.open("ab") as writer:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "django", "qcluster"],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Until a worker of it has shown that it lives."""
        eventually(lambda: WorkerHeartbeat.objects.exists() or self.process.poll() is not None, 60, "a worker")
        assert self.process.poll() is None, self.log.read_text()

    def kill(self) -> None:
        """kill -9 of all its processes at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def cluster(log: Path) -> Iterator[Cluster]:
    """A running cluster that is gone afterwards."""
    one = Cluster(log)
    try:
        one.wait_ready()
        yield one
    finally:
        one.kill()


def run_child(code: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run Python code in a child process with Django set up."""
    child = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", f"import django; django.setup()\n{code}", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if check:
        assert child.returncode == 0, child.stderr
    return child
