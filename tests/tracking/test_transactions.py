"""One change per object and transaction, whatever becomes of its savepoints, and rules that live and die with theirs."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest
from django.db import connection, transaction
from django.db.models.signals import post_save

from pigeon_admin.models import Package
from pigeon_admin.tracking.saves import after_save
from tests.factories import make_rule
from tests.newsdesk.models import Photo, Story, Tag

pytestmark = pytest.mark.django_db(transaction=True)


def events():
    return list(Package.objects.order_by("pk").values_list("object_repr", "event"))


def test_a_save_after_a_savepoint_that_was_rolled_back_is_selected_when_an_earlier_save_is_remembered():
    make_rule(conditions=[("status", "equals", "published")])
    with transaction.atomic():
        story = Story.objects.create(title="x", status="draft")
        try:
            with transaction.atomic():
                story.status = "published"
                story.save()
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert Package.objects.count() == 0
        story.save()
    assert events() == [("x", "create")]


def test_a_delete_that_was_rolled_back_to_a_savepoint_is_forgotten():
    tag = Tag.objects.create(name="peace")
    make_rule(conditions=[("tags__name", "equals", "peace")], on_delete=True)
    story = Story.objects.create(title="x")
    with transaction.atomic():
        Story.objects.get(pk=story.pk).save()
        try:
            with transaction.atomic():
                Story.objects.get(pk=story.pk).delete()
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        story.tags.add(tag)
    assert events() == [("x", "update")]


def test_an_object_made_again_under_its_key_in_the_same_transaction_is_new():
    make_rule(on_update=False, on_delete=True)
    story = Story.objects.create(title="x")
    Package.objects.update(open_key=None)
    with transaction.atomic():
        pk = story.pk
        story.delete()
        Story(pk=pk, title="again").save()
    assert events() == [("x", "create"), ("x", "delete"), ("again", "create")]


def test_a_second_save_of_a_transaction_knows_the_old_values_of_rules_that_the_first_did_not_concern():
    make_rule(on_create=False)
    changed = make_rule(conditions=[("status", "equals", "published"), ("title", "changed")], on_create=False)
    story = Story.objects.create(title="a", status="draft")
    with transaction.atomic():
        story.save()
        story.status, story.title = "published", "b"
        story.save()
    assert Package.objects.filter(rule=changed).count() == 1


def test_a_save_after_that_of_a_child_knows_the_old_values():
    make_rule(conditions=[("photos__caption", "contains", "z")], on_create=False)
    changed = make_rule(watched_fields=["title"], on_create=False)
    story = Story.objects.create(title="a")
    with transaction.atomic():
        Photo.objects.create(story=story, caption="y")
        story.title = "b"
        story.save()
    assert Package.objects.filter(rule=changed).count() == 1


def test_saves_in_manual_transactions_are_each_selected():
    make_rule()
    story = Story.objects.create(title="x")
    transaction.set_autocommit(False)
    try:
        for _ in range(2):
            Package.objects.update(open_key=None)
            story.save()
            transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert Package.objects.count() == 3


def test_a_rule_that_was_rolled_back_does_not_break_the_next_save():
    make_rule(conditions=[("title", "equals", "nothing")])
    try:
        with transaction.atomic():
            make_rule()
            Story.objects.create(title="b")
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    Story.objects.create(title="c")
    assert events() == []


def test_a_rule_that_is_not_committed_is_not_in_force_for_other_threads():
    make_rule(conditions=[("title", "equals", "nothing")])
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time")
    errors = []

    def save():
        try:
            Story.objects.create(title="other thread")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        make_rule()
        Story.objects.create(title="b")
        thread = threading.Thread(target=save)
        thread.start()
        thread.join(timeout=5)
        assert not thread.is_alive()
        transaction.set_rollback(True)
    assert errors == []
    assert events() == []


def test_an_instance_can_be_pickled_and_copied_while_it_is_saved():
    make_rule()
    seen = []

    def cache(instance, **kwargs):
        seen.append(pickle.loads(pickle.dumps(instance)))
        seen.append(copy.deepcopy(instance))
        seen.append(copy.copy(instance))

    post_save.connect(cache, sender=Story)
    try:
        Story.objects.create(title="x")
    finally:
        post_save.disconnect(cache, sender=Story)
    twin = seen[2]
    twin.title = "twin"
    twin.pk = None
    twin._state.adding = True
    twin.save()
    assert events() == [("x", "create"), ("twin", "create")]


def test_a_receiver_connected_before_ours_may_save_the_object_again():
    def again(instance, created, **kwargs):
        if created:
            instance.words = 3
            instance.save(update_fields=["words"])

    post_save.disconnect(dispatch_uid="pigeon_admin.after_save")
    post_save.connect(again, sender=Story)
    post_save.connect(after_save, dispatch_uid="pigeon_admin.after_save")
    make_rule(on_create=False)
    make_rule(conditions=[("words", "equals", "3")], on_update=False)
    try:
        Story.objects.create(title="x")
    finally:
        post_save.disconnect(again, sender=Story)
    assert events() == [("x", "create")]


def test_rules_that_cannot_be_compiled_at_all_are_no_error_for_the_host(monkeypatch, caplog):
    make_rule()

    def fail(rule):
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr("pigeon_admin.selection.rulebook.compile_rule", fail)
    Story.objects.create(title="x")
    with transaction.atomic():
        make_rule()
        Story.objects.create(title="y")
    assert [story.title for story in Story.objects.order_by("pk")] == ["x", "y"]
    assert "a bug of ours" in caplog.text
