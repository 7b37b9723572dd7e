"""The forms and the list of destinations."""

from __future__ import annotations

import pytest

from pigeon_admin.models import FtpDestination

pytestmark = pytest.mark.django_db

FTP = {
    "name": "Agency",
    "slug": "agency",
    "host": "ftp.example",
    "port": "21",
    "username": "desk",
    "password": "correct horse",
    "security": "none",
    "passive": "on",
    "encoding": "utf-8",
    "timeout": "30",
}


def test_a_password_is_stored_and_can_be_opened_again(admin_client):
    answer = admin_client.post("/admin/pigeon_admin/ftpdestination/add/", FTP)
    assert answer.status_code == 302, answer.context["errors"]
    assert FtpDestination.objects.get().password.reveal() == "correct horse"
