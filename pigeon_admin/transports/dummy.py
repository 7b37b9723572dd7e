"""The transport that sends nothing: it records what it would have sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.utils.translation import gettext as _

from pigeon_admin.transports.base import Parcel, Session, Step, Transport
from pigeon_admin.transports.paths import checked
from pigeon_admin.transports.reading import blocks

RECORDED: deque[tuple[str, Parcel]] = deque(maxlen=1000)  # (destination, parcel), in this process only


@dataclass(frozen=True)
class DummyTransport(Transport):
    """``name``: how the destination is called in ``RECORDED``."""

    name: str = "dummy"

    @contextmanager
    def session(self) -> Iterator[DummySession]:
        yield DummySession(self.name)

    def check(self) -> Iterator[Step]:
        yield Step(_("Nothing to test"), True, _("This destination records what it is given, and sends nothing."))


class DummySession(Session):
    """Reads every file, as a real one would, so that damage shows here too."""

    def __init__(self, name: str) -> None:
        self.name = name

    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """The proof is {"files": [{"name", "size", "sha256", "proof"}]}."""
        files = [
            {
                "name": checked(file.name),
                "size": sum(map(len, blocks(file))),
                "sha256": file.sha256,
                "proof": "recorded, not sent",
            }
            for file in parcel.files
        ]
        RECORDED.append((self.name, parcel))
        return {"files": files}
