"""Clean removes what is settled and old, and nothing that anybody still needs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from pigeon_admin.delivery.push import Push
from pigeon_admin.freezing import export_storage
from pigeon_admin.models import Delivery, Package
from pigeon_admin.tasks.cleaning import clean_export, clean_queue
from tests.factories import make_dummy, make_rule
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)

OLD = timedelta(days=40)


@pytest.fixture
def sent():
    make_rule(destinations=[make_dummy(), make_dummy()])
    Story.objects.create(title="x")
    Push().run()
    return Delivery.objects.all()


def age(monkeypatch):
    """Let forty days go by for everything that asks for the time."""
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + OLD)


def files():
    folder = export_storage().base_location
    return [path for path in folder.rglob("*") if path.is_file()]


def test_old_settled_deliveries_go_and_their_package_with_them(sent, monkeypatch):
    age(monkeypatch)
    assert clean_queue(dry_run=True) == 2
    assert Delivery.objects.count() == 2
    assert clean_queue() == 2
    assert (Delivery.objects.count(), Package.objects.count()) == (0, 0)


def test_young_ones_stay(sent):
    assert clean_queue() == 0
    assert clean_export() == 0


@pytest.mark.parametrize("state", ["waiting", "sending", "failed"])
def test_what_is_not_settled_stays_with_its_files(sent, state, monkeypatch):
    Delivery.objects.filter(pk=sent[0].pk).update(state=state)
    age(monkeypatch)
    assert clean_queue() == 1
    assert clean_export() == 0
    assert Package.objects.count() == 1
    assert len(files()) == 1


def test_old_files_go(sent, monkeypatch):
    age(monkeypatch)
    assert clean_export(dry_run=True) == 1
    assert len(files()) == 1
    assert clean_export() == 1
    assert list(export_storage().base_location.iterdir()) == []


def test_files_of_today_are_never_touched(sent, settings):
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "MAX_AGE": 0}
    assert clean_export() == 0
    assert len(files()) == 1


def test_folders_of_others_are_left_alone(sent, monkeypatch):
    other = export_storage().base_location / "somebody"
    other.mkdir()
    (other / "else").write_text("x")
    age(monkeypatch)
    clean_export()
    assert (other / "else").exists()


def test_the_commands_say_what_they_did(sent, monkeypatch, capsys):
    age(monkeypatch)
    call_command("pigeon_clean_queue", "--dry-run")
    call_command("pigeon_clean_export", "--dry-run")
    call_command("pigeon_clean_export")
    call_command("pigeon_clean_queue")
    assert capsys.readouterr().out.splitlines() == [
        "2 deliveries would be deleted.",
        "1 files would be deleted.",
        "1 files deleted.",
        "2 deliveries deleted.",
    ]
