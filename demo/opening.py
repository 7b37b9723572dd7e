"""The demo for a person: everything started, the login printed, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from demo.family import ROOT, FamilyError
from demo.newspaper import LOGIN, Newspaper, free

VAR = ROOT / "demo" / "var"
FIRST_PORT = 8000


def main(port: int | None, fresh: bool) -> int:
    """Run until interrupted; 1 when something could not start or ended by itself."""
    try:
        with alone(VAR), Newspaper(VAR) as newspaper:
            if fresh:
                start_over(VAR)
            chosen = port_for_the_site(port)
            print("Starting three partners …", flush=True)
            newspaper.start_partners()
            print("Preparing the newsroom …", flush=True)
            print(newspaper.prepare(rules=True), end="", flush=True)
            newspaper.open(chosen)
            print(welcome(newspaper), flush=True)
            while True:
                newspaper.family.check()
                time.sleep(0.5)
    except KeyboardInterrupt:
        print("\nStopped; nothing is left running. `python3 -m demo` goes on where this ended.")
        return 0
    except FamilyError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


@contextlib.contextmanager
def alone(var: Path) -> Iterator[None]:
    """One demo at a time in this folder; raises FamilyError."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "running").open("a+") as file:
        if not locked(file):
            file.seek(0)
            raise FamilyError(
                f"The demo is running already, as process {file.read().strip() or 'unknown'}. Stop it there with Ctrl-C."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def locked(file: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def start_over(var: Path) -> None:
    """Forget everything but the lock; raises FamilyError when the data is elsewhere."""
    if "DATABASE_URL" in os.environ:
        raise FamilyError(
            "--fresh empties demo/var only, and DATABASE_URL names another database. Empty that one yourself, or unset it."
        )
    for path in var.iterdir():
        if path.name in ("running", "logs"):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def port_for_the_site(asked: int | None) -> int:
    """The port asked for, else the first free one from 8000 on; raises FamilyError."""
    if asked is not None:
        if not free(asked):
            raise FamilyError(f"Port {asked} is in use. Choose another: python3 -m demo --port {asked + 1}")
        return asked
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if free(port):
            return port
    raise FamilyError(f"No port between {FIRST_PORT} and {FIRST_PORT + 99} is free. Choose one: python3 -m demo --port N")


def welcome(newspaper: Newspaper) -> str:
    """What to click first."""
    url, (username, password) = newspaper.url, LOGIN
    return f"""
  The newsroom is open. Log in as {username} with the password {password}

    Stories               {url}/admin/newsroom/story/      open one and save it
    What partners have    {url}/partners/                  it arrives here within seconds
    Rules                 {url}/admin/pigeon_admin/rule/
    Deliveries            {url}/admin/pigeon_admin/delivery/
    The newspaper         {url}/

  Logs are in {newspaper.family.logs}.  Ctrl-C stops everything."""
