"""The standard library's FTP client, with TLS session reuse, implicit TLS, honest ends of transfers and tolerant decoding."""

from __future__ import annotations

import ftplib
import select
import socket
import ssl
from collections.abc import Iterable
from contextlib import closing, suppress
from typing import Protocol

from pigeon_admin.transports.connection import tls_context

GOODBYE = 2.0  # seconds to wait for the answer to QUIT


class FtpSettings(Protocol):
    """What the client needs to know; FtpTransport has it."""

    @property
    def host(self) -> str: ...
    @property
    def security(self) -> str: ...
    @property
    def passive(self) -> bool: ...
    @property
    def protect_data(self) -> bool: ...
    @property
    def reuse_session(self) -> bool: ...
    @property
    def verify_certificate(self) -> bool: ...
    @property
    def ca_certificates(self) -> str: ...
    @property
    def encoding(self) -> str: ...
    @property
    def timeout(self) -> float: ...


class FtpClient(ftplib.FTP):
    """``greet``, ``login``, ``protect``, then ``store``. The passive address the server names is never trusted: ftplib's default."""

    def __init__(self, settings: FtpSettings) -> None:
        super().__init__(timeout=settings.timeout, encoding=settings.encoding)
        self.settings = settings
        self.context = tls_context(settings.verify_certificate, settings.ca_certificates) if settings.security != "none" else None
        self.set_pasv(settings.passive)
        self.protected = False
        self.tls_version: str | None = None

    def greet(self, sock: socket.socket) -> None:
        """Take over a fresh connection: TLS as the settings say, and the server's greeting."""
        self.host = self.settings.host
        self.adopt(sock)
        self.af = sock.family
        if self.settings.security == "implicit":
            self.start_tls()
        self.welcome = self.getresp()
        if self.settings.security == "explicit":
            self.voidcmd("AUTH TLS")
            self.start_tls()

    def adopt(self, sock: socket.socket) -> None:
        self.sock = sock
        # Replies may come in any encoding; a byte that does not fit must not end the delivery.
        self.file = sock.makefile("r", encoding=self.encoding, errors="surrogateescape", newline=None)

    def start_tls(self) -> None:
        secured = self.secured(self.connected())
        self.tls_version = secured.version()
        self.adopt(secured)

    def secured(self, sock: socket.socket, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
        context = self.context or tls_context(self.settings.verify_certificate, self.settings.ca_certificates)
        return context.wrap_socket(sock, server_hostname=self.host, session=session)

    def connected(self) -> socket.socket:
        if self.sock is None:
            raise EOFError
        return self.sock

    def putline(self, line: str) -> None:
        if "\r" in line or "\n" in line or "\0" in line:
            raise ValueError("a line break in an FTP command")
        self.connected().sendall(line.encode(self.encoding, "surrogateescape") + b"\r\n")

    def protect(self) -> None:
        """Encrypt data connections too, or say clearly that we do not."""
        if self.context is not None:
            self.voidcmd("PBSZ 0")
            self.voidcmd("PROT P" if self.settings.protect_data else "PROT C")
            self.protected = self.settings.protect_data

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        conn, size = super().ntransfercmd(cmd, rest)
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.protected:
                # Servers know by the session that the data come from who logged in; many insist on it.
                control = self.sock if self.settings.reuse_session else None
                conn = self.secured(conn, control.session if isinstance(control, ssl.SSLSocket) else None)
        except BaseException:
            conn.close()
            raise
        return conn, size

    def store(self, path: str, data: Iterable[bytes]) -> None:
        """STOR. If ``data`` raises, the server's answer is awaited first, so that the control connection stays usable."""
        path.encode(self.encoding, "surrogateescape")  # before a data connection is opened for nothing
        conn, _size = self.ntransfercmd(f"STOR {path}")
        with closing(conn):
            try:
                for block in data:
                    conn.sendall(block)
            except (OSError, EOFError) as broken:
                # The server closed the data connection: its reason, if any, is on the control connection.
                if not isinstance(broken, TimeoutError):
                    with suppress(TimeoutError):  # a server that never says why has still closed the connection
                        self.voidresp()
                raise
            except Exception:
                finish(conn, self.settings.timeout)
                with suppress(ftplib.error_temp, ftplib.error_perm):
                    self.voidresp()
                raise
            finish(conn, self.settings.timeout)
            self.voidresp()

    def hang_up(self, politely: bool) -> None:
        if politely and self.sock is not None:
            with suppress(OSError, EOFError, ValueError, ftplib.Error):
                self.sock.settimeout(min(GOODBYE, self.settings.timeout))
                self.voidcmd("QUIT")
        self.close()


def finish(conn: socket.socket, timeout: float) -> None:
    """End our side of a data connection, and leave the other side open until the server has answered.

    Closing at once would reset the connection while TLS 1.3 session tickets lie unread, and the server would lose the tail
    of the file; waiting for the server's own TLS close would stall where it never sends one.
    """
    if isinstance(conn, ssl.SSLSocket):
        conn.settimeout(0)
        while True:
            try:
                conn.unwrap()
            except ssl.SSLWantWriteError:
                if not select.select([], [conn], [], timeout)[1]:
                    raise TimeoutError from None
                continue
            except (ssl.SSLError, OSError):
                pass  # our close is on its way, theirs need not come
            break
        conn.settimeout(timeout)
    with suppress(OSError):
        conn.shutdown(socket.SHUT_WR)
