"""``python3 -m tests``: sets up everything, then runs every check of this project."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from demo import environment

ROOT = Path(__file__).resolve().parent.parent
PLAIN = "not services and not browser and not soak"
# What must hold on every database, not only on SQLite.
PARITY = [
    "tests/conditions",
    "tests/delivery/test_claiming.py",
    "tests/delivery/test_races.py",
    "tests/tracking/test_odd_models.py",
    "tests/tracking/test_transactions.py",
]
# Most tests wait for a server, a disk or a worker most of the time, so two at once on a core take little more than one.
AT_ONCE = ["-n", "auto", "--dist", "loadfile"]


@dataclass
class Part:
    """One check. ``command`` runs in the project's folder; ``last``: its last line is kept for the very end."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    last: bool = False
    seconds: float = 0
    status: int | None = None

    def run(self) -> str:
        """Run it, showing its output; answers the line kept back, or ""."""
        print(f"\n── {self.name}", flush=True)
        started = time.monotonic()
        variables = {**os.environ, **self.environment}
        kept = ""
        if self.last:
            with subprocess.Popen(
                self.command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True, errors="replace"
            ) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    if kept:
                        print(kept, end="", flush=True)
                    kept = line
            self.status = process.returncode
        else:
            self.status = subprocess.run(self.command, cwd=ROOT, env=variables, check=False).returncode
        self.seconds = time.monotonic() - started
        return kept

    def run_quietly(self) -> str:
        """Run it; answers its whole output."""
        started = time.monotonic()
        variables = {**os.environ, **self.environment}
        done = subprocess.run(
            self.command,
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        self.status, self.seconds = done.returncode, time.monotonic() - started
        return done.stdout


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def pytest(*arguments: str) -> list[str]:
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    return python("pytest", *colour, *arguments)


def static_parts() -> list[Part]:
    binaries = Path(sys.executable).parent
    return [
        Part("ruff check", python("ruff", "check", ".")),
        Part("ruff format", python("ruff", "format", "--check", ".")),
        Part("lint-imports", [str(binaries / "lint-imports")]),
        Part("mypy", python("mypy")),
    ]


def names_tests(arguments: list[str]) -> bool:
    """Did the person say which tests, by path or by marker? Then nothing is left out behind their back."""
    return any(word == "-m" or word.startswith("-m=") or (ROOT / word.partition("::")[0]).exists() for word in arguments)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests",
        description="Runs every check. Other arguments go to pytest, which then runs alone.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--all", action="store_true", help="also what needs real servers and Chromium; fails where one is missing"
    )
    parser.add_argument("--soak", action="store_true", help="only the tests that run long")
    options, rest = parser.parse_known_args()
    environment.enter("test", "tests")
    with tempfile.TemporaryDirectory(prefix="pigeon-tests-", ignore_cleanup_errors=True) as folder:
        os.environ["PIGEON_TEST_DIR"] = folder
        if options.soak:
            return run([Part("pytest (soak)", pytest("-m", "soak", *rest), last=True)])
        if rest and not options.all:
            marker = [] if names_tests(rest) else ["-m", PLAIN]
            return subprocess.run(pytest(*marker, *rest), cwd=ROOT, check=False).returncode
        if options.all:
            return run_all(rest)
        return run([*static_parts(), Part("pytest", pytest(*AT_ONCE, "-m", PLAIN), last=True)])


def run_all(rest: list[str]) -> int:
    """Everything but the soak, on every database, against real servers; fails at once when the machine lacks one."""
    from tests import databases, machine

    missing = machine.missing()
    if missing:
        print("`python3 -m tests --all` needs what this machine lacks:", *missing, sep="\n  - ")
        print("On Debian, `.ci/run` installs all of it.")
        return 1
    with databases.servers() as urls:
        os.environ.update({f"TEST_{name.upper()}_URL": url for name, url in urls.items()})
        parts = static_parts()
        beside = [
            Part(f"parity on {name}", pytest("-m", "not soak", *PARITY), {"DATABASE_URL": urls[name]})
            for name in ("postgresql", "mariadb")
        ]
        if (ROOT / "tests/benchmarks/__main__.py").exists():
            parts.append(Part("benchmarks (smoke)", python("tests.benchmarks", "--smoke")))
        parts.append(Part("pytest", pytest(*AT_ONCE, "-m", "not soak", *rest), last=True))
        return run(parts, beside)


def run(parts: list[Part], beside: Sequence[Part] = ()) -> int:
    """Run all parts, whatever becomes of each; a table, then the line the last part kept; 1 if any failed.

    ``beside``: parts that run one after the other next to those, quietly; their output comes when they are done.
    """
    line = ""
    with ThreadPoolExecutor(max_workers=1) as executor:
        quiet = [executor.submit(part.run_quietly) for part in beside]
        for part in parts:
            line = part.run() or line
        for part, future in zip(beside, quiet, strict=True):
            print(f"\n── {part.name}\n{future.result()}", end="", flush=True)
    parts = [*parts, *beside]
    width = max(len(part.name) for part in parts)
    if len(parts) > 1:
        print("\n── summary")
        for part in parts:
            print(f"{part.name:<{width}}  {'ok' if part.status == 0 else 'FAILED':<6}  {part.seconds:7.1f} s")
    print(line, end="", flush=True)
    return int(any(part.status != 0 for part in parts))


if __name__ == "__main__":
    sys.exit(main())
