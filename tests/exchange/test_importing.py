"""What an import does with each entry, and that it does all or nothing."""

import json

import pytest
from django.utils import timezone

from pigeon_admin.models import (
    ConditionRow,
    Destination,
    DummyDestination,
    ExportTemplate,
    FtpDestination,
    HttpDestination,
    Rule,
    RuleSetVersion,
    SaveRule,
    TemplateDocument,
)
from tests.exchange.conftest import emptied, exported, imported, outcomes, reasons

pytestmark = pytest.mark.django_db


def document(**lists):
    return {"format": "pigeon_admin.rule_set", "version": 1, **lists}


def import_document(**lists):
    return imported(json.dumps(document(**lists)), "json")


def edited(change, name="json"):
    """The exported document, changed by ``change``, as JSON text."""
    data = json.loads(exported("json"))
    change(data)
    return json.dumps(data)


def entry(data, section, slug):
    return next(entry for entry in data[section] if entry["slug"] == slug)


def tokens():
    return list(RuleSetVersion.objects.values_list("token", flat=True))


def test_what_is_here_already_is_unchanged_and_nothing_is_written(rule, django_assert_num_queries):
    before, modified = tokens(), Rule.objects.get().modified_at
    result = imported(exported())
    assert set(outcomes(result).values()) == {"unchanged"}
    assert tokens() == before
    assert Rule.objects.get().modified_at == modified


def test_a_preview_writes_nothing_and_says_the_same_as_the_import(rule):
    text = exported()
    emptied()
    preview = imported(text, dry_run=True)
    assert not Rule.objects.exists()
    assert not Destination.objects.exists()
    after = imported(text)
    assert outcomes(preview) == outcomes(after)
    assert preview.plan.digest == after.plan.digest


def test_a_changed_value_is_named_with_old_and_new_and_the_rest_keeps_its_keys(rule):
    rows, documents = (
        set(rule.condition_rows.values_list("pk", flat=True)),
        set(rule.template_documents.values_list("pk", flat=True)),
    )

    def change(data):
        sports = entry(data, "rules", "sports")
        sports["notes"] = "Call Carla."
        sports["conditions"]["any"][0]["all"].append({"field": "words", "is": "greater", "value": "3"})

    result = imported(edited(change), "json")
    assert outcomes(result) == {
        "sports": "changed",
        "nitf": "unchanged",
        "caption": "unchanged",
        "agency": "unchanged",
        "archive": "unchanged",
        "portal": "unchanged",
    }
    differences = {each.name: (each.old, each.new) for each in result.plan.by_key["rules", "sports"].differences}
    assert differences["notes"] == ("Call Anna.\nOr Bob.", "Call Carla.")
    assert set(differences) == {"notes", "conditions"}
    rule.refresh_from_db()
    assert rule.notes == "Call Carla."
    assert [row.path for row in rule.condition_rows.all()] == ["section__slug", "status", "words", "breaking"]
    assert rows < set(rule.condition_rows.values_list("pk", flat=True))
    assert documents == set(rule.template_documents.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)  # one token stands for all edits of a transaction
def test_a_change_makes_other_processes_notice(rule):
    before = tokens()
    imported(edited(lambda data: entry(data, "rules", "sports").update(notes="new")), "json")
    assert tokens() != before


def test_rows_and_documents_and_destinations_that_the_document_does_not_name_go(rule):
    def change(data):
        sports = entry(data, "rules", "sports")
        del sports["conditions"]["any"][0]
        del sports["documents"][0]
        sports["destinations"] = ["agency"]

    kept = rule.condition_rows.get(path="breaking").pk
    imported(edited(change), "json")
    rule.refresh_from_db()
    assert [(row.pk, row.group, row.negate) for row in rule.condition_rows.all()] == [(kept, 1, True)]
    assert [document.template.slug for document in rule.template_documents.all()] == ["caption"]
    assert [destination.slug for destination in rule.destinations.all()] == ["agency"]
    assert Destination.objects.count() == 3, "what no rule of the document needs any more is not deleted"


def test_missing_keys_mean_the_usual_values(db):
    result = import_document(
        destinations=[{"kind": "dummy", "slug": "d", "name": "D"}],
        rules=[{"kind": "save", "slug": "r", "name": "R", "model": "newsdesk.story"}],
    )
    assert outcomes(result) == {"d": "created", "r": "created"}
    rule = SaveRule.objects.get()
    assert (rule.state, rule.on_create, rule.on_update, rule.on_delete, rule.watched_fields) == ("draft", True, True, False, [])
    assert DummyDestination.objects.get().timeout == 30


def test_the_model_may_be_written_as_python_writes_it(db):
    import_document(rules=[{"kind": "save", "slug": "r", "name": "R", "model": "newsdesk.Story"}])
    assert SaveRule.objects.get().model == "newsdesk.story"


class TestSecrets:
    def test_are_in_no_document(self, rule):
        for name in ("json", "yaml"):
            text = exported(name).decode()
            for secret in ("ftp-p", "sftp-password", "KEY\n", "phrase\n", "http-token"):
                assert secret not in text
            for token in (FtpDestination.objects.get().password.token, HttpDestination.objects.get().token.token):
                assert token not in text
            assert "ssh-ed25519 AAAA" in text, "the host key is public"

    def test_hidden_in_other_fields_are_left_out_too(self, rule):
        HttpDestination.objects.update(
            url="https://bob:hunter2@partner.example/{path}?api_key=hunter2&key={key}&page=1",
            headers={"Authorization": "Bearer hunter2", "X-Api-Key": "hunter2", "Cookie": "hunter2", "X-Feed": "sports"},
            ca_certificates="-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n",
        )
        Destination.objects.update(notes="Old: ftp://bob:hunter2@ftp.example.org/in")
        text = exported("json").decode()
        assert "hunter2" not in text
        portal = entry(json.loads(text), "destinations", "portal")
        assert portal["url"] == "https://partner.example/{path}?api_key=&key={key}&page=1"
        assert portal["headers"] == {"X-Feed": "sports"}
        assert portal["notes"] == "Old: ftp://ftp.example.org/in"

    def test_that_are_stored_here_stay(self, rule):
        HttpDestination.objects.update(url="https://partner.example/{path}?access_token=hunter2")
        imported(edited(lambda data: [destination.update(timeout=77) for destination in data["destinations"]]), "json")
        agency, portal = FtpDestination.objects.get(), HttpDestination.objects.get()
        assert (agency.timeout, portal.timeout) == (77, 77)
        assert agency.password.reveal() == "ftp-pässword"
        assert portal.token.reveal() == "http-token"
        assert portal.url.endswith("hunter2")

    def test_a_new_destination_says_that_its_password_is_missing(self, rule):
        text = exported()
        emptied()
        notes = imported(text).plan.by_key["destinations", "agency"].notes
        assert any("password has to be entered before it can send, if" in note for note in notes)

    @pytest.mark.parametrize(
        "values, words",
        [
            ({"password": "x"}, "“password” is a secret"),
            ({"notes": "ftp://a:b@c"}, "“notes” holds a password or key"),
        ],
    )
    def test_in_a_document_are_refused(self, db, values, words):
        result = import_document(destinations=[{"kind": "ftp", "slug": "f", "name": "F", "host": "h", **values}])
        assert words in reasons(result)
        assert not Destination.objects.exists()


class TestRefusals:
    @pytest.mark.parametrize(
        "section, values, words",
        [
            ("destinations", {"kind": "carrier", "slug": "x", "name": "X"}, "no kind “carrier”"),
            ("destinations", {"kind": "ftp", "slug": "x", "name": "X", "hots": "h"}, "“hots” is not known here"),
            (
                "destinations",
                {"kind": "ftp", "slug": "x", "name": "X", "host": "h", "port": "21"},
                "“port” must be a whole number, not “21”",
            ),
            (
                "destinations",
                {"kind": "ftp", "slug": "x", "name": "X", "host": "h", "port": True},
                "“port” must be a whole number",
            ),
            ("destinations", {"kind": "ftp", "slug": "x", "name": "X", "host": "h", "port": 10**30}, "“port”"),
            ("destinations", {"kind": "ftp", "slug": "x", "name": "X", "host": "h", "security": "rot13"}, "“security”"),
            (
                "destinations",
                {"kind": "ftp", "slug": "x", "name": 7, "host": "h"},
                "“name” must be text, not 7. Put it in quotes.",
            ),
            ("destinations", {"kind": "ftp", "slug": "x", "name": "X", "host": None}, "“host” must not be null"),
            ("destinations", {"kind": "ftp", "slug": "x", "name": "X"}, "“host”"),
            ("destinations", {"kind": "dummy", "slug": "a b", "name": "X"}, "“slug”"),
            ("templates", {"slug": "x", "name": "X", "file_name": "a", "source": "{% for %}"}, "“source”"),
            ("templates", {"slug": "x", "name": "X", "file_name": "{{ a", "source": "{{ b }}"}, "“file_name”"),
            ("rules", {"kind": "save", "slug": "x", "name": "X", "model": "gone.story"}, "no content “gone.story”"),
            ("rules", {"kind": "save", "slug": "x", "name": "X", "model": "auth.user"}, "“auth.user”"),
            (
                "rules",
                {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "state": "live"},
                "at least one document",
            ),
            ("rules", {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "state": "loud"}, "“state”"),
            (
                "rules",
                {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "watched_fields": ["titel"]},
                "titel",
            ),
            (
                "rules",
                {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "watched_fields": "title"},
                "list of field names",
            ),
            (
                "rules",
                {
                    "kind": "save",
                    "slug": "x",
                    "name": "X",
                    "model": "newsdesk.story",
                    "conditions": {"any": [{"all": [{"field": "titel", "is": "equals"}]}]},
                },
                "titel",
            ),
            (
                "rules",
                {
                    "kind": "save",
                    "slug": "x",
                    "name": "X",
                    "model": "newsdesk.story",
                    "conditions": {"any": [{"all": [{"field": "title", "is": "resembles"}]}]},
                },
                "resembles",
            ),
            (
                "rules",
                {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "conditions": {"all": []}},
                "onditions",
            ),
            (
                "rules",
                {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "destinations": ["nobody"]},
                "“x” needs the destination “nobody”, which is neither in the file nor on this site",
            ),
            (
                "rules",
                {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "destinations": "agency"},
                "must be a list of short names",
            ),
            (
                "rules",
                {
                    "kind": "save",
                    "slug": "x",
                    "name": "X",
                    "model": "newsdesk.story",
                    "documents": [{"kind": "template", "template": "none"}],
                },
                "the export template “none”",
            ),
            (
                "rules",
                {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "documents": [{"kind": "template"}]},
                "“documents[1].template” is missing",
            ),
            (
                "rules",
                {
                    "kind": "save",
                    "slug": "x",
                    "name": "X",
                    "model": "newsdesk.story",
                    "documents": [{"kind": "file", "file_field": "titel"}],
                },
                "documents[1]",
            ),
            (
                "rules",
                {"kind": "save", "slug": "x", "name": "X", "model": "newsdesk.story", "documents": [{"kind": "fax"}]},
                "“documents[1].kind” must say its kind",
            ),
            (
                "rules",
                {
                    "kind": "save",
                    "slug": "x",
                    "name": "X",
                    "model": "newsdesk.story",
                    "documents": [{"kind": "file", "file_field": "attachment", "filename": "x"}],
                },
                "“documents[1].filename” is not known here",
            ),
        ],
    )
    def test_one_wrong_entry_stops_all(self, db, section, values, words):
        lists = {"destinations": [{"kind": "dummy", "slug": "good", "name": "Good"}]}
        lists[section] = [*lists.get(section, []), values]
        result = import_document(**lists)
        assert words in reasons(result)
        assert outcomes(result)["good"] == "created"
        assert not Destination.objects.exists(), "nothing of it is written"

    @pytest.mark.parametrize(
        "data, words",
        [
            ([], "not a rule set"),
            ({"format": "something"}, "not a rule set"),
            (document() | {"version": 2}, "version 2; this site reads up to version 1"),
            (document() | {"version": "1"}, "whole number"),
            (document(batches=[]), "“batches” that is not known here"),
            (document(rules={}), "“rules” must be a list"),
            (document(rules=["x"]), "rules[1] must be an entry"),
            (document(rules=[{"kind": "save"}]), "rules[1] needs a “slug”"),
            (document(rules=[{"slug": "x"}]), "rules[1] needs a “kind”"),
            (document(templates=[{"slug": "x"}, {"slug": "x"}]), "templates[2]: the short name “x” stands twice"),
        ],
    )
    def test_what_is_no_rule_set_is_refused_as_a_whole(self, db, data, words):
        from pigeon_admin.exceptions import RuleSetError

        with pytest.raises(RuleSetError) as caught:
            imported(json.dumps(data), "json")
        assert words in str(caught.value)

    def test_another_kind_of_the_same_name(self, rule):
        result = imported(json.dumps(document(destinations=[{"kind": "dummy", "slug": "agency", "name": "Agency"}])), "json")
        assert "“agency” is of another kind here (FTP destination, “ftp”) than in the file (dummy destination)" in reasons(result)

    def test_what_the_account_may_not_do(self, rule):
        text = edited(lambda data: entry(data, "rules", "sports").update(notes="x"))
        result = imported(text, "json", allowed=lambda action, model: (action, model) != ("change", SaveRule))
        assert "may not change a save rule" in reasons(result)
        assert imported(exported(), allowed=lambda *_asked: False).plan.refused == [], "what stays as it is needs no permission"


class TestArchived:
    def test_rules_and_destinations_are_not_exported(self, rule):
        FtpDestination.objects.get().delete()
        Destination.objects.filter(slug="agency").update(archived_at=timezone.now())
        data = json.loads(exported("json"))
        assert entry(data, "rules", "sports")["destinations"] == ["archive", "portal"] or "agency" not in json.dumps(data)
        Rule.objects.update(archived_at=timezone.now())
        assert json.loads(exported("json"))["rules"] == []

    def test_come_back_when_the_document_has_them(self, rule):
        text = exported()
        Rule.objects.update(archived_at=timezone.now())
        Destination.objects.filter(slug="portal").update(archived_at=timezone.now())
        result = imported(text)
        assert outcomes(result)["sports"] == outcomes(result)["portal"] == "changed"
        assert any("brings it back" in note for note in result.plan.by_key["rules", "sports"].notes)
        assert not Rule.objects.exclude(archived_at=None).exists()
        assert exported() == text

    def test_destinations_cannot_be_referred_to(self, rule):
        Destination.objects.filter(slug="agency").update(archived_at=timezone.now())
        result = import_document(
            rules=[{"kind": "save", "slug": "r", "name": "R", "model": "newsdesk.story", "destinations": ["agency"]}]
        )
        assert "“agency”, which is archived on this site" in reasons(result)

    def test_links_to_them_are_left_alone(self, rule):
        Destination.objects.filter(slug="agency").update(archived_at=timezone.now())
        imported(edited(lambda data: entry(data, "rules", "sports").update(destinations=["archive"])), "json")
        assert {destination.slug for destination in rule.destinations.all()} == {"agency", "archive"}


def test_a_live_rule_says_that_it_goes_live(rule):
    text = exported()
    emptied()
    assert any("live at once" in note for note in imported(text).plan.by_key["rules", "sports"].notes)


def test_an_error_of_the_database_rolls_all_back(rule, monkeypatch):
    text = exported()
    emptied()

    def save(*_args, **_kwargs):
        raise RuntimeError("disk full")

    monkeypatch.setattr(ConditionRow, "save", save)
    result = imported(text)
    assert result.has_errors()
    assert not Destination.objects.exists()
    assert not ExportTemplate.objects.exists()
    assert not TemplateDocument.objects.exists()
