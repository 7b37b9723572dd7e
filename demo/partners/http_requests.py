"""How the HTTP partner answers one request."""

from __future__ import annotations

import base64
import errno
import hashlib
import hmac
import json
import os
import re
import ssl
import tempfile
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

BLOCK = 64 * 1024
FORM_LIMIT = 300_000_000


class Refused(Exception):
    """A request that ends with an error status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class RequestHandler(BaseHTTPRequestHandler):
    """PUT writes the path; POST and PATCH collect files into the folder of the path, once for each Idempotency-Key."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    folder: Path
    user: str
    password: str
    token: str
    accepted: dict[str, str]
    tls: ssl.SSLContext | None

    def setup(self) -> None:
        if self.tls is not None:
            # Here, in the connection's own thread: a client that is slow to greet must not hold up the others.
            self.request.settimeout(10)
            open_connections = self.server.open  # type: ignore[attr-defined]
            open_connections.discard(self.request)
            self.request = self.tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            open_connections.add(self.request)
            try:
                self.request.do_handshake()
            except OSError:
                self.hang_up()
                raise
        super().setup()

    def finish(self) -> None:
        super().finish()
        if self.tls is not None:
            self.hang_up()

    def hang_up(self) -> None:
        self.server.open.discard(self.request)  # type: ignore[attr-defined]
        self.request.close()

    def do_PUT(self) -> None:
        self.answering(self.put)

    def do_POST(self) -> None:
        self.answering(self.collect)

    do_PATCH = do_POST

    def do_GET(self) -> None:
        self.answering(self.show)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        self.answering(self.delete)

    def do_OPTIONS(self) -> None:
        self.answering(lambda: self.reply(HTTPStatus.NO_CONTENT, {"Allow": "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS"}))

    def answering(self, work: object) -> None:
        """Check the login, do the work, and turn a refusal into its status."""
        try:
            if not self.logged_in():
                raise Refused(HTTPStatus.UNAUTHORIZED)
            work()  # type: ignore[operator]
        except Refused as refused:
            # The body may not have been read; the next request could not be told from it.
            self.close_connection = True
            self.reply(refused.status, {"WWW-Authenticate": "Basic"} if refused.status == HTTPStatus.UNAUTHORIZED else {})

    def logged_in(self) -> bool:
        if self.token:
            wanted = f"Bearer {self.token}"
        elif self.user:
            wanted = f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"
        else:
            return True
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), wanted.encode())

    def place(self, *more: str) -> Path:
        """Where the path of the URL leads in our folder."""
        parts = [part for part in unquote(urlsplit(self.path).path).split("/") if part] + list(more)
        if any(part in (".", "..") or "\0" in part or "/" in part for part in parts):
            raise Refused(HTTPStatus.BAD_REQUEST)
        return self.folder.joinpath(*parts)

    def put(self) -> None:
        target = self.place()
        if target.is_dir():
            raise Refused(HTTPStatus.CONFLICT)
        new = not target.exists()
        digest = self.write(target)
        self.reply(HTTPStatus.CREATED if new else HTTPStatus.NO_CONTENT, {"ETag": f'"{digest[:32]}"'})

    def collect(self) -> None:
        key = self.headers.get("Idempotency-Key", "")
        if key and key in self.accepted:
            self.skip_body()
            self.reply(HTTPStatus.OK, {"Location": self.accepted[key]}, b"already here\n")
            return
        if self.headers.get_content_type() == "multipart/form-data":
            names = self.collect_form()
        else:
            given = self.headers.get_filename() or "posted"
            names = [Path(given).name]
            self.write(self.place(names[0]))
        location = "/".join([urlsplit(self.path).path.rstrip("/"), quote(names[0]) if names else ""])
        if key:
            self.accepted[key] = location
        self.reply(HTTPStatus.CREATED, {"Location": location}, b"thank you\n")

    def collect_form(self) -> list[str]:
        length = self.length()
        if length > FORM_LIMIT:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(length)
        if len(body) < length:
            raise Refused(HTTPStatus.BAD_REQUEST)
        boundary = self.headers.get_param("boundary")
        if not isinstance(boundary, str):
            raise Refused(HTTPStatus.BAD_REQUEST)
        names = []
        for part in body.split(f"--{boundary}".encode())[1:-1]:
            head, _blank, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            # The e-mail parser decodes nothing here: forms carry their bytes as they are.
            disposition = BytesParser(policy=HTTP).parsebytes(head + b"\r\n\r\n")["Content-Disposition"]
            name = re.search(r'filename="([^"]*)"', head.decode("utf-8", "replace"))
            if disposition is None or name is None:
                continue
            names.append(Path(unquote(name[1].replace("%22", '"'))).name)
            self.write(self.place(names[-1]), content.removesuffix(b"\r\n"))
        return names

    def show(self) -> None:
        target = self.place()
        if target.is_dir():
            names = sorted(path.name + "/" * path.is_dir() for path in target.iterdir() if not path.name.startswith("."))
            self.reply(HTTPStatus.OK, {"Content-Type": "application/json"}, json.dumps(names).encode())
        elif target.is_file():
            self.reply(HTTPStatus.OK, {"Content-Type": "application/octet-stream"}, target.read_bytes())
        else:
            raise Refused(HTTPStatus.NOT_FOUND)

    def delete(self) -> None:
        try:
            self.place().unlink()
        except OSError:
            raise Refused(HTTPStatus.NOT_FOUND) from None
        self.reply(HTTPStatus.NO_CONTENT)

    def length(self) -> int:
        text = self.headers.get("Content-Length", "")
        if not text.isdecimal():
            raise Refused(HTTPStatus.LENGTH_REQUIRED)
        return int(text)

    def skip_body(self) -> None:
        left = self.length()
        while left and (block := self.rfile.read(min(BLOCK, left))):
            left -= len(block)

    def write(self, target: Path, content: bytes | None = None) -> str:
        """Write the body (or ``content``) beside the target, then put it in its place at once; the SHA-256 as hex."""
        digest = hashlib.sha256()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
        except OSError:
            raise Refused(HTTPStatus.FORBIDDEN) from None
        try:
            with os.fdopen(handle, "wb") as file:
                left = self.length() if content is None else 0
                if content is not None:
                    digest.update(content)
                    file.write(content)
                while left:
                    block = self.rfile.read(min(BLOCK, left))
                    if not block:
                        raise Refused(HTTPStatus.BAD_REQUEST)
                    digest.update(block)
                    file.write(block)
                    left -= len(block)
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)
        except BaseException as error:
            os.unlink(temporary)
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Refused(HTTPStatus.INSUFFICIENT_STORAGE) from None
            raise
        return digest.hexdigest()

    def reply(self, status: HTTPStatus, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the demo has its own words."""
