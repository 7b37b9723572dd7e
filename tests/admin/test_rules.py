"""The form and the list of rules."""

from __future__ import annotations

import pytest

from pigeon_admin.models import DummyDestination, SaveRule

pytestmark = pytest.mark.django_db


def test_a_rule_is_made_through_the_form(admin_client):
    destination = DummyDestination.objects.create(name="D", slug="d")
    answer = admin_client.post("/admin/pigeon_admin/saverule/add/", {
        "name": "N", "slug": "n", "model": "newsdesk.story", "state": "draft", "on_create": "on", "destinations": [destination.pk],
        **{f"{p}-{k}": 0 for p in ("condition_rows", "template_documents", "file_documents") for k in ("TOTAL_FORMS", "INITIAL_FORMS")},
    })
    assert answer.status_code == 302, answer.context["errors"]
    assert SaveRule.objects.get().destinations.get() == destination


def test_pages(admin_client):
    for page in ["rule/", "rule/add/", "saverule/add/", "destination/", "destination/add/", "ftpdestination/add/", "sftpdestination/add/", "exporttemplate/", "exporttemplate/add/"]:
        assert admin_client.get(f"/admin/pigeon_admin/{page}", follow=True).status_code == 200, page
