"""A partner whose answers the test writes down."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from pigeon_admin.models.destinations import DummyDestination
from pigeon_admin.transports.base import Session, Transport


def read(file):
    with file.open() as reader:
        return reader.read()


class ScriptedSession(Session):
    """Answers with what the test wrote down; ``None`` delivers."""

    def __init__(self, script, sent):
        self.script = script
        self.sent = sent

    def deliver(self, parcel):
        answer = self.script.pop(0) if self.script else None
        if callable(answer):
            answer = answer(parcel)
        if isinstance(answer, Exception):
            raise answer
        self.sent.append({file.name: read(file) for file in parcel.files})
        return {"scripted": True}


class ScriptedTransport(Transport):
    def __init__(self):
        self.script = []
        self.connect = []
        self.sent = []
        self.connections = 0

    def session(self):
        self.connections += 1
        if self.connect:
            answer = self.connect.pop(0)
            if answer is not None:
                raise answer
        return nullcontext(ScriptedSession(self.script, self.sent))

    def check(self):
        yield from ()


@pytest.fixture
def partner(monkeypatch):
    """The partner that every dummy destination talks to in this test."""
    transport = ScriptedTransport()
    monkeypatch.setattr(DummyDestination, "transport", lambda self: transport)
    return transport
