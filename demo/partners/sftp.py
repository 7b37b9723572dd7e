"""An SFTP server that shows one folder."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import asyncssh

from demo.partners.partner import Partner


class Login(asyncssh.SSHServer):
    """One account, with a password, a key, or both."""

    def __init__(self, user: str, password: str, keys: tuple[str, ...]) -> None:
        self.user, self.password = user, password
        self.keys = [asyncssh.import_public_key(key) for key in keys]

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return bool(self.password)

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self.user, self.password)

    def public_key_auth_supported(self) -> bool:
        return bool(self.keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self.user and key in self.keys


def load_or_make_host_key(path: Path | None) -> asyncssh.SSHKey:
    """The key kept in the file ``path``, made at the first time, so that a client may pin it."""
    if path is None:
        return asyncssh.generate_private_key("ssh-ed25519")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(path)
    return asyncssh.read_private_key(path)


def start(
    folder: str | Path,
    port: int = 0,
    user: str = "partner",
    password: str = "partner",
    *,
    authorized_keys: tuple[str, ...] = (),
    host_key_file: Path | None = None,
    server_class: type[asyncssh.SFTPServer] = asyncssh.SFTPServer,
) -> Partner:
    """Serve ``folder`` on loopback. ``authorized_keys``: public keys that may log in. The partner's ``host_key`` is one to pin."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    host_key = load_or_make_host_key(host_key_file)
    loop = asyncio.new_event_loop()
    connections: set[Any] = set()

    class TrackedLogin(Login):
        def connection_made(self, conn: Any) -> None:
            self.conn = conn
            connections.add(conn)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.discard(self.conn)

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            port,
            server_factory=lambda: TrackedLogin(user, password, authorized_keys),
            server_host_keys=[host_key],
            sftp_factory=lambda channel: server_class(channel, chroot=str(folder).encode()),
            config=None,
        )

    async def end() -> None:
        listener.close()
        for connection in list(connections):
            connection.abort()
        await listener.wait_closed()
        # Each connection closes its files by itself once it has noticed; only what then still runs is cancelled.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            _done, others = await asyncio.wait(others, timeout=2)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    listener = loop.run_until_complete(listen())
    bound = listener.get_port()
    thread = threading.Thread(target=loop.run_forever, name=f"partner-sftp-{bound}", daemon=True)
    thread.start()

    def stop() -> None:
        if loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

    return Partner("sftp", bound, user, password, stop, host_key=host_key.export_public_key().decode().strip())
