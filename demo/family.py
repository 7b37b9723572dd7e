"""A family of processes that ends together: with its context, with Ctrl-C, and with the death of its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from demo import reaper

ROOT = Path(__file__).resolve().parent.parent
MARK = "NEWSROOM_FAMILY"  # in the environment of every member, so that a test can find one left behind


class FamilyError(Exception):
    """A member that did not start, or ended unasked; says which, with the end of its log."""


class Family:
    """Start members in a ``with`` block; leaving it, in whatever way, leaves none behind.

    A separate reaper process holds the other end of a pipe: when this process is killed outright, the pipe closes, and the
    reaper ends every group. ``logs``: folder for one log file a member.
    """

    def __init__(self, logs: Path, environment: dict[str, str]) -> None:
        self.logs = logs
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", **environment, MARK: str(os.getpid())}
        self.members: dict[str, subprocess.Popen[str]] = {}
        self.reaper: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        self.reaper = subprocess.Popen(
            [sys.executable, "-m", "demo.reaper"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        # Ctrl-C too: a shell starts background jobs with it switched off, and then kill -INT would do nothing.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupted)
        return self

    def __exit__(self, *exc: object) -> None:
        # A second Ctrl-C must not stop the stopping.
        kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            self.stop()
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def start(self, name: str, command: list[str], *, answers: bool = False) -> str:
        """Start a member. ``answers``: wait for its first line of standard output, and return it; raises FamilyError."""
        log = self.log_of(name).open("a", encoding="utf-8")
        with log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if answers else log,
                stderr=log,
                start_new_session=True,
                text=True,
            )
        self.members[name] = process
        self.tell(f"+{process.pid}")
        if not answers:
            return ""
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise FamilyError(self.obituary(name))
        return line.strip()

    def run(self, name: str, command: list[str]) -> str:
        """Run a step to its end and return its output; raises FamilyError when it fails."""
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise FamilyError(f"“{name}” failed:\n{tail(done.stdout + done.stderr)}")
        return done.stdout

    def check(self) -> None:
        """Raises FamilyError when a member has ended unasked."""
        for name, process in self.members.items():
            if process.poll() is not None:
                raise FamilyError(self.obituary(name))

    def stop(self) -> None:
        """End all members, newest first, and the reaper."""
        members = list(reversed(self.members.values()))
        for process in members:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + reaper.GRACE
        for process in members:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        reaper.end((process.pid for process in members), grace=0)
        for process in members:
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
            self.tell(f"-{process.pid}")
        self.members.clear()
        if self.reaper is not None and self.reaper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.reaper.stdin.close()
            self.reaper.wait()
            self.reaper = None

    def tell(self, line: str) -> None:
        if self.reaper is not None and self.reaper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.reaper.stdin.write(line + "\n")
                self.reaper.stdin.flush()

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def obituary(self, name: str) -> str:
        status = self.members[name].wait(timeout=10)
        text = self.log_of(name).read_text(encoding="utf-8", errors="replace")
        return f"“{name}” ended by itself (status {status}). The end of {self.log_of(name)}:\n{tail(text)}"


def interrupted(number: int, frame: object) -> None:
    """SIGTERM and a closed terminal end the family the way Ctrl-C does."""
    raise KeyboardInterrupt


def tail(text: str, lines: int = 12) -> str:
    """The last lines, indented."""
    return "\n".join("    " + line for line in text.strip().splitlines()[-lines:])
