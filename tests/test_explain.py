"""``pigeon_explain`` says of each rule and each condition what it saw."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from pigeon_admin.models import Package, SaveRule
from tests.factories import make_rule
from tests.newsdesk.models import Section, Story

pytestmark = pytest.mark.django_db(transaction=True)


def explain(capsys, obj):
    call_command("pigeon_explain", obj._meta.label, str(obj.pk))
    return capsys.readouterr().out


def test_each_condition_with_the_value_seen(capsys):
    make_rule(name="Sport", conditions=[("section__slug", "equals", "sport"), ("title", "contains", "goal")])
    story = Story.objects.create(title="Own goal", section=Section.objects.create(name="News", slug="news"))
    lines = explain(capsys, story).splitlines()
    assert "Sport" in lines[1]
    assert "does not match" in lines[1]
    assert "✗" in lines[2]
    assert "news" in lines[2]
    assert "✓" in lines[3]
    assert "Own goal" in lines[3]


def test_what_else_keeps_a_rule_from_sending(capsys):
    make_rule(state=SaveRule.State.DRAFT, on_update=False, watched_fields=["title"])
    out = explain(capsys, Story.objects.create(title="x"))
    assert "draft, sends nothing" in out
    assert "when created" in out
    assert "when changed" not in out
    assert "title" in out
    assert "every object matches" in out


def test_a_rule_that_cannot_judge_says_why(capsys):
    make_rule(conditions=[("headline", "equals", "x")])
    out = explain(capsys, Story.objects.create(title="x"))
    assert "cannot be judged" in out
    assert "headline" in out


def test_it_writes_nothing(capsys):
    story = Story.objects.create(title="x")
    make_rule()
    explain(capsys, story)
    assert Package.objects.count() == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("newsdesk.Nothing", "1"), "no model"),
        (("nonsense", "1"), "APP.MODEL"),
        (("newsdesk.Story", "999"), "There is no newsdesk.Story"),
        (("newsdesk.Story", "abc"), "cannot be a primary key"),
    ],
)
def test_what_is_not_there_is_said_in_words(arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("pigeon_explain", *arguments)
