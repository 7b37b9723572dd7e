"""SSH host keys: those accepted, and the one a server shows now."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from dataclasses import dataclass

from pigeon_admin.exceptions import ConfigurationError, IdentityError
from pigeon_admin.transports.base import need
from pigeon_admin.transports.connection import connect, in_words
from pigeon_admin.transports.event_loop import EventLoopThread

# What a server may show us, in the order we ask for it. One RSA key signs under several names; the last is for old servers.
ALGORITHMS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
}


@dataclass(frozen=True)
class HostKey:
    """One public key: ``line`` as it is stored in a destination, ``fingerprint`` as people compare it ("SHA256:...")."""

    algorithm: str
    fingerprint: str
    line: str = ""


def pinned(text: str) -> tuple[HostKey, ...]:
    """The keys in a destination's ``host_key``: public keys, lines of a known_hosts file, or bare SHA256 fingerprints, one a line.

    Raises ConfigurationError for a line that is none of these.
    """
    keys = []
    for line in filter(None, map(str.strip, text.splitlines())):
        words = line.split()
        start = next((number for number, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-", "sk-"))), None)
        if words[0].startswith("SHA256:"):
            keys.append(HostKey("", words[0].rstrip("=")))
        elif start is not None and start + 1 < len(words):
            keys.append(key_of(words[start], words[start + 1]))
        elif not line.startswith("#"):
            raise ConfigurationError(
                "A line of the host key is not an SSH public key. Test the connection, and accept the key shown there."
            )
    return tuple(keys)


def key_of(algorithm: str, encoded: str) -> HostKey:
    """A key from the two words of a public key line."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    # The blob names its algorithm itself; that also tells a cut-off paste from a key.
    if len(blob) < 20 or algorithm.encode() not in blob[4:40]:
        raise ConfigurationError(
            "The host key is damaged: copy the whole line again, or test the connection and accept the key shown there."
        )
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return HostKey(algorithm, f"SHA256:{digest}", f"{algorithm} {encoded}")


def preferred(keys: tuple[HostKey, ...]) -> list[str]:
    """Signature algorithms to ask the server for: those of the pinned keys first, so that it shows such a key if it has one.

    The others follow, so that a server without one is seen to have changed, and not merely to be unreachable.
    """
    kinds = [key.algorithm for key in keys if key.algorithm in ALGORITHMS]
    return list(dict.fromkeys(name for kind in [*kinds, *ALGORITHMS] for name in ALGORITHMS[kind]))


def fetch_host_key(host: str, port: int = 22, timeout: float = 30, expected: tuple[HostKey, ...] = ()) -> HostKey:
    """The key this server shows now, before any login; raises TransportError. Whether it is the right one, a person must say.

    A server may have several keys: it shows one of the kind of those ``expected``, if it can.
    """
    asyncssh = need("asyncssh", "sftp")
    sock = connect(host, port, timeout)
    thread = EventLoopThread("pigeon-host-key")

    async def ask() -> HostKey:
        asking = asyncssh.get_server_host_key(host, port, sock=sock, config=None, server_host_key_algs=preferred(expected))
        key = await asyncio.wait_for(asking, timeout)
        algorithm, encoded = key.export_public_key("openssh").decode().split()[:2]
        return key_of(algorithm, encoded)

    try:
        return thread.run(ask())
    except (OSError, TimeoutError, EOFError, asyncssh.Error, ValueError) as error:
        raise in_words(error, host, port, "asking for its host key") from None
    finally:
        thread.close()
        sock.close()


def refuse_stranger(host: str, seen: HostKey, expected: tuple[HostKey, ...]) -> None:
    """Raise IdentityError unless the key seen is one of those accepted."""
    if seen.fingerprint in {key.fingerprint for key in expected}:
        return
    if not expected:
        raise IdentityError(
            f"The host key of {host} has not been accepted yet. It is {seen.fingerprint} ({seen.algorithm}). Compare it with what the"
            " partner told you, and accept it by testing the connection.",
            connection_lost=True,
        )
    raise IdentityError(
        f"{host} shows another host key than the accepted one. Seen: {seen.fingerprint}. Expected:"
        f" {', '.join(key.fingerprint for key in expected)}. Nothing was sent. Ask the partner whether they changed it; then accept it.",
        connection_lost=True,
    )
