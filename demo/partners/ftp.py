"""An FTP server: plain, or with explicit or implicit TLS."""

from __future__ import annotations

import logging
import socket
import threading
import warnings
from pathlib import Path
from typing import Any

from demo.partners import certificate
from demo.partners.partner import Partner

with warnings.catch_warnings():
    # It brings its own copies of modules that Python has dropped, and Python warns of these.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

ALL_RIGHTS = "elradfmwMT"
READ_ONLY = "elr"
SCHEMES = {"none": "ftp", "explicit": "ftpes", "implicit": "ftps"}

# Without a handler of its own it would write to standard error.
logging.getLogger("pyftpdlib").addHandler(logging.NullHandler())
logging.getLogger("pyftpdlib").propagate = False


class ImplicitTlsHandler(TLS_FTPHandler):
    """TLS from the first byte on."""

    def __init__(self, conn: socket.socket, server: Any, ioloop: Any = None) -> None:
        super().__init__(conn, server, ioloop)
        if self.connected:
            self.secure_connection(self.ssl_context)


def start(
    folder: str | Path,
    port: int = 0,
    user: str = "partner",
    password: str = "partner",
    *,
    security: str = "none",
    rights: str = ALL_RIGHTS,
    base: type | None = None,
    certificate_file: Path | None = None,
    **handler_options: Any,
) -> Partner:
    """Serve ``folder`` on loopback. ``security``: "none", "explicit" or "implicit".

    ``base``, ``handler_options``: a handler class of pyftpdlib, and its attributes.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    authorizer = DummyAuthorizer()
    authorizer.add_user(user, password, str(folder), perm=rights)
    options: dict[str, Any] = {
        "authorizer": authorizer,
        "banner": "A partner of the demo.",
        "auth_failed_timeout": 0.1,
        **handler_options,
    }
    base = base or {"none": FTPHandler, "explicit": TLS_FTPHandler, "implicit": ImplicitTlsHandler}[security]
    ca_certificates = ""
    if security != "none":
        ca_certificates, key = certificate.load_or_make(certificate_file)
        options |= {"tls_control_required": security == "explicit", "ssl_context": None}
        handler = type("Handler", (base,), options)
        with certificate.PairFile(ca_certificates, key) as path:
            handler.certfile = path
            handler.get_ssl_context()
    else:
        handler = type("Handler", (base,), options)
    loop = IOLoop()
    server = FTPServer(("127.0.0.1", port), handler, ioloop=loop)
    bound = server.socket.getsockname()[1]
    ending = threading.Event()

    def serve() -> None:
        next_call: float | None = None
        while not ending.is_set():
            next_call = loop.loop(timeout=5 if next_call is None else min(5, next_call), blocking=False)
        server.close_all()

    thread = threading.Thread(target=serve, name=f"partner-ftp-{bound}", daemon=True)
    thread.start()

    def stop() -> None:
        ending.set()
        try:
            socket.create_connection(("127.0.0.1", bound), 1).close()  # wakes the loop
        except OSError:
            pass
        thread.join(10)

    return Partner(SCHEMES[security], bound, user, password, stop, ca_certificates)
