"""SFTP over SSH, to servers whose host key is pinned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from pigeon_admin.exceptions import CredentialsError, IdentityError, PermanentError, TemporaryError, TransportError
from pigeon_admin.transports.base import OutgoingFile, Step, Transport, need
from pigeon_admin.transports.checking import run
from pigeon_admin.transports.connection import connect, in_words, resolve, said
from pigeon_admin.transports.event_loop import EventLoopThread
from pigeon_admin.transports.folder import FolderSession
from pigeon_admin.transports.host_keys import HostKey, fetch_host_key, key_of, pinned, preferred, refuse_stranger
from pigeon_admin.transports.paths import joined
from pigeon_admin.transports.reading import blocks
from pigeon_admin.transports.sftp_codes import ENDED, PERMISSION_DENIED, refusal

T = TypeVar("T")
BLOCK = 32 * 1024  # what every server takes
IN_FLIGHT = 128  # blocks sent ahead of the server's answers: 4 MB, a fast line across an ocean


@dataclass(frozen=True)
class SftpTransport(Transport):
    """One SFTP account. ``host_key``: public keys, or SHA256 fingerprints, one a line; without one no login is tried."""

    host: str
    port: int = 22
    username: str = ""
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    directory: str = ""
    host_key: str = ""
    timeout: float = 30

    @contextmanager
    def session(self) -> Iterator[SftpSession]:
        session = SftpSession(self)
        with closing(session):
            session.log_in()
            yield session

    def fetch_host_key(self) -> HostKey:
        """The key the server shows now, for a person to accept; raises TransportError."""
        return fetch_host_key(self.host, self.port, self.timeout, pinned(self.host_key))

    def check(self) -> Iterator[Step]:
        def host_key() -> str:
            expected = pinned(self.host_key)
            seen = self.fetch_host_key()
            refuse_stranger(self.host, seen, expected)
            return _("It is the accepted one, %s.") % seen.fingerprint

        session = SftpSession(self)
        with closing(session):
            for step in run(
                (_("Find the server"), lambda: resolve(self.host, self.port)),
                (_("Host key"), host_key),
                (_("Log in"), session.log_in),
            ):
                yield step
                if not step.ok:
                    return
            yield from session.check_steps()


class SftpSession(FolderSession):
    """One SSH connection with one SFTP channel."""

    def __init__(self, transport: SftpTransport) -> None:
        super().__init__()
        self.settings = transport
        self.lib = need("asyncssh", "sftp")
        self.thread = EventLoopThread("pigeon-sftp")
        self.connection: Any = None
        self.sftp: Any = None
        self.refused: IdentityError | None = None

    def log_in(self) -> str:
        """Connect, verify the host key, log in and find the folder."""
        keys = self.client_keys()
        expected = pinned(self.settings.host_key)
        if not expected:
            refuse_stranger(self.settings.host, self.settings.fetch_host_key(), expected)
        sock = connect(self.settings.host, self.settings.port, self.settings.timeout)
        with self.talking("logging in"):
            try:
                self.thread.run(self.open(sock, keys, expected))
            except BaseException:
                sock.close()
                raise
        return _("As %s.") % self.settings.username

    def client_keys(self) -> list[Any]:
        if not self.settings.private_key:
            return []
        try:
            return [self.lib.import_private_key(self.settings.private_key, self.settings.passphrase or None)]
        except (self.lib.KeyImportError, self.lib.KeyEncryptionError, ValueError):
            raise CredentialsError(
                "The private key cannot be opened. Paste the whole key again, and check its passphrase."
            ) from None

    async def open(self, sock: Any, keys: list[Any], expected: tuple[HostKey, ...]) -> None:
        settings, session = self.settings, self

        class Client(self.lib.SSHClient):  # type: ignore[misc,name-defined]
            def validate_host_public_key(self, host: str, addr: str, port: int, key: Any) -> bool:
                try:
                    refuse_stranger(settings.host, key_of(*key.export_public_key("openssh").decode().split()[:2]), expected)
                except IdentityError as error:
                    session.refused = error
                    return False
                return True

        # Nothing of this machine's own SSH set-up takes part: no config file, agent, default keys or known_hosts.
        self.connection, _client = await asyncio.wait_for(
            self.lib.create_connection(
                Client,
                settings.host,
                settings.port,
                sock=sock,
                config=None,
                known_hosts=([], [], []),
                server_host_key_algs=preferred(expected),
                username=settings.username,
                password=settings.password or None,
                client_keys=keys or None,
                agent_path=None,
                gss_host=None,
                x509_trusted_certs=None,
                connect_timeout=settings.timeout,
                login_timeout=settings.timeout,
            ),
            settings.timeout * 2,
        )
        self.sftp = await asyncio.wait_for(self.connection.start_sftp_client(), settings.timeout)
        self.root = settings.directory
        if not self.root.startswith("/"):
            self.root = joined(await asyncio.wait_for(self.sftp.realpath("."), settings.timeout), self.root)

    def call(self, method: Callable[..., Awaitable[T]], *args: Any) -> T:
        """One request and its answer, within the timeout."""

        async def answered() -> T:
            return await asyncio.wait_for(_awaited(method(*args)), self.settings.timeout)

        return self.thread.run(answered())

    def put(self, file: OutgoingFile, path: str) -> None:
        with self.talking(f"sending “{file.name}”"):
            self.thread.run(self.write(file, path))

    async def write(self, file: OutgoingFile, path: str) -> None:
        """Write with many blocks on their way at once: time goes by the bandwidth, not by the distance."""
        target = await asyncio.wait_for(_awaited(self.sftp.open(path, "wb", block_size=None)), self.settings.timeout)
        flying: set[asyncio.Task[int]] = set()
        answering = True
        try:
            offset = 0
            for block in blocks(file, BLOCK):
                flying.add(asyncio.ensure_future(target.write(block, offset)))
                offset += len(block)
                while len(flying) >= IN_FLIGHT:
                    flying = await self.landed(flying)
            while flying:
                flying = await self.landed(flying)
        except TimeoutError:
            answering = False
            raise
        finally:
            for task in flying:
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)
            if answering:
                await asyncio.wait_for(target.close(), self.settings.timeout)

    async def landed(self, flying: set[asyncio.Task[int]]) -> set[asyncio.Task[int]]:
        """Wait until the server has answered at least one block; those still flying."""
        done, rest = await asyncio.wait(flying, timeout=self.settings.timeout, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise TimeoutError
        for task in done:
            task.result()
        return rest

    def size_of(self, path: str) -> int | None:
        with self.talking("reading the size back"):
            attributes = self.call(self.sftp.stat, path)
            return None if attributes.size is None else int(attributes.size)

    def replace(self, source: str, target: str) -> str:
        with self.talking(f"renaming to “{target}”"):
            try:
                self.call(self.sftp.posix_rename, source, target)
                return ""
            except self.lib.SFTPError as error:
                if error.code in ENDED or error.code == PERMISSION_DENIED:
                    raise
            try:
                self.call(self.sftp.rename, source, target)
                return ""
            except self.lib.SFTPError as refused:
                try:
                    self.call(self.sftp.remove, target)
                except self.lib.SFTPError:
                    raise refused from None
                self.call(self.sftp.rename, source, target)
                return "the server does not replace on rename: the old file was deleted first"

    def remove(self, path: str) -> None:
        with self.talking(f"deleting “{path}”"):
            self.call(self.sftp.remove, path)

    def make_folder(self, path: str) -> bool:
        with self.talking(f"making the folder “{path}”"):
            try:
                self.call(self.sftp.mkdir, path)
                return True
            except self.lib.SFTPError as error:
                if error.code in ENDED:
                    raise
                return False

    def remove_folder(self, path: str) -> None:
        with self.talking(f"removing the folder “{path}”"):
            self.call(self.sftp.rmdir, path)

    def has_folder(self, path: str) -> bool:
        with self.talking("looking for the folder"):
            return bool(self.call(self.sftp.isdir, path))

    def close(self) -> None:
        """Close the connection without waiting for the server, and end the thread."""
        if self.connection is not None and not self.thread.loop.is_closed():
            self.thread.loop.call_soon_threadsafe(self.connection.abort)
        self.thread.close()

    @contextmanager
    def talking(self, doing: str) -> Iterator[None]:
        """Turn whatever goes wrong inside into a TransportError in plain words."""
        lib, settings = self.lib, self.settings
        try:
            yield
        except TransportError:
            raise
        except lib.SFTPError as error:
            words = said(str(error.reason), self.secrets)
            raise refusal(error.code, f"The server said while {doing}: {words}") from None
        except lib.HostKeyNotVerifiable:
            raise self.refused or IdentityError(
                f"The host key of {settings.host} could not be verified.", connection_lost=True
            ) from None
        except lib.PermissionDenied:
            raise self.login_refused() from None
        except lib.KeyExchangeFailed:
            raise TemporaryError(f"{settings.host} and we have no common way to encrypt.", connection_lost=True) from None
        except lib.Error as error:
            if "authentication" in str(error.reason).lower():
                raise self.login_refused() from None
            words = said(str(error.reason), self.secrets)
            raise TemporaryError(
                f"The SSH connection with {settings.host} ended while {doing}: {words}", connection_lost=True
            ) from None
        except (OSError, EOFError, ValueError, asyncio.CancelledError) as error:
            if isinstance(error, UnicodeEncodeError):
                raise PermanentError(f"The server cannot write this name ({doing}).") from None
            raise in_words(error if isinstance(error, Exception) else EOFError(), settings.host, settings.port, doing) from None

    @property
    def secrets(self) -> list[str]:
        return [self.settings.password, self.settings.passphrase]

    def login_refused(self) -> CredentialsError:
        means = " and ".join(
            filter(None, [self.settings.private_key and "the private key", self.settings.password and "the password"])
        )
        return CredentialsError(
            f"{self.settings.host} refuses the login of “{self.settings.username}” with {means or 'neither password nor key'}."
            " Correct the user name, the password or the key.",
            connection_lost=True,
        )


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable
