"""The transport that sends nothing."""

from __future__ import annotations

import pytest

from pigeon_admin.transports.dummy import RECORDED, DummyTransport
from tests.conformance import Conformance, Place, deliver, outgoing, parcel


class TestDummy(Conformance):
    @pytest.fixture
    def place(self) -> Place:
        return Place(lambda **changes: DummyTransport("try-out"))

    def test_it_records_what_it_was_given(self, place: Place) -> None:
        sent = parcel(outgoing("a.xml"))
        [receipt] = deliver(place.make(), sent)
        assert RECORDED[-1] == ("try-out", sent)
        assert receipt.proof["files"][0]["proof"] == "recorded, not sent"  # type: ignore[index]
