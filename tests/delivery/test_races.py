"""A save that races with a claiming worker, or with another save, is never lost: each order of their steps is forced."""

from __future__ import annotations

import itertools
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from pigeon_admin.delivery import push as push_module
from pigeon_admin.delivery.push import Push
from pigeon_admin.models import Delivery, Package
from pigeon_admin.selection import change
from tests.factories import make_folder_destination, make_rule, make_template
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)

BLOCKED = 0.4  # seconds after which a step counts as waiting for a lock of the other side


class Actor(threading.Thread):
    """Runs ``work(self)`` in a thread; the work calls ``pause()`` between its steps and goes on when told to."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work = work
        self.go = threading.Semaphore(0)
        self.arrived = threading.Semaphore(0)
        self.error = None

    def run(self):
        self.go.acquire()
        try:
            self.work(self)
        except BaseException as error:
            self.error = error
        finally:
            connection.close()
            self.arrived.release()

    def pause(self):
        self.arrived.release()
        self.go.acquire()

    def step(self):
        """Let it take one more step, and wait until it has, or is blocked by a lock."""
        self.go.release()
        self.arrived.acquire(timeout=BLOCKED)


def play(order, actors):
    """Let the actors take their steps in the order given, then let all run to their ends."""
    for actor in actors.values():
        actor.start()
    for name in order:
        actors[name].step()
    for actor in actors.values():
        for _ in range(10):
            actor.go.release()
    for actor in actors.values():
        actor.join(timeout=30)
        assert not actor.is_alive()
        if actor.error is not None:
            raise actor.error


def orders(**steps):
    """Every order in which the steps of the actors can follow each other."""
    names = [name for name, count in steps.items() for _ in range(count)]
    return sorted(set(itertools.permutations(names)))


@pytest.fixture
def pausing(monkeypatch):
    """Makes ``coalesce`` and ``build`` pause before they begin, and ``coalesce`` also at its end, in an actor's thread."""
    coalesce, build = change.coalesce, push_module.build

    def paused_coalesce(match):
        actor = threading.current_thread()
        if isinstance(actor, Actor):
            actor.pause()
        result = coalesce(match)
        if isinstance(actor, Actor):
            actor.pause()
        return result

    def paused_build(package, plans):
        actor = threading.current_thread()
        if isinstance(actor, Actor):
            actor.pause()
        return build(package, plans)

    monkeypatch.setattr(change, "coalesce", paused_coalesce)
    monkeypatch.setattr(push_module, "build", paused_build)


def saver(pk, title):
    """Steps: begin and write the row; write the outbox; commit."""

    def work(actor):
        with transaction.atomic():
            story = Story.objects.get(pk=pk)
            story.title = title
            story.save()

    return Actor(work)


def worker():
    """Steps: claim, that is close the package and commit; read the object, build and send."""
    return Actor(lambda actor: Push(seconds=20).run())


def send_the_rest():
    Delivery.objects.waiting().update(due_at=timezone.now())
    Push().run()


@pytest.mark.parametrize("order", orders(saver=3, worker=2), ids="-".join)
def test_a_save_and_a_claim(order, pausing, tmp_path):
    make_rule(destinations=[make_folder_destination(tmp_path / "partner")], template=make_template(source="{{ object.title }}"))
    story = Story.objects.create(title="old")
    play(order, {"saver": saver(story.pk, "new"), "worker": worker()})
    send_the_rest()
    assert (tmp_path / "partner" / f"{story.pk}.xml").read_text() == "new"
    assert not Delivery.objects.exclude(state__in=["sent", "superseded"]).exists()


@pytest.mark.parametrize("order", orders(one=3, two=3), ids="-".join)
def test_two_saves_of_one_object(order, pausing, tmp_path):
    """Neither fails on the unique key, and one waiting delivery stands for both."""
    template = make_template(source="{{ object.title }}")
    story = Story.objects.create(title="old")
    make_rule(destinations=[make_folder_destination(tmp_path / "partner")], template=template)
    play(order, {"one": saver(story.pk, "one"), "two": saver(story.pk, "two")})
    assert Package.objects.get().revision == 2
    send_the_rest()
    story.refresh_from_db()
    assert (tmp_path / "partner" / f"{story.pk}.xml").read_text() == story.title
