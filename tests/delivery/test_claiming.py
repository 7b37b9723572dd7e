"""What is claimed, settled and put back, so that no save is lost behind it and nobody waits for nothing."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from pigeon_admin.api import push_now
from pigeon_admin.delivery import push as push_module
from pigeon_admin.delivery.claiming import claim
from pigeon_admin.delivery.control import cancel, rebuild
from pigeon_admin.delivery.leases import take_up_dead_work
from pigeon_admin.delivery.push import Push
from pigeon_admin.exceptions import TemporaryError
from pigeon_admin.models import Attempt, Delivery, Package
from pigeon_admin.models.deliveries import DeliveryQuerySet
from tests.delivery.conftest import ScriptedSession
from tests.factories import make_rule
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)


def states():
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def waiting():
    return Delivery.objects.waiting().count()


def test_a_save_after_its_waiting_delivery_was_cancelled_is_sent():
    make_rule()
    story = Story.objects.create(title="x")
    cancel(Delivery.objects.all())
    story.save()
    assert waiting() == 1


def test_a_save_after_send_now_took_the_place_of_a_waiting_package_is_sent(partner):
    rule = make_rule()
    story = Story.objects.create(title="x")
    push_now(rule, [story])
    Push().run()
    assert states() == ["superseded", "sent"]
    story.save()
    assert waiting() == 1


def test_a_save_after_a_waiting_delivery_was_rendered_anew_is_sent(partner):
    make_rule()
    story = Story.objects.create(title="x")
    rebuild(Delivery.objects.all())
    Push().run()
    story.save()
    assert waiting() == 1


def test_a_save_after_its_destination_was_restored_is_sent(partner):
    rule = make_rule()
    story = Story.objects.create(title="x")
    destination = rule.destinations.get()
    destination.archived_at = timezone.now()
    destination.save()
    Push().run()
    assert states() == ["cancelled"]
    destination.archived_at = None
    destination.save()
    story.save()
    assert waiting() == 1


def test_a_run_does_not_turn_in_circles_while_another_holds_the_lane(partner, monkeypatch):
    make_rule()
    story = Story.objects.create(title="x")
    claim(Delivery.objects.get().destination_id, "other:1:x")
    story.save()
    looks = []
    take_up = push_module.take_up_dead_work
    monkeypatch.setattr(push_module, "take_up_dead_work", lambda: looks.append(1) or take_up())
    Push(seconds=1).run()
    assert len(looks) <= 6


def test_what_is_behind_many_busy_lanes_is_sent(partner, settings):
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "CLAIM": 3}
    make_rule()
    stories = [Story.objects.create(title=str(n)) for n in range(3)]
    claim(Delivery.objects.first().destination_id, "other:1:x")
    for story in stories:
        story.save()
    behind = Story.objects.create(title="behind")
    Push(seconds=1).run()
    assert Delivery.objects.get(package__object_pk=str(behind.pk)).state == "sent"


def test_a_long_transaction_of_the_host_does_not_hold_up_other_deliveries(partner):
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time")
    make_rule()
    story = Story.objects.create(title="long")
    Story.objects.create(title="other")

    def run():
        try:
            Push(seconds=1).run()
        finally:
            connection.close()

    with transaction.atomic():
        story.save()
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(timeout=5)
        stuck = thread.is_alive()
    thread.join()
    assert not stuck
    Push().run()
    assert states() == ["sent", "sent"]


def test_a_kill_again_and_again_does_not_fail_those_that_were_claimed_with_the_killer(partner):
    make_rule()
    for n in range(20):
        Story.objects.create(title=str(n))
    destination = Delivery.objects.first().destination_id
    for _ in range(2):
        assert len(claim(destination, "dead:1:x")) == 20
        Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=60))
        take_up_dead_work()
    assert len(set(Delivery.objects.values_list("due_at", flat=True))) > 10


def test_what_could_not_be_recorded_is_recorded_at_the_next_chance(partner, monkeypatch):
    make_rule()
    Story.objects.create(title="x")
    failures = [OperationalError("deadlock")]
    move = DeliveryQuerySet.move

    def shaky(self, to, **also):
        if to == Delivery.State.SENT and failures:
            raise failures.pop()
        return move(self, to, **also)

    monkeypatch.setattr(DeliveryQuerySet, "move", shaky)
    with pytest.raises(OperationalError):
        Push().run()
    assert states() == ["sent"]
    assert len(partner.sent) == 1


def test_what_a_partner_says_is_recorded_though_no_database_takes_it(partner, monkeypatch):
    make_rule()
    for title in "abc":
        Story.objects.create(title=title)
    deliver, said = ScriptedSession.deliver, "rub\x00bish \ud800"
    monkeypatch.setattr(ScriptedSession, "deliver", lambda self, parcel: {**deliver(self, parcel), "answer": [said]})
    partner.script = [TemporaryError(said + "!" * 10_000)]
    Push().run()
    failed, *sent = Attempt.objects.order_by("pk")
    assert failed.error.startswith("rub bish")
    assert len(failed.error) <= 2_000
    assert [attempt.proof["answer"] for attempt in sent] == [["rub bish"]] * 2


@pytest.mark.skipif(connection.vendor != "mysql", reason="only MariaDB hides the rows that stand in the way")
def test_a_save_under_repeatable_read_counts_into_a_package_that_it_cannot_see():
    make_rule()
    story = Story.objects.create(title="old")
    Delivery.objects.all().delete()
    story_pk = story.pk

    def save():
        Story.objects.get(pk=story_pk).save()
        connection.close()

    Package.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    try:
        with transaction.atomic():
            story = Story.objects.get(pk=story_pk)
            assert not Package.objects.exists()
            thread = threading.Thread(target=save)
            thread.start()
            thread.join()
            story.save()
    finally:
        connection.close()
    assert Package.objects.get().revision == 2
    assert waiting() == 1
