"""What every transport must do: one suite, inherited by the test class of each protocol.

A subclass gives a fixture ``place`` (a ``Place``: a running server or storage, how to make a transport to it, and what has
arrived there). Three suites, by what a protocol can promise: ``Conformance`` for all of them, ``FolderConformance`` for those
that write files under names, ``NetworkConformance`` for those with a server and a login.
"""

from __future__ import annotations

import hashlib
import io
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pigeon_admin.exceptions import CredentialsError, PermanentError, TemporaryError, TransportError
from pigeon_admin.transports.base import OutgoingFile, Parcel, Receipt, Transport
from tests.servers.misbehaving import Line, Misbehaving, close, rubbish, stall

PASSWORD = "pa55-Wörd-nobody-may-see"
BIG = os.urandom(5_000_000)
SHORT = 1.0  # seconds; the timeout of transports that are meant to run into it


@dataclass
class Place:
    """``make(**changes)`` gives a transport; ``folder`` is where its files arrive, ``prefix`` what its names begin with there."""

    make: Callable[..., Transport]
    folder: Path | None = None
    port: int = 0
    secrets: tuple[str, ...] = (PASSWORD,)
    options: dict[str, Any] = field(default_factory=dict)

    def received(self) -> dict[str, bytes]:
        """Visible files by their path in the folder; what is hidden or half-written does not count."""
        assert self.folder is not None
        paths = [path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    def leftovers(self) -> list[str]:
        assert self.folder is not None
        return [path.name for path in self.folder.rglob(".*") if path.is_file()]


def outgoing(name: str, content: bytes = b"<story/>", media_type: str = "application/xml", **changes: Any) -> OutgoingFile:
    values = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "open": lambda: io.BytesIO(content)}
    return OutgoingFile(name=name, media_type=media_type, **{**values, **changes})


def parcel(*files: OutgoingFile, key: str | None = None) -> Parcel:
    return Parcel(key or os.urandom(16).hex(), files, "A story")


def deliver(transport: Transport, *parcels: Parcel) -> list[Receipt]:
    with transport.session() as session:
        return list(session.send(parcels))


def failure(transport: Transport, *parcels: Parcel) -> TransportError:
    """The error of a delivery that must fail, whether at the login or later."""
    try:
        receipts = deliver(transport, *(parcels or (parcel(outgoing("story.xml")),)))
    except TransportError as error:
        return error
    error = receipts[-1].error
    assert error is not None, "it was delivered"
    return error


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


class Conformance:
    """For every transport."""

    def test_delivers_a_file_and_tells_its_size(self, place: Place) -> None:
        [receipt] = deliver(place.make(), parcel(outgoing("story.xml", b"<story>1</story>")))
        assert receipt.error is None
        assert receipt.bytes_sent == 16
        assert receipt.started <= receipt.finished
        [proof] = receipt.proof["files"]  # type: ignore[misc]
        assert proof["name"].endswith("story.xml")
        assert proof["size"] == 16

    def test_delivers_many_parcels_in_one_session(self, place: Place) -> None:
        receipts = deliver(place.make(), *(parcel(outgoing(f"story-{number}.xml", b"x" * number)) for number in range(30)))
        assert [receipt.error for receipt in receipts] == [None] * 30
        assert [receipt.bytes_sent for receipt in receipts] == list(range(30))

    def test_a_session_survives_a_file_that_cannot_be_sent(self, place: Place) -> None:
        damaged = outgoing("damaged.xml", BIG, sha256="0" * 64)
        gone = outgoing("gone.xml", open=Path("/nonexistent/file").open)
        escaping = outgoing("../escaping.xml")
        receipts = deliver(place.make(), *(parcel(file) for file in (damaged, gone, escaping, outgoing("good.xml"))))
        assert [type(receipt.error) for receipt in receipts] == [PermanentError, TemporaryError, PermanentError, type(None)]
        assert not any(receipt.error and receipt.error.connection_lost for receipt in receipts)

    @pytest.mark.parametrize("name", ["a\r\nDELE b.xml", "a\nb", "../a", "/etc/a", "a/../../b", "a//b", "", "a\0b", "..", "a\\b"])
    def test_refuses_names_that_lead_elsewhere(self, place: Place, name: str) -> None:
        error = failure(place.make(), parcel(outgoing(name)))
        assert type(error) is PermanentError
        assert str(error).isprintable()

    def test_the_connection_test_finds_nothing_wrong(self, place: Place) -> None:
        steps = list(place.make().check())
        assert all(step.ok for step in steps), steps
        assert all(step.label for step in steps)

    def test_its_repr_shows_no_secret(self, place: Place) -> None:
        assert not any(secret in repr(place.make()) for secret in place.secrets)


class FolderConformance(Conformance):
    """For transports whose files appear under their names."""

    NAMES = (
        "élan/Ünïcode — “quoted”.xml",
        "photos/🐦 pigeon.jpg",
        "with blanks/a  b.txt",
        "日本/記事.xml",
        "percent%20sign#?.xml",
        "-dash",
    )

    def test_the_bytes_arrive_as_they_are(self, place: Place) -> None:
        files = [outgoing("a/b/c/deep.xml", b"line\r\nline\n\x00\xff"), outgoing("empty.xml", b""), outgoing("a/big.bin", BIG)]
        [receipt] = deliver(place.make(), parcel(*files))
        assert receipt.error is None
        assert place.received() == {"a/b/c/deep.xml": b"line\r\nline\n\x00\xff", "empty.xml": b"", "a/big.bin": BIG}
        assert place.leftovers() == []

    @pytest.mark.parametrize("name", NAMES)
    def test_names_of_all_languages_arrive_as_they_are(self, place: Place, name: str) -> None:
        [receipt] = deliver(place.make(), parcel(outgoing(name, b"x")))
        assert receipt.error is None
        assert place.received() == {name: b"x"}

    def test_a_newer_file_replaces_the_older(self, place: Place) -> None:
        receipts = deliver(
            place.make(), *(parcel(outgoing("in/story.xml", content)) for content in (b"first, and longer", b"second"))
        )
        assert [receipt.error for receipt in receipts] == [None, None]
        assert place.received() == {"in/story.xml": b"second"}

    def test_a_second_attempt_makes_no_second_file(self, place: Place) -> None:
        same = parcel(outgoing("in/story.xml", b"once"))
        for _attempt in range(2):
            assert deliver(place.make(), same)[0].error is None
        assert place.received() == {"in/story.xml": b"once"}

    def test_nobody_ever_sees_half_a_file(self, place: Place) -> None:
        assert place.folder is not None
        path, ending, seen = place.folder / "in" / "big.bin", threading.Event(), set()

        def watch() -> None:
            while not ending.wait(0.0005):
                try:
                    seen.add(path.stat().st_size)
                except FileNotFoundError:
                    seen.add(-1)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            receipts = deliver(
                place.make(), *(parcel(outgoing("in/big.bin", content)) for content in (BIG[:-1], BIG, BIG[:-2], BIG))
            )
        finally:
            ending.set()
            watcher.join()
        assert [receipt.error for receipt in receipts] == [None] * 4
        sizes = {len(BIG) - 2, len(BIG) - 1, len(BIG)}
        assert seen <= sizes | {-1}
        assert seen & sizes

    def test_a_damaged_file_never_appears(self, place: Place) -> None:
        failure(place.make(), parcel(outgoing("damaged.xml", BIG, sha256="0" * 64)))
        assert place.received() == {}

    def test_the_connection_test_leaves_nothing_behind(self, place: Place) -> None:
        assert place.folder is not None
        list(place.make().check())
        assert list(place.folder.rglob("*")) == []


class NetworkConformance(Conformance):
    """For transports with a server and a login."""

    @pytest.fixture
    def no_rights(self, place: Place) -> Transport:
        """A transport to a server where we may not write."""
        raise NotImplementedError

    def cut(self, place: Place, freeze: bool) -> AbstractContextManager[Transport]:
        """A transport whose connection breaks, or stands still, after some 2 MB of a file."""
        return self.through_a_line(place, freeze)

    @contextmanager
    def through_a_line(self, place: Place, freeze: bool) -> Iterator[Transport]:
        with Line(place.port, 2_000_000, freeze) as line:
            yield place.make(port=line.port, timeout=SHORT if freeze else 10)

    def test_a_wrong_password_is_a_matter_of_credentials(self, place: Place) -> None:
        assert isinstance(failure(place.make(password="wrong")), CredentialsError)

    def test_a_closed_port_may_open_later(self, place: Place) -> None:
        error = failure(place.make(port=free_port()))
        assert type(error) is TemporaryError
        assert error.connection_lost
        assert "refuses connections" in str(error)

    def test_an_unknown_host_may_be_known_later(self, place: Place) -> None:
        error = failure(place.make(host="nowhere.invalid"))
        assert type(error) is TemporaryError
        assert error.connection_lost
        assert "nowhere.invalid" in str(error)

    @pytest.mark.parametrize("behaviour", [stall, close, rubbish])
    def test_a_server_that_misbehaves_costs_no_more_than_the_timeout(self, place: Place, behaviour: Any) -> None:
        with Misbehaving(behaviour) as server, within(SHORT * 5):
            error = failure(place.make(port=server.port, timeout=SHORT))
        assert type(error) is TemporaryError
        assert error.connection_lost
        assert str(error).isprintable()

    @pytest.mark.parametrize("freeze", [False, True], ids=["breaks", "stands still"])
    def test_a_connection_that_ends_in_the_middle_of_a_file(self, place: Place, freeze: bool) -> None:
        with self.cut(place, freeze) as transport, within(15):
            receipts = deliver(transport, parcel(outgoing("in/big.bin", BIG)), parcel(outgoing("in/next.xml")))
        assert len(receipts) == 1, receipts  # the rest waits for another session
        error = receipts[0].error
        assert type(error) is TemporaryError
        assert error.connection_lost
        if place.folder is not None:
            assert place.received() == {}
            assert deliver(place.make(), parcel(outgoing("in/big.bin", BIG)))[0].error is None
            assert list(place.received().values()) == [BIG]

    def test_without_the_right_to_write_only_the_partner_can_help(self, no_rights: Transport) -> None:
        error = failure(no_rights)
        assert isinstance(error, PermanentError)
        assert not error.connection_lost

    def test_the_connection_test_stops_at_what_is_wrong(self, place: Place) -> None:
        for changes in ({"password": "wrong"}, {"port": free_port()}, {"host": "nowhere.invalid"}):
            steps = list(place.make(**changes).check())
            assert [step.ok for step in steps] == [True] * (len(steps) - 1) + [False]
            assert steps[-1].detail

    def test_no_secret_is_ever_told(self, place: Place, no_rights: Transport, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG")
        told = []
        with Misbehaving(rubbish) as rude, Misbehaving(close) as silent:
            wrong = [
                {"username": "nobody"},
                {"port": free_port()},
                {"port": rude.port},
                {"port": silent.port},
                {"host": "nowhere.invalid"},
            ]
            for transport in [*(place.make(**change, timeout=SHORT) for change in wrong), no_rights]:
                error = failure(transport)
                told += [str(error), repr(error), *traceback.format_exception(error), repr(transport)]
                told += [f"{step.label} {step.detail}" for step in transport.check()]
        told += [record.getMessage() for record in caplog.records]
        assert not [text for text in told if any(secret in text for secret in place.secrets)]
