"""FTP against a server in a thread: plain, explicit and implicit TLS, passive and active."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from demo.partners import certificate, ftp
from pigeon_admin.exceptions import CredentialsError, IdentityError, PermanentError, TemporaryError
from pigeon_admin.transports.base import Transport
from pigeon_admin.transports.ftp import FtpTransport
from tests.conformance import (
    BIG,
    PASSWORD,
    SHORT,
    FolderConformance,
    NetworkConformance,
    Place,
    deliver,
    failure,
    outgoing,
    parcel,
)
from tests.servers.misbehaving import Misbehaving, script

USER = "partner é"


def transport_to(partner: Any, **changes: Any) -> FtpTransport:
    values = {"host": partner.host, "port": partner.port, "username": USER, "password": PASSWORD, "timeout": 10}
    values |= {"ca_certificates": partner.ca_certificates, "security": {v: k for k, v in ftp.SCHEMES.items()}[partner.scheme]}
    return FtpTransport(**{**values, **changes})


def start(folder: Path, security: str = "none", **options: Any) -> Any:
    return ftp.start(folder, user=USER, password=PASSWORD, security=security, **options)


class TestFtp(FolderConformance, NetworkConformance):
    security = "none"
    changes: dict[str, Any] = {}

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        with start(tmp_path / "in-box", self.security) as partner:
            yield Place(lambda **changes: transport_to(partner, **{**self.changes, **changes}), tmp_path / "in-box", partner.port)

    @pytest.fixture
    def no_rights(self, tmp_path: Path) -> Iterator[Transport]:
        with start(tmp_path / "read-only", self.security, rights=ftp.READ_ONLY) as partner:
            yield transport_to(partner, **self.changes)

    @contextmanager
    def cut(self, place: Place, freeze: bool) -> Iterator[Transport]:
        assert place.folder is not None
        handler = self.standing_still() if freeze else self.breaking_off()
        with start(place.folder, self.security, dtp_handler=handler) as partner:
            yield transport_to(partner, **{**self.changes, "timeout": SHORT if freeze else 10})

    def data_handler(self) -> Any:
        return (ftp.FTPHandler if self.security == "none" else ftp.TLS_FTPHandler).dtp_handler

    def breaking_off(self) -> type:
        class BreakingOff(self.data_handler()):  # type: ignore[misc]
            def handle_read_event(self) -> None:
                super().handle_read_event()
                if self.tot_bytes_received > 2_000_000:
                    self.cmd_channel.close()

        return BreakingOff

    def standing_still(self) -> type:
        class StandingStill(self.data_handler()):  # type: ignore[misc]
            def handle_read_event(self) -> None:
                if self.tot_bytes_received < 2_000_000:
                    super().handle_read_event()
                else:
                    self.modify_ioloop_events(0)

        return StandingStill


class TestActiveFtp(TestFtp):
    changes = {"passive": False}


class TestExplicitTls(TestFtp):
    security = "explicit"


class TestImplicitTls(TestFtp):
    security = "implicit"


class TestActiveTls(TestFtp):
    security = "explicit"
    changes = {"passive": False}


def test_a_certificate_of_nobody_we_know_is_refused_before_the_password_is_sent(tmp_path: Path) -> None:
    stranger, _key = certificate.make()
    with start(tmp_path, "explicit") as partner:
        for ca_certificates in ("", stranger):
            error = failure(transport_to(partner, ca_certificates=ca_certificates))
            assert type(error) is IdentityError
            assert "not trusted" in str(error)
        assert (
            deliver(transport_to(partner, ca_certificates="", verify_certificate=False), parcel(outgoing("a.xml")))[0].error
            is None
        )


def test_plain_data_connections_where_encryption_is_switched_off(tmp_path: Path) -> None:
    with start(tmp_path, "explicit") as partner:
        assert deliver(transport_to(partner, protect_data=False), parcel(outgoing("a.xml", b"x")))[0].error is None
    assert (tmp_path / "a.xml").read_bytes() == b"x"


def test_tls_wanted_from_a_server_that_has_none_names_the_encryption_setting(tmp_path: Path) -> None:
    with start(tmp_path, "none") as partner:
        error = failure(transport_to(partner, security="explicit"))
        assert type(error) is PermanentError
        assert "encryption setting" in str(error)
        error = failure(transport_to(partner, security="implicit", timeout=SHORT))
        assert type(error) is TemporaryError
        assert "encryption setting" in str(error)


def test_a_directory_is_made_where_it_is_missing_and_removed_again_by_the_connection_test(tmp_path: Path) -> None:
    with start(tmp_path) as partner:
        steps = list(transport_to(partner, directory="/deep/er").check())
        assert [step.ok for step in steps] == [True] * len(steps)
        assert "is not there" in steps[3].detail
        assert list(tmp_path.iterdir()) == []
        for directory in ("deep/er", "/deep/er", "/deep/er/"):
            deliver(transport_to(partner, directory=directory), parcel(outgoing("a.xml", b"x")))
            assert (tmp_path / "deep/er/a.xml").read_bytes() == b"x"
            (tmp_path / "deep/er/a.xml").unlink()


def test_a_server_that_does_not_replace_on_rename(tmp_path: Path) -> None:
    class NoReplace(ftp.FTPHandler):  # type: ignore[misc]
        def ftp_RNTO(self, path: str) -> Any:
            if Path(path).exists():
                self.respond("550 File exists.")
                return None
            return super().ftp_RNTO(path)

    folder = tmp_path / "in-box"
    with ftp.start(folder, user=USER, password=PASSWORD, base=NoReplace) as partner:
        receipts = deliver(transport_to(partner), *(parcel(outgoing("a.xml", content)) for content in (b"old", b"new")))
        assert (folder / "a.xml").read_bytes() == b"new"
    notes = [receipt.proof["files"][0].get("note", "") for receipt in receipts]  # type: ignore[index]
    assert notes[0] == ""
    assert "deleted first" in notes[1]


def test_a_directory_in_the_files_place_stays_and_the_temporary_file_goes(tmp_path: Path) -> None:
    (tmp_path / "a.xml").mkdir()
    with start(tmp_path) as partner:
        assert type(failure(transport_to(partner), parcel(outgoing("a.xml")))) is PermanentError
    assert [path.name for path in tmp_path.iterdir()] == ["a.xml"]


def without_commands(*names: str) -> dict[str, Any]:
    known = {name: rules for name, rules in ftp.FTPHandler.proto_cmds.items() if name not in names}
    return {"proto_cmds": known}


def test_without_size_the_size_comes_from_mlst_and_without_both_the_proof_says_so(tmp_path: Path) -> None:
    with start(tmp_path, **without_commands("SIZE")) as partner:
        [receipt] = deliver(transport_to(partner), parcel(outgoing("a.xml", b"12345")))
        assert receipt.proof["files"][0]["size"] == 5  # type: ignore[index]
    with start(tmp_path, **without_commands("SIZE", "MLST")) as partner:
        [receipt] = deliver(transport_to(partner), parcel(outgoing("a.xml", b"12345")))
        assert receipt.error is None
        assert receipt.proof["files"][0]["proof"] == "size not confirmed by server"  # type: ignore[index]


def test_a_file_that_arrived_short_is_deleted_and_tried_again(tmp_path: Path) -> None:
    class Forgetful(ftp.FTPHandler):  # type: ignore[misc]
        def on_file_received(self, file: str) -> None:
            with open(file, "r+b") as stored:
                stored.truncate(3)

    with ftp.start(tmp_path, user=USER, password=PASSWORD, base=Forgetful) as partner:
        error = failure(transport_to(partner), parcel(outgoing("a.xml", b"12345")))
    assert type(error) is TemporaryError
    assert "3 of 5 bytes" in str(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "kind", "lost"),
    [
        ("452 Insufficient storage space.", TemporaryError, False),
        ("552 Quota exceeded.", TemporaryError, False),
        ("450 Busy.", TemporaryError, False),
        ("421 Shutting down.", TemporaryError, True),
        ("425 No data connection.", TemporaryError, True),
        ("426 Aborted.", TemporaryError, True),
        ("550 Permission denied.", PermanentError, False),
        ("553 Name not allowed.", PermanentError, False),
    ],
)
def test_what_the_server_answers_decides_what_is_next(tmp_path: Path, reply: str, kind: type, lost: bool) -> None:
    class Answering(ftp.FTPHandler):  # type: ignore[misc]
        def ftp_STOR(self, file: str, mode: str = "w") -> None:
            self.respond(reply)

    with ftp.start(tmp_path, user=USER, password=PASSWORD, base=Answering) as partner:
        error = failure(transport_to(partner))
    assert type(error) is kind
    assert error.connection_lost is lost
    assert reply in str(error)


def test_a_full_disk_at_the_end_of_a_file_is_said_in_words(tmp_path: Path) -> None:
    class Full(ftp.FTPHandler.dtp_handler):  # type: ignore[misc,name-defined]
        def handle_read_event(self) -> None:
            super().handle_read_event()
            if self.tot_bytes_received > 1_000_000:
                self._resp = ("452 Disk full.", print)
                self.close()

    with start(tmp_path, dtp_handler=Full) as partner:
        error = failure(transport_to(partner), parcel(outgoing("big.bin", BIG)))
    assert type(error) is TemporaryError
    assert "disk or quota is full" in str(error)


def test_a_server_that_repeats_the_password_is_not_quoted_with_it() -> None:
    def answers(line: bytes) -> bytes:
        return b"331 Password?\r\n" if line.startswith(b"USER") else b"530 Wrong: " + line

    with Misbehaving(script(b"220 Hello\r\n", answers=answers)) as server:
        transport = FtpTransport("127.0.0.1", server.port, "someone", PASSWORD, timeout=SHORT)
        error = failure(transport)
        assert type(error) is CredentialsError
        assert PASSWORD not in f"{error}{error!r}{[*transport.check()]}"
        assert "530 Wrong: PASS ••••" in str(error)


def test_a_passive_address_of_another_machine_is_not_followed(tmp_path: Path) -> None:
    with start(tmp_path, masquerade_address="192.0.2.7") as partner:
        assert deliver(transport_to(partner, timeout=3), parcel(outgoing("a.xml")))[0].error is None


def test_replies_that_are_not_in_the_expected_encoding_stop_nothing() -> None:
    with Misbehaving(
        script("220 Grüß Gott\r\n".encode("latin-1"), answers=lambda line: "530 Ungültig\r\n".encode("latin-1"))
    ) as server:
        error = failure(FtpTransport("127.0.0.1", server.port, "x", "y", timeout=SHORT))
    assert type(error) is CredentialsError
    str(error).encode()  # what goes into the database must be writable


def test_a_name_that_the_servers_encoding_cannot_write_is_permanent(tmp_path: Path) -> None:
    with start(tmp_path, encoding="latin-1") as partner:
        transport = transport_to(partner, encoding="latin-1")
        receipts = deliver(transport, parcel(outgoing("🐦.xml")), parcel(outgoing("é.xml", b"x")))
    assert type(receipts[0].error) is PermanentError
    assert receipts[1].error is None
    assert (tmp_path / "é.xml").read_bytes() == b"x"


@pytest.mark.parametrize("field", ["username", "password", "directory"])
def test_no_field_can_smuggle_in_a_command(tmp_path: Path, field: str) -> None:
    with start(tmp_path) as partner:
        error = failure(transport_to(partner, **{field: "x\r\nDELE y"}))
    assert isinstance(error, PermanentError)


def test_session_reuse_is_offered_on_data_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reused = []
    wrap = ssl.SSLContext.wrap_socket

    def watching(context: ssl.SSLContext, *args: Any, **options: Any) -> ssl.SSLSocket:
        reused.append(options.get("session") is not None)
        return wrap(context, *args, **options)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", watching)
    with start(tmp_path, "explicit") as partner:
        deliver(transport_to(partner), parcel(outgoing("a.xml")))
        deliver(transport_to(partner, reuse_session=False), parcel(outgoing("a.xml")))
    assert reused == [False, True, False, False]
