"""What host code may call."""

from __future__ import annotations

import pytest

from pigeon_admin.api import push_now, select
from pigeon_admin.delivery.control import cancel, rebuild, retry
from pigeon_admin.delivery.push import Push
from pigeon_admin.exceptions import PigeonError
from pigeon_admin.models import Delivery, Package, SaveRule
from tests.factories import make_dummy, make_rule
from tests.newsdesk.models import Story, Tag

pytestmark = pytest.mark.django_db(transaction=True)


def states():
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def test_select_judges_what_no_signal_told_of():
    make_rule(conditions=[("status", "equals", "published")])
    Story.objects.bulk_create([Story(title="a", status="published"), Story(title="b")])
    assert Package.objects.count() == 0
    assert select(Story.objects.all()) == 1
    assert [package.object_repr for package in Package.objects.all()] == ["a"]


def test_select_can_judge_as_new():
    make_rule(on_update=False)
    Story.objects.bulk_create([Story(title="a")])
    assert select(Story.objects.all()) == 0
    assert select(Story.objects.all(), created=True) == 1


def test_push_now_sends_whatever_the_conditions_say():
    rule = make_rule(conditions=[("status", "equals", "published")], destinations=[make_dummy(), make_dummy()])
    story = Story.objects.create(title="draft")
    (package,) = push_now(rule.slug, [story])
    assert package.event == "manual"
    Push().run()
    assert states() == ["sent", "sent"]


def test_push_now_to_some_destinations():
    rule = make_rule(destinations=[make_dummy(), make_dummy()], conditions=[("title", "equals", "x")])
    push_now(rule, [Story.objects.create(title="y")], destinations=rule.destinations.all()[:1])
    assert states() == ["waiting"]


def test_push_now_refuses_in_words():
    draft = make_rule(state=SaveRule.State.DRAFT)
    with pytest.raises(PigeonError, match="not live"):
        push_now(draft, [Story.objects.create(title="x")])
    with pytest.raises(PigeonError, match="not about"):
        push_now(make_rule(), [Tag.objects.create(name="x")])


def test_retry_makes_failed_and_sent_ones_due_again_and_says_what_it_could_not():
    make_rule()
    story = Story.objects.create(title="x")
    Push().run()
    story.save()
    Push().run()
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state="superseded")
    counts = retry(Delivery.objects.all())
    assert counts.done == 1
    assert dict(counts.refused) == {"superseded by a newer version": 1}


def test_rebuild_sends_the_object_as_it_is_now():
    make_rule(on_update=False)
    story = Story.objects.create(title="old")
    Push().run()
    story.title = "new"
    story.save()
    assert rebuild(Delivery.objects.all()).done == 1
    Push().run()
    assert Package.objects.first().sha256 != Package.objects.last().sha256


def test_rebuild_of_a_deleted_object_is_refused_in_words():
    make_rule()
    Story.objects.create(title="x").delete()
    assert dict(rebuild(Delivery.objects.all()).refused) == {"the object does not exist any more": 1}


def test_cancel_settles_what_waits_and_leaves_what_was_sent():
    make_rule(destinations=[make_dummy(), make_dummy()])
    Story.objects.create(title="x")
    Push().run()
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state="failed")
    counts = cancel(Delivery.objects.all())
    assert (counts.done, dict(counts.refused)) == (1, {"already sent": 1})
    assert sorted(states()) == ["cancelled", "sent"]


def test_unsaved_objects_are_refused_in_words():
    make_rule()
    with pytest.raises(PigeonError, match="Save it first"):
        select([Story(title="x")])


def test_push_now_names_what_it_does_not_know():
    story = Story.objects.create(title="x")
    with pytest.raises(PigeonError, match="“nowhere”"):
        push_now("nowhere", [story])
    rule, stranger = make_rule(), make_dummy(name="Stranger")
    with pytest.raises(PigeonError, match="“Stranger”"):
        push_now(rule, [story], destinations=[*rule.destinations.all(), stranger])
    assert not Package.objects.filter(event="manual").exists()
