"""HTTP and HTTPS against a server in a thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from demo.partners import certificate, http
from demo.partners.http_requests import Refused, RequestHandler
from pigeon_admin.exceptions import CredentialsError, IdentityError, PermanentError, TemporaryError
from pigeon_admin.transports.base import Transport
from pigeon_admin.transports.http import HttpTransport
from pigeon_admin.transports.http_answers import retry_after
from tests.conformance import (
    BIG,
    PASSWORD,
    Conformance,
    FolderConformance,
    NetworkConformance,
    Place,
    deliver,
    failure,
    outgoing,
    parcel,
)
from tests.servers.misbehaving import Misbehaving, script

USER = "partner"


def transport_to(partner: Any, path: str = "/", **changes: Any) -> HttpTransport:
    host, port = changes.pop("host", partner.host), changes.pop("port", partner.port)
    values = {"url": f"{partner.scheme}://{host}:{port}{path}", "auth": "basic", "username": USER, "password": PASSWORD}
    return HttpTransport(**{**values, "ca_certificates": partner.ca_certificates, "timeout": 10, **changes})


def start(folder: Path, **options: Any) -> Any:
    return http.start(folder, user=USER, password=PASSWORD, **options)


def answering(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> type[RequestHandler]:
    """A handler that reads the file and answers with ``status``."""

    class Answering(RequestHandler):
        def put(self) -> None:
            self.skip_body()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        collect = put

    return Answering


class Recording(RequestHandler):
    """Keeps what it was asked."""

    seen: list[dict[str, str]] = []
    connections: set[Any] = set()

    def answering(self, work: Any) -> None:
        self.seen.append({**dict(self.headers.items()), ":method": self.command, ":path": self.path})
        self.connections.add(self.client_address)
        super().answering(work)


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Any]:
    handler = type("Fresh", (Recording,), {"seen": [], "connections": set()})
    with start(tmp_path / "in-box", handler_class=handler) as partner:
        partner.seen, partner.connections, partner.folder = handler.seen, handler.connections, tmp_path / "in-box"
        yield partner


class HttpConformance(NetworkConformance):
    tls = False
    changes: dict[str, Any] = {}

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        with start(tmp_path / "in-box", tls=self.tls) as partner:
            yield Place(lambda **changes: transport_to(partner, **{**self.changes, **changes}), tmp_path / "in-box", partner.port)

    @pytest.fixture
    def no_rights(self, tmp_path: Path) -> Iterator[Transport]:
        with start(tmp_path / "read-only", tls=self.tls, handler_class=answering(405)) as partner:
            yield transport_to(partner, **self.changes)

    @contextmanager
    def cut(self, place: Place, freeze: bool) -> Iterator[Transport]:
        with self.through_a_line(place, freeze) as transport:
            yield transport


class TestPut(FolderConformance, HttpConformance):
    pass


class TestPutOverTls(FolderConformance, HttpConformance):
    tls = True


class TestPost(HttpConformance):
    changes = {"method": "POST"}


class TestForm(HttpConformance):
    changes = {"method": "POST", "body": "multipart"}

    def test_the_bytes_arrive_as_they_are(self, place: Place) -> None:
        files = [
            outgoing("a/deep.xml", b"line\r\nline\n\x00\xff--"),
            outgoing("empty.xml", b""),
            outgoing("a/big “é🐦”.bin", BIG),
        ]
        assert deliver(place.make(), parcel(*files))[0].error is None
        assert place.received() == {"deep.xml": b"line\r\nline\n\x00\xff--", "empty.xml": b"", "big “é🐦”.bin": BIG}


class TestBearer(Conformance):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        with start(tmp_path, token=PASSWORD.replace("ö", "o")) as partner:
            secrets = (PASSWORD.replace("ö", "o"),)
            yield Place(
                lambda **changes: transport_to(partner, **{"auth": "bearer", "token": secrets[0], **changes}),
                tmp_path,
                partner.port,
                secrets,
            )

    def test_a_wrong_token_is_a_matter_of_credentials(self, place: Place) -> None:
        assert type(failure(place.make(token="wrong"))) is CredentialsError
        assert type(failure(place.make(token="två"))) is CredentialsError


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PermanentError),
        (401, CredentialsError),
        (403, CredentialsError),
        (404, PermanentError),
        (407, CredentialsError),
        (408, TemporaryError),
        (409, PermanentError),
        (410, PermanentError),
        (413, PermanentError),
        (425, TemporaryError),
        (429, TemporaryError),
        (500, TemporaryError),
        (502, TemporaryError),
        (503, TemporaryError),
        (599, TemporaryError),
    ],
)
def test_the_status_decides_what_is_next(tmp_path: Path, status: int, kind: type) -> None:
    with start(tmp_path, handler_class=answering(status, body=b"Because\nI say so.")) as partner:
        error = failure(transport_to(partner))
    assert type(error) is kind
    assert f"answered {status}" in str(error)
    assert "Because I say so." in str(error)
    assert not error.connection_lost


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_redirects_are_not_followed_and_the_message_says_where_they_point(tmp_path: Path, status: int) -> None:
    with (
        start(tmp_path / "other") as other,
        start(tmp_path / "in-box", handler_class=answering(status, {"Location": f"{other.url}x"})) as partner,
    ):
        error = failure(transport_to(partner))
        assert type(error) is PermanentError
        assert f":{other.port}/x" in str(error)
        assert PASSWORD not in str(error)
    assert list((tmp_path / "other").iterdir()) == []


def test_the_server_may_say_when_to_come_back(tmp_path: Path) -> None:
    for value, low, high in (("120", 120, 120), (formatdate(time.time() + 90, usegmt=True), 80, 91)):
        with start(tmp_path, handler_class=answering(503, {"Retry-After": value})) as partner:
            error = failure(transport_to(partner))
        assert error.retry_after is not None
        assert low <= error.retry_after <= high


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        (" 7 ", 7),
        ("99999999999999999999", 7 * 24 * 3600),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0),
    ],
)
def test_retry_after_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=60) == seconds


def test_the_proof_is_what_the_server_answered(tmp_path: Path) -> None:
    handler = answering(201, {"ETag": '"abc"', "Location": "/stories/1"}, "Thank you, é.\n".encode() * 40)
    with start(tmp_path, handler_class=handler) as partner:
        [receipt] = deliver(transport_to(partner), parcel(outgoing("a.xml")))
    [proof] = receipt.proof["files"]  # type: ignore[misc]
    assert proof["status"] == 201
    assert proof["etag"] == '"abc"'
    assert proof["location"] == "/stories/1"
    assert proof["answer"].startswith("Thank you, é. Thank you")
    assert len(proof["answer"]) == 200


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("/in", "PUT", "/in/a/b%20c%20%C3%A9.xml"),
        ("/in/", "PUT", "/in/a/b%20c%20%C3%A9.xml"),
        ("", "PUT", "/a/b%20c%20%C3%A9.xml"),
        ("/in?x=1", "PUT", "/in/a/b%20c%20%C3%A9.xml?x=1"),
        ("/in/{path}", "PUT", "/in/a/b%20c%20%C3%A9.xml"),
        ("/in/{name}?key={key}", "PATCH", "/in/b%20c%20%C3%A9.xml?key=k%2F1"),
        ("/in", "POST", "/in"),
        ("/été/%20x", "POST", "/%C3%A9t%C3%A9/%20x"),
    ],
)
def test_where_the_file_goes(path: str, method: str, expected: str) -> None:
    transport = HttpTransport(f"https://partner.example{path}", method)
    assert transport.target(parcel(outgoing("a/b c é.xml"), key="k/1"), outgoing("a/b c é.xml")) == expected


def test_each_request_says_what_it_carries_and_keeps_its_key_at_every_attempt(recording: Any) -> None:
    same = parcel(outgoing("a.xml"), outgoing("b.jpg", media_type="image/jpeg"))
    for _attempt in range(2):
        deliver(transport_to(recording, headers={"X-Feed": "sports"}), same)
    keys = [request["Idempotency-Key"] for request in recording.seen]
    assert keys[0] != keys[1]
    assert keys[:2] == keys[2:]
    assert [request["Content-Type"] for request in recording.seen[:2]] == ["application/xml", "image/jpeg"]
    assert {request["X-Feed"] for request in recording.seen} == {"sports"}


def test_a_content_type_of_the_destination_wins(recording: Any) -> None:
    deliver(transport_to(recording, headers={"content-type": "application/vnd.newsml"}), parcel(outgoing("a.xml")))
    assert recording.seen[0]["content-type"] == "application/vnd.newsml"


def test_one_connection_serves_many_parcels(recording: Any) -> None:
    deliver(transport_to(recording), *(parcel(outgoing(f"{number}.xml", BIG[: number * 50_000])) for number in range(20)))
    assert len(recording.seen) == 20
    assert len(recording.connections) == 1


def test_posting_twice_collects_once(tmp_path: Path) -> None:
    same = parcel(outgoing("a.xml", b"x"))
    with start(tmp_path) as partner:
        for _attempt in range(2):
            assert deliver(transport_to(partner, method="POST"), same)[0].error is None
    assert [path.name for path in tmp_path.iterdir()] == ["a.xml"]


@pytest.mark.parametrize("headers", [{"X-Feed": "a\r\nX-Evil: b"}, {"X-Feed\r\nX-Evil": "b"}])
def test_headers_cannot_be_smuggled_in(recording: Any, headers: dict[str, str]) -> None:
    assert type(failure(transport_to(recording, headers=headers))) is PermanentError
    assert recording.seen == []


def test_a_certificate_of_nobody_we_know_is_refused_before_the_password_is_sent(tmp_path: Path) -> None:
    stranger, _key = certificate.make()
    with start(tmp_path, tls=True) as partner:
        for ca_certificates in ("", stranger):
            error = failure(transport_to(partner, ca_certificates=ca_certificates))
            assert type(error) is IdentityError
            steps = list(transport_to(partner, ca_certificates=ca_certificates).check())
            assert [step.ok for step in steps] == [True, False]
        assert (
            deliver(transport_to(partner, ca_certificates="", verify_certificate=False), parcel(outgoing("a.xml")))[0].error
            is None
        )


def test_tls_wanted_from_a_server_that_has_none_says_so(tmp_path: Path) -> None:
    with start(tmp_path) as partner:
        partner.scheme = "https"
        error = failure(transport_to(partner))
    assert type(error) is TemporaryError
    assert "TLS" in str(error)


def test_proxies_of_the_environment_take_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with start(tmp_path) as partner:
        assert deliver(transport_to(partner), parcel(outgoing("a.xml")))[0].error is None


def test_a_server_that_repeats_the_password_is_not_quoted_with_it() -> None:
    echo = f"you are {USER} with {PASSWORD}".encode()
    answer = b"HTTP/1.1 401 No\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(echo), echo)
    with Misbehaving(script(answers=lambda line: answer if line == b"\r\n" else b"")) as server:
        transport = HttpTransport(f"http://127.0.0.1:{server.port}/", auth="basic", username=USER, password=PASSWORD, timeout=3)
        error = failure(transport)
        assert type(error) is CredentialsError
        assert f"you are {USER} with ••••" in str(error)
        assert PASSWORD not in f"{error}{error!r}{[*transport.check()]}"


def test_an_endless_answer_is_not_read_to_its_end(tmp_path: Path) -> None:
    class Endless(RequestHandler):
        def put(self) -> None:
            self.skip_body()
            self.send_response(HTTPStatus.OK)
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"blah " * 10_000)
            except OSError:
                raise Refused(HTTPStatus.OK) from None

        def reply(self, *_args: Any) -> None:
            self.close_connection = True

    with start(tmp_path, handler_class=Endless) as partner:
        receipts = deliver(transport_to(partner), parcel(outgoing("a.xml")), parcel(outgoing("b.xml")))
    assert [receipt.error for receipt in receipts] == [None, None]


def test_a_large_form_is_streamed_not_held_in_memory(tmp_path: Path) -> None:
    import hashlib
    import tracemalloc

    size = 60_000_000

    class Zeros:
        """A file of zeros that was never in memory."""

        left = size

        def read(self, count: int) -> bytes:
            block = bytes(min(count, self.left))
            self.left -= len(block)
            return block

        def __enter__(self) -> Zeros:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

    digest = hashlib.sha256()
    for _block in range(60):
        digest.update(bytes(1_000_000))
    with start(tmp_path, handler_class=answering(200)) as partner:
        tracemalloc.start()
        try:
            file = outgoing("zeros.bin", size=size, sha256=digest.hexdigest(), open=Zeros)
            [receipt] = deliver(transport_to(partner, method="POST", body="multipart"), parcel(file))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert receipt.error is None
    assert peak < 10_000_000


def test_the_connection_test_asks_for_the_folder_and_sends_no_file(recording: Any) -> None:
    steps = list(transport_to(recording, "/in/{path}", method="POST").check())
    assert [step.ok for step in steps] == [True, True, True]
    assert [(request[":method"], urlsplit(request[":path"]).path) for request in recording.seen] == [("OPTIONS", "/in/")]
    assert list(recording.folder.iterdir()) == []
