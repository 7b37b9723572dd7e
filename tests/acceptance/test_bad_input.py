"""Bad input in rules, templates and objects: the save succeeds, a row says why, the rest goes on, one retry heals."""

from __future__ import annotations

import datetime
import decimal
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from pigeon_admin.conditions import OPERATORS, Condition, compile_conditions, operators_for, resolve
from pigeon_admin.exceptions import ConditionError
from pigeon_admin.models import ConditionRow, Delivery, FileDocument, Package, SaveRule
from pigeon_admin.tracking import disabled
from tests.acceptance.bad_input import Desk, in_words, push, retry_once, visible
from tests.factories import make_dummy, make_folder_destination, make_rule, make_template
from tests.newsdesk.models import Photo, Section, Story

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def partner(tmp_path):
    return make_folder_destination(tmp_path / "partner")


# --- a field that was since removed -----------------------------------------------------------------------------------------------


def test_a_condition_on_a_removed_field(desk, partner, tmp_path):
    rule = desk.rule_to(partner, conditions=[("title", "equals", "x")])
    ConditionRow.objects.filter(rule=rule).update(path="headline")
    rule.save()  # as after a deployment: the rules are compiled anew
    story = Story.objects.create(title="x")
    push()
    assert Story.objects.get() == story
    for delivery in desk.troubled:
        assert delivery.state == "failed"
        assert in_words(delivery.reason)
        assert rule.name in delivery.reason
        assert "headline" in delivery.reason
    desk.others_went_on()
    ConditionRow.objects.filter(rule=rule).update(path="title")
    rule.save()
    retry_once()
    assert [delivery.state for delivery in desk.troubled] == ["sent", "sent"]
    assert len(visible(tmp_path / "partner")) == 1


def test_a_watched_field_that_was_removed(desk, partner):
    rule = desk.rule_to(partner)
    SaveRule.objects.filter(pk=rule.pk).update(watched_fields=["headline"])
    SaveRule.objects.get(pk=rule.pk).save()
    Story.objects.create(title="x")
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert "headline" in delivery.reason
    desk.others_went_on()


def test_a_template_with_a_removed_field(desk, partner):
    template = make_template(source="<a>{{ object.headline }}</a>")
    desk.rule_to(partner, template=template)
    Story.objects.create(title="x")
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert "headline" in delivery.reason
    desk.others_went_on()
    template.source = "<a>{{ object.title }}</a>"
    template.save()
    retry_once()
    assert [delivery.state for delivery in desk.troubled] == ["sent", "sent"]


@pytest.mark.parametrize("relation, field, word", [("", "scan", "scan"), ("pictures", "image", "pictures")])
def test_a_file_document_on_a_removed_field(desk, partner, tmp_path, relation, field, word):
    rule = desk.rule_to(partner)
    FileDocument.objects.create(rule=rule, relation_path=relation, file_field=field)
    Story.objects.create(title="x")
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert word in delivery.reason
    assert visible(tmp_path / "partner") == {}
    desk.others_went_on()


# --- templates, files, objects ----------------------------------------------------------------------------------------------------


def test_a_template_that_fails_on_one_object(desk, partner, tmp_path):
    template = make_template(source="line\n{% if object.words > 5 %}{{ object.titel }}{% endif %}")
    desk.rule_to(partner, template=template)
    stories = [Story.objects.create(title=str(number), words=9 if number == 1 else 1) for number in range(3)]
    push()
    failed = Delivery.objects.filter(package__object_pk=str(stories[1].pk), package__rule=desk.rule)
    assert {delivery.state for delivery in failed} == {"failed"}
    for delivery in failed:
        assert in_words(delivery.reason)
        assert "titel" in delivery.reason
    assert sorted(visible(tmp_path / "partner")) == [f"{stories[0].pk}.xml", f"{stories[2].pk}.xml"]
    desk.others_went_on(3)
    template.source = "repaired"
    template.save()
    retry_once()
    assert len(visible(tmp_path / "partner")) == 3


def test_a_file_field_whose_file_is_gone(desk, partner, tmp_path):
    rule = desk.rule_to(partner)
    FileDocument.objects.create(rule=rule, file_field="attachment")
    story = Story.objects.create(title="x", attachment=ContentFile(b"scan", name="scan.pdf"))
    path = tmp_path / "media" / story.attachment.name
    path.unlink()
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert "scan.pdf" in delivery.reason
        assert "Upload it again" in delivery.reason
    assert visible(tmp_path / "partner") == {}
    desk.others_went_on()
    path.write_bytes(b"scan")
    retry_once()
    assert sorted(visible(tmp_path / "partner").values()) == [b"<story><title>x</title></story>", b"scan"]


def test_the_file_of_one_photo_of_many_is_gone(desk, partner, tmp_path):
    rule = desk.rule_to(partner)
    FileDocument.objects.create(rule=rule, relation_path="photos", file_field="image", directory="photos")
    story = Story.objects.create(title="x")
    photos = [
        Photo.objects.create(story=story, caption=str(number), image=ContentFile(b"x", name=f"{number}.jpg"))
        for number in range(3)
    ]
    (tmp_path / "media" / photos[1].image.name).unlink()
    push()
    assert {delivery.state for delivery in desk.troubled} == {"failed"}
    assert "photos/1.jpg" in desk.troubled[0].reason
    assert visible(tmp_path / "partner") == {}  # not two of the three
    desk.others_went_on()


def test_a_place_of_a_file_that_is_a_folder(desk, partner, tmp_path):
    rule = desk.rule_to(partner)
    FileDocument.objects.create(rule=rule, file_field="attachment")
    (tmp_path / "media" / "attachments").mkdir(parents=True)
    Story.objects.create(title="x", attachment="attachments")
    push()
    for delivery in desk.troubled:
        assert delivery.state in ("failed", "waiting")
        assert in_words(delivery.reason), delivery.reason
    desk.others_went_on()


def test_an_object_deleted_before_its_push(desk, partner, tmp_path):
    desk.rule_to(partner)
    Story.objects.create(title="Gone soon").delete()
    kept = Story.objects.create(title="kept")
    push()
    cancelled = Delivery.objects.filter(package__object_repr="Gone soon")
    assert {delivery.state for delivery in cancelled} == {"cancelled"}
    assert {delivery.reason for delivery in cancelled} == {"“Gone soon” was deleted before it could be sent."}
    assert list(visible(tmp_path / "partner")) == [f"{kept.pk}.xml"]


# --- a rule that raises -----------------------------------------------------------------------------------------------------------

MESSAGES = {
    "plain": "boom",
    "none": "",
    "a zero byte and half a character": "bad \x00 byte \ud800 half",
    "many lines": "first\nsecond\r\nthird\x1b[31m",
    "a book": "x" * 1_000_000,
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a transaction"])
def test_a_rule_that_raises(desk, partner, monkeypatch, message, inside):
    def judge(source):
        raise RuntimeError(message)

    broken = desk.rule_to(partner, conditions=[("title", "contains", "x")])
    with monkeypatch.context() as patch:
        patch.setitem(OPERATORS, "contains", replace(OPERATORS["contains"], judge=lambda path, wanted: judge))
        if inside:
            with transaction.atomic():
                story = Story.objects.create(title="x")
                Section.objects.create(name="after", slug="after")  # the transaction is still usable
        else:
            story = Story.objects.create(title="x")
        push()
    assert Story.objects.get() == story
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert broken.name in delivery.reason
        assert "could not judge" in delivery.reason
        assert len(delivery.reason) < 2000
    desk.others_went_on()
    broken.save()
    retry_once()
    assert {delivery.state for delivery in desk.troubled} == {"sent"}


def test_a_rule_whose_query_fails_breaks_no_transaction_of_the_host(desk, partner, monkeypatch):
    from pigeon_admin import judging

    def failing(self, path):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    desk.rule_to(partner, conditions=[("section__slug", "equals", "x")])
    with monkeypatch.context() as patch:
        patch.setattr(judging.DatabaseSource, "read", failing)
        with transaction.atomic():
            Story.objects.create(title="x", section=Section.objects.create(name="x", slug="x"))
            Story.objects.create(title="y")
    push()
    assert Story.objects.count() == 2
    assert [delivery.state for delivery in desk.troubled] == ["failed"] * 4
    assert all("the database said" in delivery.reason for delivery in desk.troubled)
    retry_once()
    assert sorted(delivery.state for delivery in desk.troubled) == ["cancelled"] * 2 + ["sent"] * 2


def test_a_regular_expression_that_never_ends(desk, partner):
    desk.rule_to(partner, conditions=[("body", "regex", r"^(a|aa)+$")])
    Story.objects.create(title="x", body="a" * 60 + "!")
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert "too long" in delivery.reason
    desk.others_went_on()


def test_an_object_whose_own_name_fails_or_is_strange(desk, partner, monkeypatch, tmp_path):
    desk.rule_to(partner)
    names = iter(["two\nlines", "a zero \x00 byte", "half \ud800 a character", "x" * 5000, ""])
    monkeypatch.setattr(Story, "__str__", lambda self: names.__next__())
    for number in range(6):  # the sixth raises StopIteration
        Story.objects.create(title=str(number))
    push()
    assert Story.objects.count() == 6
    assert {delivery.state for delivery in desk.troubled} == {"sent"}
    assert all(package.object_repr.isprintable() and package.object_repr for package in Package.objects.all())
    desk.others_went_on(6)


def test_a_reason_that_repeats_a_strange_name(desk, partner, monkeypatch):
    """What cannot be written to a database must not stop the run that wants to write it."""
    rule = desk.rule_to(partner)
    FileDocument.objects.create(rule=rule, file_field="attachment")
    monkeypatch.setattr(Story, "__str__", lambda self: "half \ud800, zero \x00,\nand long " + "x" * 5000)
    Story.objects.create(title="x", attachment="attachments/gone.pdf")
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert len(delivery.reason) <= 2000
    desk.others_went_on()


@pytest.mark.parametrize("name", ["../../../../etc/passwd", "/etc/passwd", "a\nb.pdf", "x" * 90 + ".pdf"])
def test_a_file_field_that_points_out_of_the_storage(desk, partner, tmp_path, name):
    rule = desk.rule_to(partner)
    FileDocument.objects.create(rule=rule, file_field="attachment")
    Story.objects.create(title="x", attachment=name)
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert "Upload it again" in delivery.reason
    assert visible(tmp_path / "partner") == {}
    desk.others_went_on()


def test_a_method_of_the_host_that_raises_in_a_template(desk, partner, monkeypatch):
    def get_absolute_url(self):
        raise ZeroDivisionError("no address")

    monkeypatch.setattr(Story, "get_absolute_url", get_absolute_url)
    desk.rule_to(partner, template=make_template(source="{{ object.get_absolute_url }}"))
    Story.objects.create(title="x")
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert "get_absolute_url" in delivery.reason or "no address" in delivery.reason
    desk.others_went_on()


# --- values of the wrong type -----------------------------------------------------------------------------------------------------

VALUES = [
    None, "", "12", "abc", 12, -1.5, float("nan"), float("inf"), 10**30, True, b"bytes", decimal.Decimal("1.23456"), ["a"], {"a": 1},
    datetime.date(2026, 12, 1), datetime.datetime(2026, 12, 1, 12, 0, tzinfo=datetime.UTC), "2026-12-01", "2026-12-01T12:00:00Z",
    datetime.timedelta(1), gettext_lazy("lazy"), mark_safe("safe"), Story.Status.PUBLISHED, Story, object(), "a\x00b", "x" * 5000, "😀",
]  # fmt: skip
FIELDS = [
    "title",
    "body",
    "status",
    "words",
    "price",
    "rating",
    "breaking",
    "embargo",
    "published_at",
    "event_date",
    "attachment",
]
SAMPLES = ["", "1", "1, 2", "yes", "2026-01-01", "2026-01-01, 2026-02-01", "3 days", "x"]


def outcomes_of(field, value):
    """What becomes of a creation and of a change with this value: the kinds of their errors, or that they succeed."""
    outcomes = []
    for story in (Story(title="new"), Story.objects.create(title="old")):
        setattr(story, field, value)
        try:
            with transaction.atomic():
                story.save()
                outcomes.append(Story.objects.filter(pk=story.pk).count())
        except Exception as error:
            outcomes.append(type(error))
        if outcomes[-1] == 1:
            setattr(story, field, VALUES[1])  # and away from it again: it is what the next save finds as the old value
            try:
                with transaction.atomic():
                    story.save()
                    outcomes.append("changed")
            except Exception as error:
                outcomes.append(type(error))
    return outcomes


def all_operators(field):
    """One condition for every operator that fits the field, with the first value that it takes."""
    for operator in operators_for(resolve(Story, field)):
        for value in SAMPLES:
            try:
                compile_conditions(Story, [Condition(field, operator.name, value)])
            except ConditionError:
                continue
            yield operator.name, value
            break


@pytest.mark.filterwarnings("ignore:DateTimeField .* received a naive datetime")
@pytest.mark.parametrize("field", FIELDS)
def test_values_of_the_wrong_type_save_as_they_would_without_rules(field):
    """Whatever is assigned: with a rule for every operator that fits, the save does exactly what it does without rules."""
    with disabled():
        expected = [outcomes_of(field, value) for value in VALUES]
    destinations = [make_dummy()]
    conditions = list(all_operators(field))
    assert len(conditions) >= 5
    for operator, value in conditions:
        make_rule(conditions=[(field, operator, value)], destinations=destinations)
    make_rule(watched_fields=[field], destinations=destinations)
    assert [outcomes_of(field, value) for value in VALUES] == expected
    assert all(in_words(delivery.reason) for delivery in Delivery.objects.filter(state="failed"))


def test_an_old_value_that_the_database_cannot_give_back(desk, partner):
    """SQLite keeps any number; Django cannot read one with too many digits as the field has it."""
    if connection.vendor != "sqlite":
        pytest.skip("other databases refuse such a number")
    desk.rule_to(partner, conditions=[("price", "changed")])
    with disabled():
        story = Story.objects.create(title="x")
        Story.objects.filter(pk=story.pk).update(price=10**30)
    story.price = decimal.Decimal(5)
    with transaction.atomic():
        story.save()
    push()
    for delivery in desk.troubled:
        assert (delivery.state, in_words(delivery.reason)) == ("failed", True)
        assert "could not judge" in delivery.reason
    assert len(desk.troubled) == 2
    desk.others_went_on()


def test_a_relation_given_as_a_text_or_an_object_that_is_not_saved(desk, partner):
    desk.rule_to(partner, conditions=[("section__slug", "equals", "sport")])
    section = Section.objects.create(name="Sport", slug="sport")
    Story.objects.create(title="text", section_id=str(section.pk))
    with pytest.raises(ValueError, match="unsaved"):
        Story.objects.create(title="unsaved", section=Section(name="x", slug="sport"))
    with pytest.raises((ValueError, ValidationError)):
        Story.objects.create(title="nonsense", section_id="nonsense")
    push()
    assert {delivery.state for delivery in desk.troubled} == {"sent"}
    desk.others_went_on()
