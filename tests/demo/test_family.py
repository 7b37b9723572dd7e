"""No process outlives its family, however the family ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.family import MARK, ROOT, Family, FamilyError

# A member with a child of its own that ignores the polite signal, as a worker in the middle of a task might.
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
PARENT = """
import sys, time, subprocess
from pathlib import Path
from demo.family import Family
sleeper = "import time; time.sleep(600)"
code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleeper!r}]); print('up', flush=True); {sleeper}"
child = [sys.executable, "-c", code]
with Family(Path(sys.argv[1]), {}) as family:
    family.start("one", child, answers=True)
    family.start("two", child, answers=True)
    print("running", flush=True)
    time.sleep(600)
"""


def members_of(parent: int) -> list[int]:
    """Every process that carries the mark of this family."""
    mark = f"{MARK}={parent}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark in environ and state != "Z":
            found.append(int(folder.name))
    return found


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def parent(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "running\n"
        wait_for(lambda: len(members_of(process.pid)) == 5)  # two members, a child of each, the reaper
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_nobody_is_left_when_the_parent_ends(parent, number):
    parent.send_signal(number)
    parent.wait(30)
    wait_for(lambda: members_of(parent.pid) == [])


def test_a_member_that_will_not_stop_is_killed_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr("demo.reaper.GRACE", 0.5)
    with keeping_handlers(), Family(tmp_path, {}) as family:
        family.start("stubborn", [sys.executable, "-c", STUBBORN], answers=True)
        pid = family.members["stubborn"].pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_member_that_ends_by_itself_is_named_with_the_end_of_its_log(tmp_path):
    with keeping_handlers(), Family(tmp_path, {}) as family:
        family.start("ghost", [sys.executable, "-c", "import sys; sys.exit('gone to sea')"])
        family.members["ghost"].wait(30)
        with pytest.raises(FamilyError, match=r"“ghost” ended by itself \(status 1\)(.|\n)*gone to sea"):
            family.check()


def test_a_member_that_does_not_answer_is_no_member(tmp_path):
    with keeping_handlers(), Family(tmp_path, {}) as family, pytest.raises(FamilyError, match="no port left"):
        family.start("mute", [sys.executable, "-c", "import sys; sys.exit('no port left')"], answers=True)


class keeping_handlers:
    """A family in this very process takes over its signals; give them back."""

    def __enter__(self):
        self.kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def __exit__(self, *exc):
        for number, handler in self.kept.items():
            signal.signal(number, handler)
