"""The whole way: the demo's own smoke, as a person would start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.demo.test_family import ROOT, members_of, wait_for


@pytest.mark.timeout(240)
def test_the_smoke_delivers_everything_and_leaves_nobody():
    environment = {name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL")}
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", "--smoke", "--stories", "3"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, out + err
    result = json.loads(out.splitlines()[-1])
    assert result["saved"] == 3
    assert result["delivered"] == 9
    assert set(result["partners"]) == {"ftp", "sftp", "http"}
    assert all(partner["files"] > partner["delivered"] == 3 for partner in result["partners"].values())
    wait_for(lambda: members_of(process.pid) == [])
