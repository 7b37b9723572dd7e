"""What all partner servers have in common once they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import quote


@dataclass
class Partner:
    """A running server. ``url``: with user and password, as ``Destination.from_url`` reads it. Stops at the end of a ``with``."""

    scheme: str
    port: int
    user: str
    password: str
    stopping: Callable[[], None] = field(repr=False)
    ca_certificates: str = field(default="", repr=False)
    host_key: str = ""
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user else ""
        return f"{self.scheme}://{login}{self.host}:{self.port}/"

    def stop(self) -> None:
        """Close every connection, and come back when no thread of the server is left."""
        self.stopping()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
