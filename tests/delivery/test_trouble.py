"""The site's administrators are told once per trouble, by Django's own mail_admins handler."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta

import django
import pytest
from django.core import mail
from django.utils import timezone
from django.utils.log import AdminEmailHandler

from pigeon_admin.delivery.push import Push
from pigeon_admin.models import Delivery, DestinationState, FtpDestination
from tests.factories import make_folder_destination, make_rule, make_template
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail_admins(settings):
    """As in a project whose LOGGING sends errors of pigeon_admin to ADMINS."""
    settings.ADMINS = [("Desk", "desk@example.com")] if django.VERSION < (6,) else ["desk@example.com"]
    handler = AdminEmailHandler()
    handler.setLevel(logging.ERROR)
    logger = logging.getLogger("pigeon_admin")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


def test_a_hundred_failed_builds_of_one_rule_are_one_mail(mail_admins):
    make_rule(template=make_template(source="{{ object.titel }}"))
    for number in range(100):
        Story.objects.create(title=str(number))
    Push().run()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
    assert len(mail.outbox) == 1
    assert "titel" in mail.outbox[0].subject + mail.outbox[0].body


def test_a_partner_in_trouble_is_one_mail_and_another_after_it_was_well_for_long(mail_admins, tmp_path):
    partner = tmp_path / "partner"
    partner.write_text("a file where the folder should be")
    make_rule(destinations=[make_folder_destination(partner)])

    def push(title):
        Story.objects.create(title=title)
        Push().run()

    for number in range(5):
        push(str(number))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
    assert len(mail.outbox) == 1
    partner.unlink()
    push("well again")
    long_ago = timezone.now() - timedelta(hours=2)
    DestinationState.objects.update(last_error_at=long_ago)
    shutil.rmtree(partner)
    partner.write_text("again")
    push("trouble again")
    assert len(mail.outbox) == 2


def test_a_temporary_error_is_no_mail_until_it_is_given_up(mail_admins, settings):
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "MAX_PUSH_ATTEMPTS": 2}
    nobody = FtpDestination.objects.create(name="Nobody", slug="nobody", host="127.0.0.1", port=1)
    make_rule(destinations=[nobody])
    for number in range(3):
        Story.objects.create(title=str(number))
    Push().run()
    assert mail.outbox == []
    Delivery.objects.update(due_at=timezone.now())
    Push().run()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
    assert len(mail.outbox) == 1
    assert "Nobody" in mail.outbox[0].subject


def test_many_objects_without_their_file_are_one_mail(mail_admins):
    make_rule(files=[("", "attachment")])
    for number in range(10):
        Story.objects.create(title=str(number))
    Push().run()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
    assert len(mail.outbox) == 1


def test_a_rule_that_cannot_judge_is_one_mail(mail_admins):
    make_rule(name="Broken", conditions=[("headline", "equals", "x")])
    for number in range(5):
        Story.objects.create(title=str(number))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
    assert len(mail.outbox) == 1
    assert "Broken" in mail.outbox[0].subject
