"""An HTTP or HTTPS server that keeps what is sent to it."""

from __future__ import annotations

import socket
import ssl
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from demo.partners import certificate
from demo.partners.http_requests import RequestHandler
from demo.partners.partner import Partner


class Server(ThreadingHTTPServer):
    """Knows its open connections, so that they can be ended: a kept-alive one would wait for ever."""

    daemon_threads = False
    block_on_close = True
    context: ssl.SSLContext | None = None

    def __init__(self, address: tuple[str, int], handler: type[RequestHandler]) -> None:
        super().__init__(address, handler)
        self.open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""

    def end(self) -> None:
        self.shutdown()
        for request in list(self.open):
            try:
                socket.socket.shutdown(request, socket.SHUT_RDWR)  # a TLS socket's own would pull the rug from under its reader
            except OSError:
                pass
        self.server_close()


def start(
    folder: str | Path,
    port: int = 0,
    user: str = "partner",
    password: str = "partner",
    *,
    tls: bool = False,
    token: str = "",
    certificate_file: Path | None = None,
    handler_class: type[RequestHandler] = RequestHandler,
) -> Partner:
    """Serve ``folder`` on loopback. With ``token`` the login is a bearer token; with an empty ``user`` and no token, nobody need log in."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    handler = type(
        "Handler",
        (handler_class,),
        {"folder": Path(folder), "user": user, "password": password, "token": token, "accepted": {}, "tls": None},
    )
    ca_certificates = ""
    if tls:
        ca_certificates, key = certificate.load_or_make(certificate_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with certificate.PairFile(ca_certificates, key) as path:
            context.load_cert_chain(path)
        handler.tls = context  # type: ignore[attr-defined]
    server = Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name=f"partner-http-{server.server_port}", daemon=True)
    thread.start()

    def stop() -> None:
        if thread.is_alive():
            server.end()
            thread.join(10)

    login = ("", "") if token else (user, password)
    return Partner("https" if tls else "http", server.server_port, *login, stop, ca_certificates)
