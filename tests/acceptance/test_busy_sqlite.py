"""Many threads that save beside a running worker: on SQLite no save may meet "database is locked"."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from pigeon_admin.models import Delivery, Package
from tests.acceptance.processes import cluster, eventually
from tests.factories import make_folder_destination, make_rule
from tests.newsdesk.models import Section, Story, Tag

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, SAVES = 8, 250


@pytest.mark.timeout(300)
def test_two_thousand_saves_from_eight_threads_beside_a_worker(tmp_path):
    section = Section.objects.create(name="Sport", slug="sport")
    tag = Tag.objects.create(name="x")
    make_rule(
        destinations=[make_folder_destination(tmp_path / "partner")],
        conditions=[("section__slug", "equals", "sport"), ("title", "changed")],
    )
    errors = []

    def save(thread):
        try:
            for number in range(SAVES):
                if number % 2:
                    with transaction.atomic():  # as a request of the admin does it
                        story = Story.objects.create(title=f"{thread}/{number}", section=section)
                        story.tags.add(tag)
                else:
                    Story.objects.create(title=f"{thread}/{number}", section=section)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    with cluster(tmp_path / "cluster.log") as running:
        began = time.monotonic()
        threads = [threading.Thread(target=save, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        saved = time.monotonic() - began
        assert errors == []
        assert Package.objects.count() == THREADS * SAVES
        eventually(lambda: not Delivery.objects.exclude(state="sent").exists(), 200, "all to be sent")
        took = time.monotonic() - began
        assert running.process.poll() is None
    assert "locked" not in (tmp_path / "cluster.log").read_text()
    assert len(list((tmp_path / "partner").iterdir())) == THREADS * SAVES
    print(f"{THREADS * SAVES} saves in {saved:.1f} s, all sent after {took:.1f} s")
