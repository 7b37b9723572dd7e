"""A push run sends what is due: once, whole, in order, with a record of every attempt."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from pigeon_admin.delivery.control import retry
from pigeon_admin.delivery.push import Push
from pigeon_admin.exceptions import CredentialsError, PermanentError, TemporaryError
from pigeon_admin.models import Attempt, Delivery, DestinationState, Package
from pigeon_admin.tasks.cleaning import clean_export
from tests.factories import make_dummy, make_folder_destination, make_rule, make_template
from tests.newsdesk.models import Photo, Story

pytestmark = pytest.mark.django_db(transaction=True)


def make_due():
    Delivery.objects.waiting().update(due_at=timezone.now())


def states():
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def outcomes():
    return list(Attempt.objects.order_by("pk").values_list("outcome", flat=True))


def test_files_arrive_at_a_real_folder(tmp_path):
    make_rule(destinations=[make_folder_destination(tmp_path / "partner")])
    story = Story.objects.create(title="Élan & co")
    done = Push().run()
    assert (tmp_path / "partner" / f"{story.pk}.xml").read_text() == "<story><title>Élan &amp; co</title></story>"
    assert (done.recorder.sent, states(), outcomes()) == (1, ["sent"], ["sent"])
    attempt = Attempt.objects.get()
    assert attempt.bytes_sent == Package.objects.get().size > 0
    assert attempt.proof
    assert DestinationState.objects.get().last_success_at is not None


def test_one_package_is_rendered_once_for_all_destinations(partner, monkeypatch):
    from pigeon_admin.delivery import building

    built = []
    documents_of = building.documents_of
    monkeypatch.setattr(building, "documents_of", lambda rule, obj: built.append(obj) or documents_of(rule, obj))
    make_rule(destinations=[make_dummy(), make_dummy(), make_dummy()])
    Story.objects.create(title="x")
    Push().run()
    assert (len(built), states()) == (1, ["sent"] * 3)


def test_many_deliveries_share_one_connection(partner):
    make_rule()
    for number in range(20):
        Story.objects.create(title=str(number))
    Push().run()
    assert partner.connections == 1
    assert len(partner.sent) == 20


def test_deliveries_go_out_in_the_order_of_their_saves(partner):
    make_rule()
    keys = [Story.objects.create(title=str(number)).pk for number in range(5)]
    Push().run()
    assert [name for files in partner.sent for name in files] == [f"{key}.xml" for key in keys]


def test_a_temporary_error_is_tried_again_later(partner):
    make_rule()
    Story.objects.create(title="x")
    partner.script = [TemporaryError("The disk of the partner is full.")]
    Push().run()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts_made, delivery.reason) == ("waiting", 1, "The disk of the partner is full.")
    wait = (delivery.due_at - timezone.now()).total_seconds()
    assert 20 < wait < 40
    Push().run()
    assert outcomes() == ["temporary"]  # not due yet
    make_due()
    Push().run()
    assert (states(), outcomes()) == (["sent"], ["temporary", "sent"])


def test_a_partner_that_asks_to_wait_is_obeyed(partner):
    make_rule()
    Story.objects.create(title="x")
    partner.script = [TemporaryError("Too many requests.", retry_after=600)]
    Push().run()
    assert (Delivery.objects.get().due_at - timezone.now()).total_seconds() > 590


def test_a_permanent_error_fails_at_once_and_waits_for_a_person(partner):
    make_rule()
    Story.objects.create(title="x")
    partner.script = [PermanentError("No rights to write here.")]
    Push().run()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("failed", "No rights to write here.")
    assert outcomes() == ["permanent"]


def test_it_gives_up_after_the_last_attempt(partner, settings):
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "MAX_PUSH_ATTEMPTS": 3}
    make_rule()
    Story.objects.create(title="x")
    partner.script = [TemporaryError("no")] * 5
    for _ in range(5):
        make_due()
        Push().run()
    assert (states(), outcomes()) == (["failed"], ["temporary"] * 3)
    assert "Given up" in Delivery.objects.get().reason


def test_one_bad_delivery_does_not_hold_up_the_others(partner):
    make_rule()
    for number in range(3):
        Story.objects.create(title=str(number))
    partner.script = [None, PermanentError("not this one"), None]
    Push().run()
    assert states() == ["sent", "failed", "sent"]
    assert partner.connections == 1


def test_a_lost_connection_is_opened_again_for_the_rest(partner):
    make_rule()
    for number in range(3):
        Story.objects.create(title=str(number))
    partner.script = [TemporaryError("connection reset", connection_lost=True)]
    Push().run()
    assert states() == ["waiting", "sent", "sent"]
    assert partner.connections == 2


def test_an_unreachable_partner_does_not_hold_up_another(partner, tmp_path):
    make_rule(destinations=[make_dummy(), make_folder_destination(tmp_path)])
    Story.objects.create(title="x")
    partner.connect = [TemporaryError("Nobody answers.")]
    Push().run()
    assert sorted(states()) == ["sent", "waiting"]


def test_what_was_not_tried_counts_no_attempt(partner):
    make_rule()
    for number in range(4):
        Story.objects.create(title=str(number))
    partner.script = [TemporaryError("reset", connection_lost=True), TemporaryError("reset", connection_lost=True)]
    Push().run()
    assert list(Delivery.objects.order_by("pk").values_list("attempts_made", flat=True)) == [1, 1, 0, 0]
    assert outcomes() == ["temporary", "temporary"]


def test_a_refused_login_says_so(partner):
    make_rule()
    Story.objects.create(title="x")
    partner.connect = [CredentialsError("The user name or the password is wrong.")]
    Push().run()
    assert (states(), outcomes()) == (["failed"], ["credentials"])
    assert DestinationState.objects.get().last_error == "The user name or the password is wrong."


def test_a_transport_with_a_bug_is_a_temporary_error(partner):
    make_rule()
    Story.objects.create(title="x")

    def buggy(parcel):
        raise ZeroDivisionError("bug")

    partner.script = [buggy]
    Push().run()
    assert outcomes() == ["temporary"]
    assert "bug" in Delivery.objects.get().reason


def test_frozen_files_that_clean_has_removed_are_told_in_words(partner, monkeypatch):
    make_rule()
    Story.objects.create(title="x")
    Push().run()
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(days=40))
    assert clean_export() == 1
    retry(Delivery.objects.all())
    Push().run()
    delivery = Delivery.objects.get()
    assert delivery.state == "failed"
    assert "Write anew and send" in delivery.reason


# --- newer wins --------------------------------------------------------------------------------------------------------------------


def test_a_newer_version_takes_the_place_of_an_older_one(partner):
    make_rule()
    story = Story.objects.create(title="old")
    partner.script = [TemporaryError("not now")]
    Push().run()
    story.title = "new"
    story.save()
    make_due()
    Push().run()
    assert states() == ["superseded", "sent"]
    assert partner.sent == [{f"{story.pk}.xml": b"<story><title>new</title></story>"}]
    old, new = Delivery.objects.order_by("pk")
    assert str(new.pk) in old.reason


def test_an_older_version_never_follows_a_newer_one(partner):
    make_rule()
    story = Story.objects.create(title="old")
    partner.script = [PermanentError("no")]
    Push().run()
    story.title = "new"
    story.save()
    Push().run()
    retry(Delivery.objects.filter(state="failed"))
    Push().run()
    assert states() == ["superseded", "sent"]
    assert len(partner.sent) == 1


def test_two_destinations_do_not_supersede_each_other(partner):
    make_rule(destinations=[make_dummy(), make_dummy()])
    Story.objects.create(title="x")
    Push().run()
    assert states() == ["sent", "sent"]


def test_a_save_while_the_package_is_being_sent_is_not_lost(partner):
    make_rule()
    story = Story.objects.create(title="old")

    def save_meanwhile(parcel):
        story.title = "new"
        story.save()

    partner.script = [save_meanwhile]
    Push().run()
    assert states() == ["sent", "sent"]
    assert [files[f"{story.pk}.xml"] for files in partner.sent] == [
        b"<story><title>old</title></story>",
        b"<story><title>new</title></story>",
    ]


def test_two_runs_never_send_the_same_delivery(partner):
    make_rule()
    for number in range(30):
        Story.objects.create(title=str(number))
    barrier = threading.Barrier(3)

    def run():
        from django.db import connection

        barrier.wait()
        try:
            Push().run()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states() == ["sent"] * 30
    assert len(partner.sent) == 30


# --- building ----------------------------------------------------------------------------------------------------------------------


def test_a_template_that_fails_on_one_object_fails_that_one(partner):
    template = make_template(source="{% if object.words > 5 %}{{ object.titel }}{% endif %}ok")
    make_rule(template=template, destinations=[make_dummy(), make_dummy()])
    Story.objects.create(title="bad", words=9)
    Story.objects.create(title="good", words=1)
    Push().run()
    assert states() == ["failed", "failed", "sent", "sent"]
    assert "titel" in Delivery.objects.order_by("pk").first().reason
    assert set(outcomes()) == {"build", "sent"}


def test_a_failed_build_can_be_tried_again_once_the_template_is_right(partner):
    template = make_template(source="{{ object.titel }}")
    make_rule(template=template)
    Story.objects.create(title="x")
    Push().run()
    template.source = "{{ object.title }}"
    template.save()
    assert retry(Delivery.objects.all()).done == 1
    Push().run()
    assert states() == ["sent"]


def test_an_object_deleted_before_its_push_is_cancelled_with_the_reason(partner):
    make_rule()
    Story.objects.create(title="gone").delete()
    Push().run()
    delivery = Delivery.objects.get()
    assert delivery.state == "cancelled"
    assert "deleted" in delivery.reason


def test_an_object_that_no_longer_matches_is_not_sent(partner):
    make_rule(conditions=[("status", "equals", "published")])
    story = Story.objects.create(title="x", status="published")
    story.status = "draft"
    story.save()
    Push().run()
    delivery = Delivery.objects.get()
    assert (delivery.state, partner.sent) == ("cancelled", [])
    assert "no longer matches" in delivery.reason


def test_a_missing_file_fails_with_the_reason_and_the_next_goes_out(partner):
    make_rule(files=[("photos", "image")])
    broken = Story.objects.create(title="broken")
    Photo.objects.create(story=broken, image="photos/gone.jpg")
    Push().run()
    (delivery,) = Delivery.objects.all()
    assert delivery.state == "failed"
    assert "gone.jpg" in delivery.reason


def test_the_bytes_are_frozen_while_the_template_changes(partner):
    template = make_template(source="one")
    make_rule(template=template)
    Story.objects.create(title="x")
    partner.script = [TemporaryError("later")]
    Push().run()
    template.source = "two"
    template.save()
    make_due()
    Push().run()
    assert list(partner.sent[0].values()) == [b"one"]


# --- dead workers ------------------------------------------------------------------------------------------------------------------


def claim_as_dead(seconds_ago=60):
    from pigeon_admin.delivery.claiming import claim

    claim(Delivery.objects.first().destination_id, "dead:1:x")
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=seconds_ago))


def test_what_a_dead_worker_held_is_taken_up_and_its_attempt_recorded(partner):
    make_rule()
    Story.objects.create(title="x")
    claim_as_dead()
    done = Push().run()
    assert (done.taken_up, states(), outcomes()) == (1, ["sent"], ["interrupted", "sent"])
    assert Attempt.objects.order_by("pk").first().worker == "dead:1:x"


def test_a_run_waits_out_the_lease_of_one_that_may_be_dead(partner, settings):
    make_rule()
    Story.objects.create(title="x")
    claim_as_dead(seconds_ago=-1)  # still a second to go
    Push().run()
    assert (states(), outcomes()) == (["sent"], ["interrupted", "sent"])


def test_a_run_leaves_alone_what_a_living_worker_holds(partner):
    make_rule()
    Story.objects.create(title="x")
    claim_as_dead(seconds_ago=-1)
    alive = threading.Event()

    def beat():
        from django.db import connection

        while not alive.wait(0.2):
            Delivery.objects.filter(lease_owner="dead:1:x").update(lease_until=timezone.now() + timedelta(seconds=20))
        connection.close()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        Push().run()
    finally:
        alive.set()
        thread.join()
    assert states() == ["sending"]


def test_a_delivery_that_kills_every_worker_is_failed_in_the_end(partner, settings):
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "MAX_PUSH_ATTEMPTS": 1}
    make_rule()
    Story.objects.create(title="x")
    claim_as_dead()
    Push().run()
    assert states() == ["failed"]


def test_a_run_that_is_stopped_puts_back_what_it_held(partner):
    make_rule()
    Story.objects.create(title="x")

    def stop(parcel):
        raise SystemExit

    partner.script = [stop]
    with pytest.raises(SystemExit):
        Push().run()
    assert (states(), outcomes()) == (["waiting"], ["interrupted"])
    assert not Delivery.objects.exclude(flight_key=None).exists()


def test_a_run_that_lost_its_lease_does_not_overrule_the_one_that_took_over(partner):
    make_rule()
    Story.objects.create(title="x")

    def lose_the_lease(parcel):
        Delivery.objects.update(lease_owner="other:1:x")

    partner.script = [lose_the_lease]
    Push(seconds=0.5).run()
    assert states() == ["sending"]


def test_a_run_stops_claiming_when_its_time_is_up(partner):
    make_rule()
    Story.objects.create(title="x")
    Push(seconds=0).run()
    assert (states(), partner.sent) == (["waiting"], [])


def test_a_destination_that_was_archived_gets_nothing_more(partner):
    rule = make_rule()
    Story.objects.create(title="x")
    rule.destinations.update(archived_at=timezone.now())
    Push().run()
    assert states() == ["cancelled"]


def test_an_error_is_logged_as_one_when_it_begins_and_not_for_every_row(partner, caplog):
    make_rule()
    for number in range(5):
        Story.objects.create(title=str(number))
    partner.script = [PermanentError("No rights.")] * 5
    with caplog.at_level("INFO", logger="pigeon_admin.delivery"):
        Push().run()
        for number in range(3):
            Story.objects.create(title=f"again {number}")
        partner.script = [PermanentError("No rights.")] * 3
        Push().run()
    assert [record.levelname for record in caplog.records if "No rights" in record.message] == ["ERROR", "INFO"]
