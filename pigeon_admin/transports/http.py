"""HTTP and HTTPS: one request a file."""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext as _

from pigeon_admin.exceptions import CredentialsError, PermanentError, TemporaryError, TransportError
from pigeon_admin.transports.base import OutgoingFile, Parcel, Session, Step, Transport, need
from pigeon_admin.transports.checking import run
from pigeon_admin.transports.connection import in_words, resolve, said, tls_context
from pigeon_admin.transports.http_answers import Answer, retry_after, words_of
from pigeon_admin.transports.http_body import multipart, quoted_file_name
from pigeon_admin.transports.paths import checked, has_control
from pigeon_admin.transports.reading import blocks

PLACEHOLDERS = ("path", "name", "key")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
ANSWER_LIMIT = 64 * 1024  # bytes of an answer that we read; the rest of a longer one is not worth its time


@dataclass(frozen=True)
class HttpTransport(Transport):
    """One endpoint. ``url``: may hold {path}, {name}, {key}. ``body``: "raw" or "multipart".

    ``auth``: "none", "basic" or "bearer"; then ``token_header`` carries the token, or Authorization where that is "".
    """

    url: str
    method: str = "PUT"
    body: str = "raw"
    form_field: str = "file"
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    token_header: str = ""
    verify_certificate: bool = True
    ca_certificates: str = field(default="", repr=False)
    timeout: float = 30

    @contextmanager
    def session(self) -> Iterator[HttpSession]:
        session = HttpSession(self)
        try:
            yield session
        finally:
            session.pool.close()

    def check(self) -> Iterator[Step]:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        with self.session() as session:
            yield from run(
                (_("Find the server"), lambda: resolve(host, port)),
                (_("Ask without sending anything"), session.knock),
                (_("What this test cannot know"), lambda: _("Whether the partner accepts a file shows only when one is sent.")),
            )

    def target(self, parcel: Parcel, file: OutgoingFile) -> str:
        """Path and query of the request for one file, percent-encoded."""
        values = {"path": quote(checked(file.name)), "name": quote(file.base_name, safe=""), "key": quote(parcel.key, safe="")}
        parts = urlsplit(self.url)
        pattern = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        if self.method == "PUT" and not PLACEHOLDER.search(pattern):
            path, mark, query = pattern.partition("?")
            pattern = f"{path.rstrip('/')}/{{path}}{mark}{query}"
        filled = PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), pattern)
        return quote(filled, safe="/?&=%:@!$'()*+,;~-._")

    def credentials(self) -> dict[str, str]:
        """The header that lets us in, if any."""
        if self.auth == "basic":
            pair = f"{self.username}:{self.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        if self.auth == "bearer":
            if has_control(self.token) or not self.token.isascii():
                raise CredentialsError("The token holds characters that no HTTP header can carry. Enter it again.")
            return {self.token_header: self.token} if self.token_header else {"Authorization": f"Bearer {self.token}"}
        return {}


class HttpSession(Session):
    """One connection pool: the connection is kept for the next file."""

    def __init__(self, transport: HttpTransport) -> None:
        self.settings = transport
        self.lib = need("urllib3", "http")
        parts = urlsplit(transport.url)
        self.host, self.secure = parts.hostname or "", parts.scheme == "https"
        self.port = parts.port or (443 if self.secure else 80)
        timeout = self.lib.Timeout(connect=transport.timeout, read=transport.timeout)
        # A pool, not a PoolManager: no proxies from the environment, no way to another host.
        if self.secure:
            if not transport.verify_certificate:
                # Whoever ticked that off was told in the form; a warning at every file tells nobody.
                unverified = self.lib.exceptions.InsecureRequestWarning
                warnings.filterwarnings("ignore", f".*host '{re.escape(self.host)}'", category=unverified)
            context = tls_context(transport.verify_certificate, transport.ca_certificates)
            self.pool = self.lib.HTTPSConnectionPool(self.host, self.port, timeout=timeout, maxsize=1, ssl_context=context)
        else:
            self.pool = self.lib.HTTPConnectionPool(self.host, self.port, timeout=timeout, maxsize=1)

    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """One request a file; the proof is {"files": [{"name", "size", "status", "etag"?, "location"?, "answer"}]}."""
        return {"files": [self.send_file(parcel, file, number) for number, file in enumerate(parcel.files)]}

    def send_file(self, parcel: Parcel, file: OutgoingFile, number: int) -> dict[str, object]:
        settings = self.settings
        target = settings.target(parcel, file)
        headers = {"Idempotency-Key": f"{parcel.key}-{number}"}
        content: Iterator[bytes] | None
        if settings.body == "multipart":
            form = multipart(file, settings.form_field, f"pigeon-{parcel.key}-{number}")
            content, length = form.content, form.length
            headers["Content-Type"] = form.media_type
        else:
            content, length = blocks(file), file.size
            headers["Content-Type"] = file.media_type
            if settings.method != "PUT":
                headers["Content-Disposition"] = f"attachment; {quoted_file_name(file.base_name)}"
        headers["Content-Length"] = str(length)
        answer = self.ask(settings.method, target, headers, content)
        if not 200 <= answer.status < 300:
            raise self.refusal(answer)
        proof: dict[str, object] = {
            "name": file.name,
            "size": file.size,
            "status": answer.status,
            "answer": self.said(answer.text),
        }
        for name in ("ETag", "Location"):
            if value := answer.headers.get(name):
                proof[name.lower()] = self.said(value)
        return proof

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: Any = None) -> Answer:
        """One request, no redirect followed; raises TransportError when there is no answer."""
        chosen = {str(name): str(value) for name, value in self.settings.headers.items()}
        ours = {**headers, **self.settings.credentials()}
        if self.settings.body == "raw" and "content-type" in map(str.lower, chosen):
            ours.pop("Content-Type", None)  # the partner may want its own; everything else of ours is not for choosing
        taken = {name.lower() for name in ours}
        headers = {name: value for name, value in chosen.items() if name.lower() not in taken} | ours
        for name, value in headers.items():
            if has_control(name) or has_control(value):
                raise PermanentError(f"The header “{said(name)}” holds a line break or another control character. Correct it.")
        try:
            response = self.pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                text = response.read(ANSWER_LIMIT, decode_content=False).decode("utf-8", "replace")
                if len(text) >= ANSWER_LIMIT:
                    response.close()
            finally:
                response.release_conn()
            return Answer(response.status, response.headers, text)
        except TransportError:
            raise
        except (self.lib.exceptions.HTTPError, OSError, ValueError) as error:
            raise in_words(root_of(error), self.host, self.port, "sending a file" if body else "waiting for an answer") from None

    def knock(self) -> str:
        """A harmless OPTIONS on the address without file; what it tells about TLS, login and server."""
        path = PLACEHOLDER.split(urlsplit(self.settings.url).path or "/")[0].rpartition("/")[0] + "/"
        answer = self.ask(
            "OPTIONS", quote(path, safe="/%:@!$'()*+,;=~-._"), {str(k): str(v) for k, v in self.settings.headers.items()}
        )
        if answer.status in (401, 403, 407) or 300 <= answer.status < 400 or answer.status >= 500:
            raise self.refusal(answer)
        return _("The server answers (%(status)s%(tls)s).") % {"status": answer.status, "tls": ", TLS" if self.secure else ""}

    def said(self, text: str) -> str:
        hidden = [
            self.settings.password,
            self.settings.token,
            self.settings.credentials().get("Authorization", "").partition(" ")[2],
        ]
        return said(text, hidden)

    def refusal(self, answer: Answer) -> TransportError:
        """The TransportError for a status that is no success."""
        status, excerpt = answer.status, self.said(answer.text)
        words = f"{self.host} answered {status} {words_of(status)}".rstrip() + (f": {excerpt}" if excerpt else ".")
        if 300 <= status < 400:
            where = self.said(answer.headers.get("Location", "")) or "an address it does not name"
            return PermanentError(
                f"{words} It points to {where}. Redirects are not followed: put the right address into the destination."
            )
        if status == 403:
            hint = "Correct the user name, password or token, or ask the partner for the right to write there."
            return CredentialsError(f"The login was refused, or has no right to write there. {hint} {words}")
        if status in (401, 407):
            return CredentialsError(f"The login was refused. Correct the user name, password or token. {words}")
        if status in (408, 425, 429) or status >= 500:
            return TemporaryError(
                f"The partner cannot take it now. {words}", retry_after=retry_after(answer.headers.get("Retry-After"))
            )
        if status < 200:
            return TemporaryError(f"The partner did not finish its answer. {words}", connection_lost=True)
        return PermanentError(f"The partner refuses this. {words}")


def root_of(error: BaseException) -> Exception:
    """The cause at the bottom of urllib3's wrapping: an OSError where there is one."""
    seen: list[BaseException] = [error]
    for candidate in seen:
        if isinstance(candidate, OSError):
            return candidate
        nested = [candidate.__cause__, candidate.__context__, getattr(candidate, "reason", None), *candidate.args]
        seen.extend(item for item in nested if isinstance(item, BaseException) and item not in seen)
    name = type(error).__name__
    if "Timeout" in name:
        return TimeoutError()
    return ConnectionError() if "Protocol" in name or "Disconnected" in name else ValueError(name)
