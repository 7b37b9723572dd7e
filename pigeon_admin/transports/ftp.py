"""FTP and FTP over TLS."""

from __future__ import annotations

import codecs
import ftplib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from pigeon_admin.exceptions import CredentialsError, PermanentError, TemporaryError, TransportError
from pigeon_admin.transports.base import OutgoingFile, Step, Transport
from pigeon_admin.transports.checking import run
from pigeon_admin.transports.connection import connect, in_words, resolve, said
from pigeon_admin.transports.folder import FolderSession
from pigeon_admin.transports.ftp_client import FtpClient
from pigeon_admin.transports.paths import has_control, joined, refuse_control
from pigeon_admin.transports.reading import blocks

LOST = ("421", "425", "426")
LOGIN_REFUSED = ("331", "332", "530", "532")
DISK_FULL = ("452", "552")
NO_SUCH_COMMAND = ("500", "501", "502", "504")


@dataclass(frozen=True)
class FtpTransport(Transport):
    """One FTP account. ``security``: "none", "explicit" or "implicit". ``timeout``: seconds for each answer and each block of data."""

    host: str
    port: int = 21
    username: str = "anonymous"
    password: str = field(default="", repr=False)
    directory: str = ""
    security: str = "none"
    passive: bool = True
    protect_data: bool = True
    reuse_session: bool = True
    verify_certificate: bool = True
    ca_certificates: str = field(default="", repr=False)
    encoding: str = "utf-8"
    timeout: float = 30

    @contextmanager
    def session(self) -> Iterator[FtpSession]:
        session = FtpSession(self)
        with closing(session):
            session.connect()
            session.log_in()
            session.find_root()
            yield session

    def check(self) -> Iterator[Step]:
        session = FtpSession(self)

        def log_in() -> str:
            words = session.log_in()
            session.find_root()
            return words

        with closing(session):
            for step in run(
                (_("Find the server"), lambda: resolve(self.host, self.port)),
                (_("Connect"), session.connect),
                (_("Log in"), log_in),
            ):
                yield step
                if not step.ok:
                    return
            yield from session.check_steps()


class FtpSession(FolderSession):
    """One control connection."""

    size_proof = "size read back with SIZE"

    def __init__(self, transport: FtpTransport) -> None:
        super().__init__()
        self.settings = transport
        self.client = FtpClient(transport)
        self.lost = False
        self.gives_size = True

    def connect(self) -> str:
        """Connect and, where wanted, start TLS; what the server said."""
        settings = self.settings
        refuse_control(settings.username, "user name")
        refuse_control(settings.directory, "directory")
        if has_control(settings.password):
            raise CredentialsError("The password holds a line break or another control character. Enter it again.")
        try:
            codecs.lookup(settings.encoding)
        except LookupError:
            raise PermanentError(f"There is no encoding of names “{settings.encoding}”. Most servers use utf-8.") from None
        sock = connect(settings.host, settings.port, settings.timeout)
        with self.talking("connecting", phase="connect"):
            self.client.greet(sock)
        words = self.said(self.client.welcome or "")
        return f"{words} ({self.client.tls_version})" if self.client.tls_version else words

    def log_in(self) -> str:
        """Log in and set what holds for the whole connection."""
        settings = self.settings
        with self.talking("logging in", phase="login"):
            self.client.login(settings.username, settings.password)
            self.client.protect()
            self.client.voidcmd("TYPE I")
            if settings.encoding.lower().replace("-", "") == "utf8":
                with suppress(ftplib.error_perm):
                    self.client.sendcmd("OPTS UTF8 ON")
        return _("As %s.") % settings.username

    def find_root(self) -> None:
        """Make ``root`` absolute, so that no command depends on a current folder."""
        self.root = self.settings.directory
        if not self.root.startswith("/"):
            with self.talking("asking for the folder"):
                self.root = joined(self.client.pwd() or "/", self.root)

    def put(self, file: OutgoingFile, path: str) -> None:
        with self.talking(f"sending “{file.name}”"):
            self.client.store(path, blocks(file))

    def size_of(self, path: str) -> int | None:
        if not self.gives_size:
            return None
        with self.talking("reading the size back"):
            try:
                return self.client.size(path)
            except ftplib.error_perm as error:
                if str(error)[:3] not in NO_SUCH_COMMAND and not str(error).startswith("550"):
                    raise
                return self.listed_size(path)

    def listed_size(self, path: str) -> int | None:
        """The size from MLST, for a server without SIZE; None if it has neither."""
        with suppress(ftplib.error_perm):
            for fact in self.client.sendcmd(f"MLST {path}").replace("\n", ";").split(";"):
                name, _equals, value = fact.strip().partition("=")
                if name.lower() == "size" and value.isdigit():
                    return int(value)
        self.gives_size = False
        return None

    def replace(self, source: str, target: str) -> str:
        with self.talking(f"renaming to “{target}”"):
            try:
                self.client.rename(source, target)
                return ""
            except ftplib.error_perm as refused:
                try:
                    self.client.delete(target)
                except ftplib.Error:
                    raise refused from None
                self.client.rename(source, target)
                return "the server does not replace on rename: the old file was deleted first"

    def remove(self, path: str) -> None:
        with self.talking(f"deleting “{path}”"):
            self.client.delete(path)

    def make_folder(self, path: str) -> bool:
        with self.talking(f"making the folder “{path}”"):
            try:
                self.client.mkd(path)
                return True
            except (ftplib.error_perm, ftplib.error_temp) as error:
                if str(error)[:3] in LOST:
                    raise
                return False

    def remove_folder(self, path: str) -> None:
        with self.talking(f"removing the folder “{path}”"):
            self.client.rmd(path)

    def has_folder(self, path: str) -> bool:
        with self.talking("looking for the folder"):
            try:
                self.client.cwd(path)
                return True
            except ftplib.error_perm:
                return False

    def close(self) -> None:
        """Say good-bye if there is somebody to hear it, and close."""
        self.client.hang_up(politely=not self.lost)

    def said(self, text: str) -> str:
        return said(text, [self.settings.password])

    @contextmanager
    def talking(self, doing: str, phase: str = "work") -> Iterator[None]:
        """Turn whatever goes wrong inside into a TransportError in plain words."""
        try:
            yield
        except TransportError as error:
            self.lost |= error.connection_lost
            raise
        except (ftplib.error_temp, ftplib.error_perm, ftplib.error_reply) as error:
            mapped = self.refusal(str(error), doing, phase)
            self.lost |= mapped.connection_lost
            raise mapped from None  # the server's raw words could repeat the password
        except UnicodeEncodeError:
            raise PermanentError(
                f"The server's encoding of names, {self.settings.encoding}, cannot write this name ({doing})."
            ) from None
        except (ftplib.Error, OSError, EOFError, ValueError) as error:
            self.lost = True
            raise in_words(error, self.settings.host, self.settings.port, doing) from None

    def refusal(self, reply: str, doing: str, phase: str) -> TransportError:
        """The TransportError for a reply of the server that says no."""
        code, words = reply[:3], f"The server said while {doing}: {self.said(reply)}"
        if phase == "login" and code in LOGIN_REFUSED:
            return CredentialsError(
                "The login was refused. Correct the user name or the password"
                f" (or the encryption setting, if the server asks for it). {words}",
                connection_lost=True,
            )
        if code in DISK_FULL:
            return TemporaryError(f"The partner's disk or quota is full. {words}")
        if code in LOST or code == "530":
            return TemporaryError(f"The server ended the connection. {words}", connection_lost=True)
        if code == "522":
            hint = "It wants data connections encrypted otherwise: tick “encrypt data connections” and “reuse the TLS session”."
            return PermanentError(f"{hint} {words}", connection_lost=True)
        if code.startswith("4"):
            return TemporaryError(f"The server cannot do this now. {words}")
        if phase != "work":
            return PermanentError(
                f"The server does not accept this way of connecting. Check the encryption setting. {words}", connection_lost=True
            )
        return PermanentError(
            f"The server refuses this. Ask the partner for the right to write there, or correct the name. {words}"
        )
