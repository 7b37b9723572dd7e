"""The buttons, the preview and the confirmation in the admin's list of rules."""

import html
import json
import re
import tempfile
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from pigeon_admin.exchange.reading import MAX_BYTES
from pigeon_admin.models import Destination, ExportTemplate, Rule
from tests.exchange.conftest import emptied, exported

pytestmark = pytest.mark.django_db

LIST = "admin:pigeon_admin_rule_changelist"
IMPORT = "admin:pigeon_admin_rule_import"
EXPORT = "admin:pigeon_admin_rule_export"
CONFIRM = "admin:pigeon_admin_rule_process_import"
FORMATS = {"yaml": "0", "json": "1"}


@pytest.fixture(autouse=True)
def uploads(tmp_path, monkeypatch):
    """The folder where import-export keeps a file between preview and confirmation."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def upload(client, data, name="yaml", file_name=None):
    data = data.encode() if isinstance(data, str) else data
    return client.post(
        reverse(IMPORT),
        {"resource": "0", "format": FORMATS[name], "import_file": SimpleUploadedFile(file_name or f"set.{name}", data)},
    )


def text_of(response):
    return html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))


def confirmation(response):
    """What the confirm button of a preview sends."""
    return {**response.context["confirm_form"].initial, "confirm": "yes"}


def account(*codenames):
    user = User.objects.create_user("anna", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="pigeon_admin", codename__in=codenames))
    return user


def test_the_buttons_are_in_the_list(admin_client, rule):
    page = admin_client.get(reverse(LIST)).content.decode()
    assert reverse(IMPORT) in page
    assert reverse(EXPORT) in page
    assert "Export selected rules as a rule set" in page


def test_export_of_the_list_and_of_chosen_rules(admin_client, rule):
    page = admin_client.get(reverse(EXPORT))
    assert "Passwords and keys are never in it" in page.content.decode()
    response = admin_client.post(reverse(EXPORT), {"resource": "0", "format": FORMATS["json"]})
    assert response["Content-Disposition"].endswith('.json"')
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response.content == exported("json")

    page = admin_client.post(reverse(LIST), {"action": "export_admin_action", "_selected_action": [str(rule.pk)]})
    assert "1 rule is chosen" in text_of(page)
    response = admin_client.post(reverse(EXPORT), {"resource": "0", "format": FORMATS["yaml"], "export_items": [str(rule.pk)]})
    assert response.content == exported("yaml")


def test_the_list_is_exported_as_it_is_filtered(admin_client, rule):
    response = admin_client.post(reverse(EXPORT) + "?state__exact=draft", {"resource": "0", "format": FORMATS["json"]})
    assert json.loads(response.content)["rules"] == []


def test_preview_then_confirm(admin_client, rule, uploads):
    text = exported()
    emptied()
    page = upload(admin_client, text)
    words = text_of(page)
    assert "This would be imported: 6 created." in words
    assert "It goes live at once" in words
    assert "has to be entered before it can send" in words
    assert not Rule.objects.exists()

    done = admin_client.post(reverse(CONFIRM), confirmation(page), follow=True)
    assert "The rule set was imported: 6 created." in text_of(done)
    assert exported() == text
    assert LogEntry.objects.count() == 6
    assert list(uploads.iterdir()) == []


def test_a_changed_value_is_shown_with_old_and_new(admin_client, rule):
    text = exported().decode().replace("host: ftp.example.org", "host: evil.example")
    words = text_of(upload(admin_client, text))
    assert "1 changed, 5 unchanged" in words
    assert "ftp.example.org" in words
    assert "evil.example" in words
    assert "It keeps the secrets stored on this site. Look at the host" in words


def test_nothing_to_do_needs_no_confirmation(admin_client, rule, uploads):
    page = upload(admin_client, exported())
    assert list(uploads.iterdir()) == []
    assert "This site has all of it already" in text_of(page)
    assert b"Import all of it" not in page.content


def test_an_empty_rule_set_is_no_error(admin_client, db):
    assert "The rule set is empty" in text_of(upload(admin_client, "format: pigeon_admin.rule_set\nversion: 1\n"))


def test_one_refusal_leaves_nothing_to_confirm_and_no_file_behind(admin_client, rule, uploads):
    text = exported().decode().replace("model: newsdesk.story", "model: gone.story")
    page = upload(admin_client, text)
    words = text_of(page)
    assert "Nothing can be imported: 1 entry is refused." in words
    assert "This site has no content “gone.story”" in words
    assert "confirm_form" not in page.context
    assert list(uploads.iterdir()) == []


@pytest.mark.parametrize(
    "data, words",
    [
        ("format: 1", "This is not a rule set"),
        ("a: [", "This is not YAML: line"),
        ("[" * 5000, "levels deep"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * (MAX_BYTES + 1), "larger than 25 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words_at_the_file(admin_client, uploads, data, words):
    page = upload(admin_client, data)
    assert words in "".join(page.context["form"].errors["import_file"])
    assert list(uploads.iterdir()) == []


def test_everything_from_the_file_is_escaped(admin_client, db):
    evil = "<script>alert(1)</script>"
    document = {
        "format": "pigeon_admin.rule_set",
        "version": 1,
        "templates": [{"slug": evil, "name": evil, evil: evil}],
        "destinations": [{"kind": evil, "slug": evil}, {"kind": "dummy", "slug": "d", "name": evil, "notes": evil}],
    }
    page = upload(admin_client, json.dumps(document), "json")
    assert evil.encode() not in page.content
    assert b"&lt;script&gt;" in page.content
    page = upload(
        admin_client,
        json.dumps({**document, "templates": [], "destinations": document["destinations"][1:]}),
        "json",
        file_name=f"{evil}.json",
    )
    assert evil.encode() not in page.content
    done = admin_client.post(reverse(CONFIRM), confirmation(page), follow=True)
    assert Destination.objects.get().name == evil
    assert evil.encode() not in done.content


class TestBetweenPreviewAndConfirmation:
    def test_a_change_here_brings_a_new_preview(self, admin_client, rule):
        page = upload(admin_client, exported().decode().replace("ftp.example.org", "other.example"))
        Destination.objects.get(slug="portal").delete()
        ExportTemplate.objects.filter(slug="nitf").update(name="Renamed")
        again = admin_client.post(reverse(CONFIRM), confirmation(page))
        assert "Something changed on this site since the preview" in text_of(again)
        assert not Destination.objects.filter(ftpdestination__host="other.example").exists()
        done = admin_client.post(reverse(CONFIRM), confirmation(again), follow=True)
        assert "The rule set was imported" in text_of(done)
        assert Destination.objects.filter(ftpdestination__host="other.example").exists()

    def test_no_other_file_can_be_named(self, admin_client, rule, uploads):
        page = upload(admin_client, exported().decode().replace("ftp.example.org", "other.example"))
        (uploads / "private").write_text("format: pigeon_admin.rule_set\n")
        answer = admin_client.post(reverse(CONFIRM), {**confirmation(page), "import_file_name": "private"}, follow=True)
        assert "This preview is too old or was changed" in text_of(answer)
        assert (uploads / "private").exists()

    def test_no_other_format_can_be_named(self, admin_client, rule):
        page = upload(admin_client, exported().decode().replace("ftp.example.org", "other.example"))
        admin_client.post(reverse(CONFIRM), {**confirmation(page), "format": "7"}, follow=True)
        assert Destination.objects.filter(ftpdestination__host="other.example").exists(), "the signed format counts"

    def test_a_file_that_is_gone_is_asked_for_again(self, admin_client, rule, uploads):
        page = upload(admin_client, exported().decode().replace("ftp.example.org", "other.example"))
        for file in uploads.iterdir():
            file.unlink()
        answer = admin_client.post(reverse(CONFIRM), confirmation(page), follow=True)
        assert "no longer there" in text_of(answer)


class TestPermissions:
    def test_who_only_looks_has_no_import(self, client, rule):
        client.force_login(account("view_rule"))
        page = client.get(reverse(LIST)).content.decode()
        assert reverse(IMPORT) not in page
        assert reverse(EXPORT) not in page, "the document holds destinations and templates too"
        assert client.get(reverse(IMPORT)).status_code == 403
        assert client.post(reverse(CONFIRM)).status_code == 403
        assert client.get(reverse(EXPORT)).status_code == 403

    def test_who_sees_all_parts_can_export(self, client, rule):
        client.force_login(account("view_rule", "view_destination", "view_exporttemplate"))
        assert reverse(EXPORT) in client.get(reverse(LIST)).content.decode()
        assert client.post(reverse(EXPORT), {"resource": "0", "format": FORMATS["json"]}).content == exported("json")

    def test_each_entry_needs_its_own_permission(self, client, rule):
        client.force_login(account("view_rule", "change_rule"))
        text = exported().decode()
        page = upload(client, text.replace("ftp.example.org", "evil.example").replace("Call Anna", "Call Carla"))
        assert "Your account may not change a FTP destination" in text_of(page)
        assert "save rule" not in "".join(page.context["result"].plan.by_key["rules", "sports"].reasons)


def test_no_copy_of_an_upload_is_readable_by_others(admin_client, rule, uploads):
    upload(admin_client, exported().decode().replace("ftp.example.org", "other.example"))
    (kept,) = uploads.iterdir()
    assert Path(kept).stat().st_mode & 0o077 == 0
