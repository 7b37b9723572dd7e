"""Ends process groups when the process that names them on standard input is gone, however it went."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE = 10.0  # seconds between asking and forcing


def main() -> None:
    """Lines are ``+GROUP`` and ``-GROUP``; the end of the input means: end all groups still named."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: dict[int, None] = {}
    for line in sys.stdin:
        number = int(line[1:])
        if line[0] == "+":
            groups[number] = None
        else:
            groups.pop(number, None)
    end(reversed(groups))


def end(groups: Iterable[int], grace: float = GRACE) -> None:
    """Ask the leaders to stop (that of the worker stops its children in good order), then kill whatever is left of the groups."""
    groups = list(groups)
    for group in groups:
        try:
            os.kill(group, signal.SIGTERM)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(alive(group) for group in groups):  # a leader ends last, if it ends well
        time.sleep(0.05)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def alive(leader: int) -> bool:
    """Is this process there? One that has ended and that nobody has waited for still counts."""
    try:
        os.kill(leader, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
