"""The partner servers themselves: as processes of their own, and gone without a trace when stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from demo.partners import ftp, http, sftp
from pigeon_admin.models import Destination
from tests.conformance import deliver, outgoing, parcel


@pytest.mark.parametrize("kind", ["ftp", "ftpes", "ftps", "sftp", "http", "https"])
def test_each_runs_as_a_process_and_says_in_one_line_how_to_reach_it(kind: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "demo.partners",
        kind,
        "--folder",
        str(tmp_path / "in-box"),
        "--password",
        "a b/ü",
        "--until-eof",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            ready = json.loads(process.stdout.readline())
            fields = {name: ready[name] for name in ("host_key", "ca_certificates") if ready[name]}
            destination = Destination.from_url(ready["url"], **fields)
            assert deliver(destination.transport(), parcel(outgoing("a/b.xml", b"x")))[0].error is None
            assert (tmp_path / "in-box/a/b.xml").read_bytes() == b"x"
            if kind.startswith("ftp"):
                process.send_signal(signal.SIGTERM)
            else:
                process.stdin.close()  # as when the parent was killed
            assert process.wait(20) == 0
            assert process.stdout.read() == process.stderr.read() == b""
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("server", "options"), [(ftp, {}), (ftp, {"security": "implicit"}), (sftp, {}), (http, {}), (http, {"tls": True})]
)
def test_a_stopped_server_leaves_no_thread_and_no_open_file(server: Any, options: dict[str, Any], tmp_path: Path) -> None:
    def left() -> tuple[int, int]:
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    for round_number in range(3):
        with server.start(tmp_path, **options) as partner:
            transport = Destination.from_url(
                partner.url, **{name: getattr(partner, name) for name in wanted(partner)}
            ).transport()
            with transport.session() as session:  # still open when the server stops
                next(iter(session.send([parcel(outgoing("a.xml"))])))
                partner.stop()
        partner.stop()  # a second time does no harm
        if round_number == 0:
            before = left()
    assert left() == before


def wanted(partner: Any) -> list[str]:
    return [name for name in ("host_key", "ca_certificates") if getattr(partner, name)]


def test_keys_kept_in_a_file_stay_the_same(tmp_path: Path) -> None:
    first, second = (sftp.start(tmp_path / "x", host_key_file=tmp_path / "keys" / "host") for _round in range(2))
    with first, second:
        assert first.host_key == second.host_key
    first, second = (http.start(tmp_path / "x", tls=True, certificate_file=tmp_path / "keys" / "tls.pem") for _round in range(2))
    with first, second:
        assert first.ca_certificates == second.ca_certificates
    assert (tmp_path / "keys" / "tls.pem").stat().st_mode & 0o077 == 0
