"""SFTP against a server in a thread: host keys, passwords, private keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from demo.partners import sftp
from pigeon_admin.exceptions import ConfigurationError, CredentialsError, IdentityError, PermanentError, TemporaryError
from pigeon_admin.transports.base import Transport
from pigeon_admin.transports.host_keys import fetch_host_key, pinned
from pigeon_admin.transports.sftp import SftpTransport
from tests.conformance import PASSWORD, SHORT, FolderConformance, NetworkConformance, Place, deliver, failure, outgoing, parcel
from tests.servers.misbehaving import Misbehaving, stall

PASSPHRASE = "a phrase nobody may see"
KEY = asyncssh.generate_private_key("ssh-ed25519")
PRIVATE = KEY.export_private_key().decode()
PUBLIC = KEY.export_public_key().decode()


def transport_to(partner: Any, **changes: Any) -> SftpTransport:
    values = {"host": partner.host, "port": partner.port, "username": "partner", "password": PASSWORD}
    return SftpTransport(**{**values, "host_key": partner.host_key, "timeout": 10, **changes})


def start(folder: Path, **options: Any) -> Any:
    return sftp.start(folder, password=PASSWORD, **options)


class TestSftp(FolderConformance, NetworkConformance):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        with start(tmp_path / "in-box") as partner:
            yield Place(lambda **changes: transport_to(partner, **changes), tmp_path / "in-box", partner.port)

    @pytest.fixture
    def no_rights(self, tmp_path: Path) -> Iterator[Transport]:
        class ReadOnly(asyncssh.SFTPServer):
            def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
                raise asyncssh.SFTPPermissionDenied("read only")

            def mkdir(self, path: bytes, attrs: Any) -> None:
                raise asyncssh.SFTPPermissionDenied("read only")

        with start(tmp_path / "read-only", server_class=ReadOnly) as partner:
            yield transport_to(partner)


class TestSftpWithKey(TestSftp):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        private = KEY.export_private_key("pkcs8-pem", passphrase=PASSPHRASE).decode()  # opens faster than OpenSSH's own format
        with sftp.start(tmp_path / "in-box", password="", authorized_keys=(PUBLIC,)) as partner:

            def make(**changes: Any) -> SftpTransport:
                if changes.pop("password", None):  # what the suite calls a wrong password is a wrong key here
                    changes["private_key"], changes["passphrase"] = (
                        asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode(),
                        "",
                    )
                return transport_to(partner, **{"password": "", "private_key": private, "passphrase": PASSPHRASE, **changes})

            yield Place(make, tmp_path / "in-box", partner.port, secrets=(PASSPHRASE, *private.splitlines()[1:-1]))


def test_a_server_nobody_has_accepted_gets_no_login_and_tells_its_fingerprint(tmp_path: Path) -> None:
    with start(tmp_path) as partner:
        error = failure(transport_to(partner, host_key=""))
        assert type(error) is IdentityError
        assert pinned(partner.host_key)[0].fingerprint in str(error)
        steps = list(transport_to(partner, host_key="").check())
        assert [step.ok for step in steps] == [True, False]


def test_a_server_with_another_key_gets_no_login_and_both_fingerprints_are_told(tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with start(tmp_path) as partner:
        error = failure(transport_to(partner, host_key=other))
        assert type(error) is IdentityError
        assert error.connection_lost
        assert pinned(partner.host_key)[0].fingerprint in str(error)
        assert pinned(other)[0].fingerprint in str(error)
        assert list(tmp_path.iterdir()) == []


def test_a_server_whose_kind_of_key_changed_is_a_matter_of_identity_too(tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-rsa", key_size=2048).export_public_key().decode()
    with start(tmp_path) as partner:
        assert type(failure(transport_to(partner, host_key=other))) is IdentityError


def test_one_of_several_accepted_keys_is_enough_and_so_is_a_fingerprint(tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with start(tmp_path) as partner:
        fingerprint = pinned(partner.host_key)[0].fingerprint
        for host_key in (f"{other}\n{partner.host_key}\n", fingerprint, f"[127.0.0.1]:22 {partner.host_key}"):
            assert deliver(transport_to(partner, host_key=host_key), parcel(outgoing("a.xml")))[0].error is None


def test_the_key_can_be_fetched_before_any_login(tmp_path: Path) -> None:
    with start(tmp_path) as partner:
        seen = fetch_host_key("127.0.0.1", partner.port, 5)
        assert deliver(transport_to(partner, host_key=seen.line), parcel(outgoing("a.xml")))[0].error is None
    assert seen.algorithm == "ssh-ed25519"
    assert seen.fingerprint == asyncssh.import_public_key(partner.host_key).get_fingerprint()


def test_fetching_the_key_of_a_silent_server_ends_at_the_timeout() -> None:
    with Misbehaving(stall) as server, pytest.raises(TemporaryError):
        fetch_host_key("127.0.0.1", server.port, SHORT)


@pytest.mark.parametrize("text", ["ssh-ed25519 AAAAC3Nza", "ssh-rsa !!!", "hello", "ssh-ed25519"])
def test_a_damaged_host_key_is_refused_in_words(text: str) -> None:
    with pytest.raises(ConfigurationError, match="key"):
        pinned(text)


@pytest.mark.parametrize(
    ("key", "passphrase"), [("no key at all", ""), (KEY.export_private_key(passphrase=PASSPHRASE, rounds=50).decode(), "wrong")]
)
def test_a_private_key_that_does_not_open_is_a_matter_of_credentials(tmp_path: Path, key: str, passphrase: str) -> None:
    with start(tmp_path) as partner:
        assert type(failure(transport_to(partner, private_key=key, passphrase=passphrase))) is CredentialsError


def test_a_key_in_the_format_of_openssh_with_a_passphrase(tmp_path: Path) -> None:
    private = KEY.export_private_key(passphrase=PASSPHRASE, rounds=50).decode()
    with sftp.start(tmp_path, password="", authorized_keys=(PUBLIC,)) as partner:
        transport = transport_to(partner, password="", private_key=private, passphrase=PASSPHRASE)
        assert deliver(transport, parcel(outgoing("a.xml")))[0].error is None


def test_nothing_of_the_machines_own_ssh_set_up_takes_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_text(PRIVATE)
    (home / ".ssh" / "config").write_text("Host *\n  User somebody\n  ProxyCommand /bin/false\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    with sftp.start(tmp_path / "in-box", password=PASSWORD, authorized_keys=(PUBLIC,)) as partner:
        assert deliver(transport_to(partner), parcel(outgoing("a.xml")))[0].error is None
        assert type(failure(transport_to(partner, password=""))) is CredentialsError


def test_a_server_without_posix_rename_still_replaces_and_the_proof_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(asyncssh.sftp.SFTPServerHandler, "_process_posix_rename")
    extensions = asyncssh.sftp.SFTPServerHandler._extensions
    monkeypatch.setattr(
        asyncssh.sftp.SFTPServerHandler, "_extensions", [pair for pair in extensions if b"posix-rename" not in pair[0]]
    )

    class OldRename(asyncssh.SFTPServer):
        def rename(self, oldpath: bytes, newpath: bytes) -> None:
            if Path(self.map_path(newpath).decode()).exists():
                raise asyncssh.SFTPFailure("exists")
            super().rename(oldpath, newpath)

    with start(tmp_path, server_class=OldRename) as partner:
        receipts = deliver(transport_to(partner), *(parcel(outgoing("a.xml", content)) for content in (b"old", b"new")))
    assert [receipt.error for receipt in receipts] == [None, None]
    assert (tmp_path / "a.xml").read_bytes() == b"new"
    assert "deleted first" in receipts[1].proof["files"][0]["note"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("raised", "kind", "lost"),
    [
        (asyncssh.SFTPFailure("failure"), TemporaryError, False),
        (asyncssh.SFTPNoSpaceOnFilesystem("full"), TemporaryError, False),
        (asyncssh.SFTPQuotaExceeded("full"), TemporaryError, False),
        (asyncssh.SFTPConnectionLost("gone"), TemporaryError, True),
        (asyncssh.SFTPOpUnsupported("cannot"), PermanentError, False),
        (asyncssh.SFTPPermissionDenied("no"), PermanentError, False),
    ],
)
def test_what_the_server_answers_decides_what_is_next(tmp_path: Path, raised: Exception, kind: type, lost: bool) -> None:
    class Answering(asyncssh.SFTPServer):
        def write(self, file: Any, offset: int, data: bytes) -> int:
            raise raised

    with start(tmp_path, server_class=Answering) as partner:
        error = failure(transport_to(partner))
    assert type(error) is kind
    assert error.connection_lost is lost


def test_a_file_that_arrived_short_is_deleted_and_tried_again(tmp_path: Path) -> None:
    class Forgetful(asyncssh.SFTPServer):
        def write(self, file: Any, offset: int, data: bytes) -> int:
            super().write(file, offset, data[:3])
            return len(data)

    with start(tmp_path, server_class=Forgetful) as partner:
        error = failure(transport_to(partner), parcel(outgoing("a.xml", b"12345")))
    assert type(error) is TemporaryError
    assert "3 of 5 bytes" in str(error)
    assert list(tmp_path.iterdir()) == []


def test_a_session_can_be_used_by_a_caller_that_runs_an_event_loop_itself(tmp_path: Path) -> None:
    import asyncio

    async def caller(transport: SftpTransport) -> None:
        assert deliver(transport, parcel(outgoing("a.xml")))[0].error is None

    with start(tmp_path) as partner:
        asyncio.run(caller(transport_to(partner)))
