"""Keys, columns and relations of unusual kinds are right, or refused in words."""

from __future__ import annotations

import pytest

from pigeon_admin.delivery.push import Push
from pigeon_admin.models import Delivery, Package
from tests.factories import make_rule
from tests.newsdesk.models import Story, Tag
from tests.oddities.models import City, Club, Country, Membership, Page, Person, Product, Shelf, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def events():
    return list(Package.objects.order_by("pk").values_list("object_repr", "event"))


def test_a_child_whose_key_points_to_another_column_than_the_parents_primary_key():
    make_rule("oddities.Country", conditions=[("cities__name", "equals", "Lyon")])
    country = Country.objects.create(code="fr", name="France")
    City.objects.create(country=country, name="Lyon")
    assert events() == [("France", "update")]


def test_one_object_has_one_key_however_it_is_written():
    make_rule("oddities.Ticket", on_update=True)
    text = "6f9619ff8b86d011b42d00c04fc964ff"
    Ticket(uid=text, title="a").save()
    Ticket.objects.get().save()
    (package,) = Package.objects.all()
    assert package.revision == 2


def test_a_key_that_is_very_long():
    make_rule("oddities.Page")
    Page.objects.create(path="p/" * 190, title="a")
    assert events() == [("a", "create")]
    Push().run()
    assert Delivery.objects.get().state == "sent"


def test_a_generated_column_is_judged_by_its_new_value():
    make_rule("oddities.Product", watched_fields=["shout"], on_create=False)
    Product.objects.create(name="old")
    product = Product.objects.get()
    product.name = "new"
    product.save()
    assert events() == [("new", "update")]


def test_a_model_with_a_composite_key_is_refused_in_words():
    make_rule("oddities.Shelf")
    shelf = Shelf.objects.create(room=1, number=2, title="s")
    shelf.title = "t"
    shelf.save()
    Push().run()
    assert "columns" in Package.objects.get().error
    assert Shelf.objects.get().title == "t"


def test_a_cleared_relation_whose_through_table_has_more_keys():
    make_rule("oddities.Person", conditions=[("clubs", "is_empty")])
    make_rule("oddities.Club", conditions=[("members", "is_empty")])
    host, guest = Person.objects.create(name="host"), Person.objects.create(name="guest")
    club = Club.objects.create(name="club")
    Membership.objects.create(inviter=host, person=guest, club=club)
    Delivery.objects.all().delete()
    Package.objects.all().delete()
    club.members.clear()
    assert sorted(events()) == [("club", "update"), ("guest", "update")]


def test_tagging_a_story_is_no_change_of_the_tag_unless_a_rule_looks_at_it():
    story, tag = Story.objects.create(title="x"), Tag.objects.create(name="peace")
    make_rule("newsdesk.Tag")
    story.tags.add(tag)
    tag.stories.clear()
    assert events() == []
