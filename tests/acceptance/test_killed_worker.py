"""A worker that is killed in the middle of an upload: the file is there once, whole, within a minute."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

import pytest
from django.core.files.base import ContentFile
from django_q.models import OrmQ

from demo.partners import ftp
from pigeon_admin.models import Attempt, Delivery, FileDocument, FtpDestination, Package, TaskRun, WorkerHeartbeat
from tests.acceptance.processes import Cluster, cluster, eventually
from tests.factories import make_rule
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)

SIZE = 6_000_000
SLOW, FASTER = 120_000, 3_000_000  # bytes a second, before and after the kill


class Watcher(threading.Thread):
    """Looks at a file as often as it can and remembers every size it saw under its final name."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.sizes = set()
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            try:
                self.sizes.add(self.path.stat().st_size)
            except FileNotFoundError:
                pass
            time.sleep(0.001)


@pytest.fixture
def slow_partner(tmp_path):
    """An FTP server that takes a few seconds for the file."""
    from pyftpdlib.handlers import ThrottledDTPHandler

    throttled = type("Throttled", (ThrottledDTPHandler,), {"read_limit": SLOW, "write_limit": 0})
    server = ftp.start(tmp_path / "partner", dtp_handler=throttled)
    server.throttled = throttled
    yield server
    server.stop()


@pytest.fixture
def big_story(slow_partner):
    destination = FtpDestination.objects.create(
        name="Slow", slug="slow", host="127.0.0.1", port=slow_partner.port, username="partner", password="partner"
    )
    rule = make_rule(destinations=[destination])
    FileDocument.objects.create(rule=rule, file_field="attachment", file_name="big.bin")
    content = os.urandom(SIZE)
    Story.objects.create(title="big", attachment=ContentFile(content, name="big.bin"))
    return content


def wait_for_upload(tmp_path):
    """Until a good part of the file has arrived under its temporary name."""
    folder = tmp_path / "partner"
    eventually(lambda: any(p.stat().st_size > 200_000 for p in folder.glob(".pigeon-*")), 60, "the upload to begin")


def idle():
    """No push but the one that uploads is running or queued; a broker keeps a task until it is done."""
    running = TaskRun.objects.filter(task="push", finished_at=None).count()
    return OrmQ.objects.count() <= 1 and running <= 1


@pytest.mark.parametrize("victim", ["worker", "cluster", "one of two clusters"])
def test_killed_in_the_middle_of_an_upload(victim, tmp_path, big_story, slow_partner):
    final = tmp_path / "partner" / "big.bin"
    watcher = Watcher(final)
    watcher.start()
    with contextlib.ExitStack() as ending, cluster(tmp_path / "cluster.log") as first:

        def start_another():
            ending.callback(Cluster(tmp_path / "second.log").kill)

        wait_for_upload(tmp_path)
        if victim == "one of two clusters":
            # The other has finished its first pushes while the first still lived: nothing wakes it but itself.
            alive = WorkerHeartbeat.objects.count()
            start_another()
            eventually(lambda: WorkerHeartbeat.objects.count() > alive, 60, "the second cluster")
            eventually(idle, 30, "the second cluster to be idle")
        killed_at = time.monotonic()
        if victim == "worker":
            os.kill(int(Delivery.objects.get().lease_owner.split(":")[1]), signal.SIGKILL)
        else:
            first.kill()
        slow_partner.throttled.read_limit = FASTER
        if victim == "cluster":
            start_another()
        eventually(lambda: Delivery.objects.get().state == "sent", 60, "the delivery to be sent")
    took = time.monotonic() - killed_at
    watcher.stopping.set()
    watcher.join()
    assert took < 45
    assert final.read_bytes() == big_story
    assert watcher.sizes <= {SIZE}
    assert list((tmp_path / "partner").glob(".pigeon-*")) == []
    assert sorted(p.name for p in (tmp_path / "partner").iterdir()) == sorted(
        file["name"] for file in Package.objects.get().documents
    )
    assert list(Attempt.objects.order_by("pk").values_list("outcome", flat=True)) == ["interrupted", "sent"]
    interrupted, sent = Attempt.objects.order_by("pk")
    assert interrupted.worker != sent.worker
    print(f"killed {victim}: sent again after {took:.1f} s")
