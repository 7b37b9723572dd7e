"""A file of 200 MB over each protocol: it arrives byte for byte, and the pushing process stays small."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os

import pytest

from pigeon_admin.models import Attempt, Delivery, FileDocument, Package
from tests.acceptance.bad_input import KINDS, destination_at
from tests.acceptance.processes import run_child
from tests.factories import make_folder_destination, make_rule
from tests.newsdesk.models import Story

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

MEGABYTE = 1 << 20
SIZE = 200 * MEGABYTE
GROWTH = 48 * MEGABYTE  # what pushing may add to the process, however big the file is

PUSH = """
import json, re
import asyncssh, urllib3  # what the protocols need is there before we measure
from pathlib import Path
from pigeon_admin.delivery.push import Push

def peak():
    # Of this program alone: getrusage() would also count the process that started it.
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

before = peak()
Push().run()
print(json.dumps({"before": before, "after": peak()}))
"""


def digest_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_a_big_file_over_every_protocol(tmp_path):
    original = tmp_path / "media" / "attachments" / "big.bin"
    original.parent.mkdir(parents=True)
    with original.open("wb") as file:
        for _ in range(SIZE // MEGABYTE):
            file.write(os.urandom(MEGABYTE))
    digest = digest_of(original)
    with contextlib.ExitStack() as stack:
        partners = {kind: stack.enter_context(module.start(tmp_path / kind)) for kind, module in KINDS.items()}
        destinations = [destination_at(partner, name=kind, timeout=30) for kind, partner in partners.items()]
        destinations.append(make_folder_destination(tmp_path / "folder", name="folder"))
        rule = make_rule(destinations=destinations)
        FileDocument.objects.create(rule=rule, file_field="attachment")
        Story.objects.create(title="big", attachment="attachments/big.bin")
        memory = json.loads(run_child(PUSH).stdout)
    assert [each.reason for each in Delivery.objects.exclude(state="sent")] == []
    for kind in (*KINDS, "folder"):
        assert digest_of(tmp_path / kind / "big.bin") == digest
        assert list((tmp_path / kind).glob(".*")) == []
    assert Package.objects.get().size > SIZE
    grown = memory["after"] - memory["before"]
    seconds = {
        each.delivery.destination.name: round((each.finished_at - each.started_at).total_seconds(), 1)
        for each in Attempt.objects.select_related("delivery__destination")
    }
    print(f"200 MB: seconds {seconds}; peak {memory['after'] / MEGABYTE:.0f} MB, {grown / MEGABYTE:.0f} MB of it for pushing")
    assert grown < GROWTH
