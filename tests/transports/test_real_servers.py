"""The same promises against the servers that partners really run: vsftpd, OpenSSH, nginx."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from demo.partners import certificate
from pigeon_admin.exceptions import CredentialsError, IdentityError, PermanentError
from pigeon_admin.transports.base import Transport
from pigeon_admin.transports.ftp import FtpTransport
from pigeon_admin.transports.host_keys import pinned
from pigeon_admin.transports.http import HttpTransport
from pigeon_admin.transports.sftp import SftpTransport
from tests.conformance import PASSWORD, FolderConformance, NetworkConformance, Place, deliver, failure, outgoing, parcel
from tests.servers import daemons

pytestmark = pytest.mark.services
PLAIN_PASSWORD = PASSWORD.replace("ö", "o")  # vsftpd and nginx compare bytes of unknown encoding
KEY = asyncssh.generate_private_key("ssh-ed25519")
PRIVATE = KEY.export_private_key().decode()
PUBLIC = KEY.export_public_key().decode()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in-box").mkdir()
    return tmp_path / "in-box"


class VsftpdConformance(FolderConformance, NetworkConformance):
    options: dict[str, Any] = {}
    tls12 = False

    def make(self, port: int, **changes: Any) -> FtpTransport:
        values = {"host": "127.0.0.1", "port": port, "username": "ftp", "password": PLAIN_PASSWORD, "timeout": 10}
        return FtpTransport(**{**values, "ca_certificates": certificate.of_this_process()[0], **self.options, **changes})

    @pytest.fixture
    def place(self, work: Path, folder: Path) -> Iterator[Place]:
        with daemons.vsftpd(work, folder, PLAIN_PASSWORD, self.tls12) as port:
            yield Place(lambda **changes: self.make(**{"port": port, **changes}), folder, port, (PLAIN_PASSWORD,))

    @pytest.fixture
    def no_rights(self, tmp_path: Path) -> Iterator[Transport]:
        for name in ("work2", "read-only"):
            (tmp_path / name).mkdir()
        with daemons.vsftpd(tmp_path / "work2", tmp_path / "read-only", PLAIN_PASSWORD, self.tls12, writable=False) as port:
            yield self.make(port)

    def test_a_connection_that_ends_in_the_middle_of_a_file(self) -> None:  # type: ignore[override]
        """Needs a server that breaks off on demand: tests/transports/test_ftp.py has it."""


class TestVsftpd(VsftpdConformance):
    pass


class TestVsftpdActive(VsftpdConformance):
    options = {"passive": False}


class TestVsftpdTls13(VsftpdConformance):
    options = {"security": "explicit"}

    def test_it_is_what_it_says(self, place: Place) -> None:
        assert "TLSv1.3" in list(place.make().check())[1].detail

    def test_without_session_reuse_the_message_names_the_setting(self, place: Place) -> None:
        error = failure(place.make(reuse_session=False))
        assert type(error) is PermanentError
        assert "reuse the TLS session" in str(error)


class TestVsftpdTls12(VsftpdConformance):
    options = {"security": "explicit"}
    tls12 = True

    def test_it_is_what_it_says(self, place: Place) -> None:
        assert "TLSv1.2" in list(place.make().check())[1].detail


class TestOpenSsh(FolderConformance, NetworkConformance):
    def make(self, port: int, host_key: str, **changes: Any) -> SftpTransport:
        if changes.pop("password", None):
            changes["private_key"] = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
        values = {"host": "127.0.0.1", "port": port, "username": getpass.getuser(), "private_key": PRIVATE, "host_key": host_key}
        return SftpTransport(**{**values, "timeout": 10, **changes})

    @pytest.fixture
    def place(self, work: Path, folder: Path) -> Iterator[Place]:
        with daemons.sshd(work, folder, PUBLIC) as (port, host_key):
            secrets = tuple(PRIVATE.splitlines()[1:-1])
            yield Place(lambda **changes: self.make(**{"port": port, "host_key": host_key, **changes}), folder, port, secrets)

    @pytest.fixture
    def no_rights(self, tmp_path: Path) -> Iterator[Transport]:
        for name in ("work2", "read-only"):
            (tmp_path / name).mkdir()
        with daemons.sshd(tmp_path / "work2", tmp_path / "read-only", PUBLIC, read_only=True) as (port, host_key):
            yield self.make(port, host_key)

    def test_a_changed_host_key_stops_everything(self, place: Place) -> None:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        error = failure(place.make(host_key=other))
        assert type(error) is IdentityError
        assert pinned(other)[0].fingerprint in str(error)
        assert place.received() == {}

    def test_the_proof_needs_no_excuse_since_it_renames_in_one_step(self, place: Place) -> None:
        receipts = deliver(place.make(), parcel(outgoing("a.xml")), parcel(outgoing("a.xml")))
        assert not any("note" in receipt.proof["files"][0] for receipt in receipts)  # type: ignore[index]


class TestNginx(FolderConformance, NetworkConformance):
    def make(self, port: int, **changes: Any) -> HttpTransport:
        url = f"https://{changes.pop('host', '127.0.0.1')}:{port}{changes.pop('path', '/')}"
        values = {"url": url, "auth": "basic", "username": "partner", "password": PLAIN_PASSWORD, "timeout": 10}
        return HttpTransport(**{**values, "ca_certificates": certificate.of_this_process()[0], **changes})

    @pytest.fixture
    def place(self, work: Path, folder: Path) -> Iterator[Place]:
        with daemons.nginx(work, folder, "partner", PLAIN_PASSWORD) as port:
            yield Place(lambda **changes: self.make(**{"port": port, **changes}), folder, port, (PLAIN_PASSWORD,))

    @pytest.fixture
    def no_rights(self, tmp_path: Path) -> Iterator[Transport]:
        for name in ("work2", "read-only"):
            (tmp_path / name).mkdir()
        with daemons.nginx(tmp_path / "work2", tmp_path / "read-only", "partner", PLAIN_PASSWORD, writable=False) as port:
            yield self.make(port)

    def test_the_connection_test_leaves_nothing_behind(self, place: Place) -> None:
        list(place.make().check())
        assert place.received() == {}

    def test_a_file_too_large_for_it_is_permanent_also_when_it_hangs_up_early(self, place: Place) -> None:
        big = bytes(25_000_000)
        error = failure(place.make(), parcel(outgoing("big.bin", big)))
        assert type(error) is PermanentError
        assert "413" in str(error)

    def test_a_large_file_with_a_wrong_password_is_a_matter_of_credentials(self, place: Place) -> None:
        assert type(failure(place.make(password="wrong"), parcel(outgoing("big.bin", bytes(15_000_000))))) is CredentialsError

    def test_post_and_redirect(self, place: Place) -> None:
        [receipt] = deliver(place.make(path="/post", method="POST", body="multipart"), parcel(outgoing("a.xml")))
        assert receipt.proof["files"][0]["status"] == 204  # type: ignore[index]
        error = failure(place.make(path="/moved", method="POST"))
        assert type(error) is PermanentError
        assert "elsewhere.example" in str(error)
