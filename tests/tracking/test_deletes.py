"""What is deleted is judged and rendered while it is still there."""

from __future__ import annotations

import inspect

import pytest
from django.db import connection, models, transaction
from django.db.models.deletion import Collector
from django.test.utils import CaptureQueriesContext

from pigeon_admin.freezing import opener
from pigeon_admin.models import Delivery, Package
from pigeon_admin.selection.rulebook import shelf
from tests.factories import make_dummy, make_rule, make_template
from tests.newsdesk.models import Author, LongRead, Photo, Story, Unrelated

pytestmark = pytest.mark.django_db(transaction=True)


def packages(event="delete"):
    return list(Package.objects.filter(event=event).order_by("pk"))


def farewell_rule(**fields):
    return make_rule(on_create=False, on_update=False, on_delete=True, **fields)


def content(package):
    (file,) = package.documents
    with opener(file)() as reader:
        return reader.read()


def test_a_deleted_object_leaves_a_built_package():
    farewell_rule(destinations=[make_dummy(), make_dummy()])
    Story.objects.create(title="gone").delete()
    (package,) = packages()
    assert package.built_at is not None
    assert content(package) == b"<story><title>gone</title></story>"
    assert Delivery.objects.filter(state="waiting").count() == 2


@pytest.mark.parametrize("how", ["queryset", "cascade"])
def test_other_ways_to_delete_are_seen(how):
    farewell_rule(conditions=[("title", "contains", "o")])
    author = Author.objects.create(name="A")
    for title in ("one", "two", "nil"):
        Story.objects.create(title=title, author=author)
    if how == "queryset":
        Story.objects.all().delete()
    else:
        author.delete()
    assert sorted(package.object_repr for package in packages()) == ["one", "two"]


def test_only_rules_about_deletes_care():
    make_rule(on_create=False)
    Story.objects.create(title="x").delete()
    assert Package.objects.count() == 0


def test_a_delete_that_is_rolled_back_leaves_no_row():
    farewell_rule()
    story = Story.objects.create(title="stays")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        story.delete()
        raise ZeroDivisionError
    assert Story.objects.count() == 1
    assert Package.objects.count() == 0


def test_an_object_of_a_child_table_is_one_object():
    farewell_rule()
    LongRead.objects.create(title="long").delete()
    assert len(packages()) == 1


def test_a_template_that_fails_does_not_stop_the_delete():
    farewell_rule(template=make_template(source="{{ object.titel }}"))
    Story.objects.create(title="x").delete()
    assert Story.objects.count() == 0
    (package,) = packages()
    assert "titel" in package.error
    assert package.deliveries.get().state == "failed"


def test_children_that_go_with_their_parent_do_not_have_it_sent_again():
    make_rule(conditions=[("photos__caption", "contains", "a", True)], on_create=False)
    story = Story.objects.create(title="x")
    Photo.objects.create(story=story, caption="a")
    story.delete()
    assert Package.objects.count() == 0


def test_a_deleted_child_is_a_change_of_its_parent():
    story = Story.objects.create(title="x")
    photo = Photo.objects.create(story=story, caption="a")
    make_rule(conditions=[("photos__caption", "contains", "a", True)], on_create=False)
    photo.delete()
    assert [package.object_repr for package in packages("update")] == ["x"]


def test_other_models_keep_their_fast_delete():
    farewell_rule()
    Unrelated.objects.bulk_create(Unrelated(name=str(i)) for i in range(10))
    shelf.current()
    with CaptureQueriesContext(connection) as captured:
        Unrelated.objects.all().delete()
    assert [query["sql"].split()[0] for query in captured if query["sql"] not in ("BEGIN IMMEDIATE", "BEGIN", "COMMIT")] == [
        "DELETE"
    ]


def test_the_seams_in_django_are_where_we_think_they_are():
    """``Collector`` is private: when Django changes it, this fails before a delete is missed."""
    assert list(inspect.signature(inspect.unwrap(Collector.delete)).parameters) == ["self"]
    assert list(inspect.signature(inspect.unwrap(Collector.can_fast_delete)).parameters) == ["self", "objs", "from_field"]
    assert "self.can_fast_delete(" in inspect.getsource(Collector.collect)
    assert "collector.delete()" in inspect.getsource(models.Model.delete)
    assert "collector.delete()" in inspect.getsource(models.QuerySet.delete)
