"""An explanation shows each condition in words, with what it saw."""

import json

from pigeon_admin.conditions import UNKNOWN, Condition, compile_conditions
from tests.conditions.sources import NOW, Given
from tests.newsdesk.models import Story


def explained(condition, now=UNKNOWN, before=UNKNOWN, *, created=False):
    path = condition.path
    (row,) = compile_conditions(Story, [condition]).explain(Given({path: now}, {path: before}, created=created))
    return row


def test_words_and_the_value_seen():
    row = explained(Condition("title", "contains", "war"), "war and peace")
    assert row.as_json() == {"words": "title contains “war”", "seen": "war and peace", "matched": True, "group": 1}


def test_not_is_said_and_judged():
    row = explained(Condition("section__slug", "is_empty", negate=True, group=2), "sports")
    assert (row.words, row.matched, row.group) == ("not: section › slug is empty", True, 2)


def test_a_list_is_written_on_one_line():
    assert explained(Condition("title", "in", "war\npeace"), "war").words == "title is one of “war, peace”"


def test_values_are_shown_for_people():
    assert explained(Condition("published_at", "in_past"), NOW).seen == "2026-06-15 12:30"
    assert explained(Condition("breaking", "equals", "yes"), True).seen == "yes"
    assert explained(Condition("tags__name", "equals", "x"), ["war", "peace"]).seen == "war, peace"
    assert explained(Condition("title", "is_empty"), "").seen == "(empty)"
    assert explained(Condition("tags", "is_empty"), [None]).seen == "(empty)"
    assert explained(Condition("title", "is_empty")).seen == "(not known)"


def test_a_change_shows_both_sides():
    assert explained(Condition("status", "changed"), "published", "draft").seen == "draft → published"
    assert explained(Condition("status", "changed"), "draft", created=True).seen == "new: draft"


def test_what_is_shown_stays_short_and_fits_json():
    row = explained(Condition("body", "contains", "x" * 500), ["y" * 100_000] * 100)
    assert len(row.seen) <= 200
    assert len(row.words) <= 230
    assert json.dumps(row.as_json())


def test_every_row_is_explained_even_when_the_answer_is_known():
    rows = compile_conditions(Story, [Condition("title", "equals", "a"), Condition("words", "greater", "5")]).explain(
        Given({"title": "b", "words": 6})
    )
    assert [row.matched for row in rows] == [False, True]
