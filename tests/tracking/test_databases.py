"""Rules follow objects in the database of the outbox, and say so where they cannot."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from pigeon_admin.models import Package
from pigeon_admin.selection import rulebook
from pigeon_admin.tracking import saves
from tests.factories import make_rule
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_save_in_another_database_goes_through_and_is_logged(monkeypatch, caplog):
    make_rule(name="Sport")
    Story.objects.create(title="here")
    monkeypatch.setattr(saves, "outbox_alias", lambda: "elsewhere")
    Story.objects.create(title="there")
    assert Story.objects.count() == 2
    assert [package.object_repr for package in Package.objects.all()] == ["here"]
    assert "Sport" in caplog.text


@pytest.mark.parametrize("within", [True, False], ids=["in a transaction", "outside one"])
def test_before_our_tables_are_there_the_host_saves(within, monkeypatch, caplog):
    def missing(alias):
        raise DatabaseError("no such table: pigeon_admin_rulesetversion")

    monkeypatch.setattr(rulebook.shelf, "refresh", missing)
    for number in range(3):
        if within:
            with transaction.atomic():
                Story.objects.create(title=str(number))
        else:
            Story.objects.create(title=str(number))
        rulebook.shelf.looked_at = float("-inf")
    assert Story.objects.count() == 3
    assert len([record for record in caplog.records if "cannot be read" in record.message]) == 1
