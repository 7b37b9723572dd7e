"""What every protocol over TCP shares: finding and reaching a server, TLS, and saying in plain words what went wrong."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterable

from pigeon_admin.exceptions import ConfigurationError, IdentityError, TemporaryError, TransportError

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def resolve(host: str, port: int) -> str:
    """The addresses of ``host`` as one text; raises TemporaryError when there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise in_words(error, host, port) from None
    return ", ".join(dict.fromkeys(str(address[0]) for *_rest, address in found))


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """A connected socket with ``timeout`` seconds on each operation; raises TemporaryError."""
    try:
        sock = socket.create_connection((host, port), timeout)
    except (OSError, UnicodeError) as error:
        raise in_words(error, host, port) from None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a router forgets an idle control connection
    return sock


def tls_context(verify: bool, ca_certificates: str) -> ssl.SSLContext:
    """TLS as this destination wants it. ``ca_certificates``: PEM, or "" for those of the system."""
    try:
        context = ssl.create_default_context(cadata=ca_certificates or None)
    except ssl.SSLError:
        raise ConfigurationError("The CA certificates of this destination cannot be read: paste them in PEM format.") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def in_words(error: Exception, host: str, port: int, doing: str = "") -> TransportError:
    """The TransportError for a failure below the protocol; the connection is lost with all of them."""
    host = said(host)
    where = f"{host}, port {port}"
    during = f" while {doing}" if doing else ""
    match error:
        case ssl.SSLCertVerificationError():
            return IdentityError(
                f"The certificate of {where} is not trusted: {error.verify_message}. If the partner uses its own authority,"
                " paste its CA certificate; if not, ask the partner before going on.",
                connection_lost=True,
            )
        case socket.gaierror() | UnicodeError():
            text = f"The name “{host}” cannot be found. Check the host for typing errors, and the name service of this machine."
        case TimeoutError():
            text = f"{where} did not answer in time{during}. Check host and port, or allow a longer timeout."
        case ConnectionRefusedError():
            text = f"{where} refuses connections. Check the port, and that the partner's server is running."
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | ConnectionError() | EOFError():
            text = f"{where} closed the connection{during}."
        case ssl.SSLError():
            reason = error.reason or "it did not answer in TLS"
            text = f"No TLS connection with {where}: {reason}. Check the encryption setting and the port."
        case OSError():
            text = f"{where} cannot be reached{during}: {error.strerror or type(error).__name__}."
        case _:
            text = f"{where} does not answer as expected{during} ({type(error).__name__})."
    return TemporaryError(text, connection_lost=True)


def said(text: str, secrets: Iterable[str] = (), limit: int = 200) -> str:
    """A server's own words, fit to be shown: one line, printable, short, without our secrets should it repeat them."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "••••••••")
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:limit]
