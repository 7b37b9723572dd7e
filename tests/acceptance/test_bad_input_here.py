"""Trouble on our own side, disk, rights, keys, settings: the host's saves go on, a row says why, and one retry heals it."""

from __future__ import annotations

import datetime
import os
import subprocess
from contextlib import suppress

import pytest
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.test import override_settings

from demo.partners import ftp
from pigeon_admin.delivery.control import rebuild
from pigeon_admin.exceptions import ConfigurationError
from pigeon_admin.models import Delivery, DestinationState, FileDocument, Package
from tests.acceptance.bad_input import Desk, destination_at, in_words, push, push_when_due, retry_once, tiny_disk, visible
from tests.acceptance.processes import run_child
from tests.factories import make_folder_destination, make_rule, make_template
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)

BIG = os.urandom(3_000_000)


@pytest.fixture
def partner(tmp_path):
    return make_folder_destination(tmp_path / "partner")


def with_big_file(rule):
    FileDocument.objects.create(rule=rule, file_field="attachment", file_name="{{ object.pk }}.bin")


def the_only(state, *words):
    """The one delivery, which waits or failed, and says why in words."""
    delivery = Delivery.objects.get()
    assert delivery.state == state, delivery.reason
    assert in_words(delivery.reason), delivery.reason
    assert [word for word in words if word not in delivery.reason] == [], delivery.reason
    return delivery


def test_our_own_disk_is_full(partner, tmp_path):
    with tiny_disk(tmp_path / "export") as disk:
        with_big_file(make_rule(destinations=[partner]))
        first = Story.objects.create(title="big", attachment=ContentFile(BIG, name="big.bin"))
        push()
        the_only("waiting", "disk of this site is full", "Free some space", "tried again by itself")
        second = Story.objects.create(title="the saves go on", attachment=ContentFile(b"small", name="small.bin"))
        push()
        assert set(visible(tmp_path / "partner")) == {f"{second.pk}.bin", f"{second.pk}.xml"}
        assert list(disk.rglob(".writing-*")) == []
        # The partner did nothing wrong, so nothing is said against it.
        assert not DestinationState.objects.exclude(last_error="").exists()
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        push_when_due()
        assert visible(tmp_path / "partner")[f"{first.pk}.bin"] == BIG


def test_our_own_disk_is_full_when_an_object_is_deleted(partner, tmp_path):
    with tiny_disk(tmp_path / "export"):
        template = make_template(source="{{ object.body }}", media_type="text/plain")
        make_rule(destinations=[partner], on_create=False, on_update=False, on_delete=True, template=template)
        story = Story.objects.create(title="x", body="b" * 2_000_000)
        story.delete()
        assert not Story.objects.exists()
        the_only("failed", "was deleted", "disk of this site is full")


@pytest.mark.parametrize("what", ["a file in its place", "a read-only disk"])
def test_an_export_folder_that_cannot_be_written_to(what, partner, tmp_path):
    export = tmp_path / "export"
    make_rule(destinations=[partner])
    if what == "a file in its place":
        export.write_text("what is this doing here?")
        Story.objects.create(title="x")
        push()
        the_only("waiting", "this site", str(export))
        export.unlink()
    else:
        with tiny_disk(export, options=",ro"):
            Story.objects.create(title="x")
            push()
            the_only("waiting", "no right", str(export), "Give its user the right")
    retry_once()
    assert len(visible(tmp_path / "partner")) == 1


def test_an_export_folder_that_is_a_root_only_one(partner, tmp_path):
    """As a user who is not root, for root may write anywhere."""
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    make_rule(destinations=[partner])
    Story.objects.create(title="x")
    (tmp_path / "export").mkdir(mode=0o700)
    run_child(
        "import os\n"
        "from pigeon_admin import freezing\n"
        "from pigeon_admin.delivery import building\n"
        "def as_nobody(documents, freeze=freezing.freeze):\n"
        "    os.seteuid(65534)\n"
        "    try:\n"
        "        return freeze(documents)\n"
        "    finally:\n"
        "        os.seteuid(0)\n"
        "building.freeze = as_nobody\n"
        "from pigeon_admin.delivery.push import Push\n"
        "Push().run()\n"
    )
    the_only("waiting", "no right", "Give its user the right")
    retry_once()
    assert len(visible(tmp_path / "partner")) == 1


def test_frozen_files_that_somebody_removed(partner, tmp_path):
    """Built, not yet sent, and then the export folder was cleared by hand."""
    rule = make_rule(destinations=[partner])
    Story.objects.create(title="x")
    partner.folder = "/proc/nowhere"
    partner.save()
    push()
    (package,) = Package.objects.all()
    assert package.built_at
    (tmp_path / "export" / package.documents[0]["stored"]).unlink()
    partner.folder = str(tmp_path / "partner")
    partner.save()
    retry_once()
    the_only("waiting", "cannot be read on this machine")
    assert rebuild(Delivery.objects.all()).done == 1
    push()
    assert len(visible(tmp_path / "partner")) == 1
    assert rule.packages.count() == 2


def test_an_export_folder_that_vanished_with_its_disk(partner, tmp_path, settings):
    """Built, not yet sent, and now not even the folder can be made."""
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "OUTPUT_DIRECTORY": str(tmp_path / "disk" / "export")}
    make_rule(destinations=[partner])
    Story.objects.create(title="x")
    partner.folder = "/proc/nowhere"
    partner.save()
    push()
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    (tmp_path / "disk").write_text("")
    partner.folder = str(tmp_path / "partner")
    partner.save()
    retry_once()
    the_only("waiting", "cannot be read on this machine", "tried again by itself", "new rendering")
    (tmp_path / "disk").unlink()
    (tmp_path / "unplugged").rename(tmp_path / "disk")
    retry_once()
    assert len(visible(tmp_path / "partner")) == 1


def test_a_secret_key_that_changed(tmp_path):
    desk = Desk(tmp_path)
    with ftp.start(tmp_path / "inbox", password="pa55") as partner:
        destination = destination_at(partner)
        with override_settings(SECRET_KEY="quite another secret key"):
            desk.rule_to(destination)
            Story.objects.create(title="x")
            push()
            delivery = desk.delivery_to(destination)
            desk.failed_in_words(delivery, "failed", "password cannot be read", "Enter the password again, or add the old key")
            assert "pa55" not in delivery.reason
            desk.others_went_on()
            assert visible(tmp_path / "inbox") == {}
            # Either the old key is added ...
            with override_settings(SECRET_KEY_FALLBACKS=["only for tests"]):
                retry_once()
            assert len(visible(tmp_path / "inbox")) == 1
            # ... or the password is entered again.
            Story.objects.create(title="y")
            push()
            assert desk.delivery_to(destination).state == "failed"
            destination.password = "pa55"
            destination.save()
            retry_once()
            assert len(visible(tmp_path / "inbox")) == 2


# --- settings ---------------------------------------------------------------------------------------------------------------------

WRONG = {
    "OUTPUT_DIRECTORY": 5,
    "EXPORT_STORAGE": "nowhere",
    "RULES_REFRESH": "often",
    "NUDGE": "yes",
    "NUDGE_INTERVAL": None,
    "LEASE": "20",
    "CLAIM": 5.5,
    "MAX_PUSH_ATTEMPTS": "many",
    "RETRY_FIRST": [],
    "SECRET_KEYS": "one",
    "TEMPLATE_METHODS": ["a"],
    "TEMPLATE_HIDDEN_FIELDS": "(",
    "TEMPLATE_MAX_SECONDS": True,
    "REGEX_TIMEOUT": "0.1",
    "EXCLUDED_APPS": "auth",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_of_the_wrong_type(name, partner, settings, tmp_path):
    """The system checks name it; the host's saves succeed; once it is right, everything that was saved arrives."""
    right = settings.PIGEON_ADMIN
    make_rule(destinations=[partner], conditions=[("title", "regex", "x")])
    settings.PIGEON_ADMIN = {**right, "NUDGE": True, name: WRONG[name]}
    told = [message for message in run_checks() if f"PIGEON_ADMIN[{name!r}]" in message.msg]
    assert len(told) == 1
    assert in_words(told[0].msg)
    Story.objects.create(title="x")
    with suppress(ConfigurationError):  # a push may stop at once, with the name of the setting in the task's row
        push()
    settings.PIGEON_ADMIN = right
    assert Delivery.objects.count() == 1
    retry_once()
    assert len(visible(tmp_path / "partner")) == 1


def test_settings_that_are_no_dictionary(partner, settings, tmp_path):
    right = settings.PIGEON_ADMIN
    make_rule(destinations=[partner])
    settings.PIGEON_ADMIN = ["OUTPUT_DIRECTORY"]
    assert "PIGEON_ADMIN must be a dictionary." in [message.msg for message in run_checks()]
    Story.objects.create(title="x")
    settings.PIGEON_ADMIN = right
    push()
    assert len(visible(tmp_path / "partner")) == 1


# --- time zones -------------------------------------------------------------------------------------------------------------------


ZONES = {"America/St_Johns": "2026-07-01 02:29", "Asia/Kathmandu": "2026-07-01 10:44", "UTC": "2026-07-01 04:59"}


@pytest.mark.parametrize("zone, text", ZONES.items())
def test_dates_in_templates_follow_the_sites_time_zone(zone, text, partner, settings, tmp_path):
    settings.TIME_ZONE = zone
    template = make_template(
        source="{{ object.published_at|date:'Y-m-d H:i' }}",
        media_type="text/plain",
        file_name="{{ object.published_at|date:'Y-m-d' }}.txt",
    )
    make_rule(destinations=[partner], template=template)
    Story.objects.create(title="x", published_at=datetime.datetime(2026, 7, 1, 4, 59, tzinfo=datetime.UTC))
    push()
    assert visible(tmp_path / "partner") == {"2026-07-01.txt": text.encode()}


def test_a_site_without_time_zones(tmp_path):
    """USE_TZ = False: old sites have it, and naive times everywhere."""
    make_rule(
        destinations=[make_folder_destination(tmp_path / "partner")], conditions=[("published_at", "greater", "2026-01-01")]
    )
    run_child(
        "import datetime\n"
        "from django.conf import settings\n"
        "settings.USE_TZ = False\n"
        "from tests.newsdesk.models import Story\n"
        "Story.objects.create(title='x', published_at=datetime.datetime(2026, 7, 1, 4, 59))\n"
        "from pigeon_admin import tasks\n"
        "tasks.push(); tasks.clean(); tasks.check()\n"
    )
    assert list(Delivery.objects.values_list("state", "reason")) == [("sent", "")]
    assert len(visible(tmp_path / "partner")) == 1
