"""Conditions about the change: what was, and what is."""

import pytest
from django.db.models import F, Q

from pigeon_admin.conditions import UNKNOWN, Condition, compile_conditions
from tests.conditions.sources import NOW, Given
from tests.newsdesk.models import Story


def answer(operator, value, before, now, *, created=False, path="status"):
    conditions = compile_conditions(Story, [Condition(path, operator, value)])
    return conditions.answer(Given({path: now}, {path: before}, created=created))


@pytest.mark.parametrize(
    "operator, value, before, now, expected",
    [
        ("changed", "", "draft", "published", True),
        ("changed", "", "draft", "draft", False),
        ("changed", "", UNKNOWN, "draft", None),
        ("changed", "", "draft", UNKNOWN, None),
        ("changed_from", "draft", "draft", "published", True),
        ("changed_from", "draft", "draft", "draft", False),
        ("changed_from", "draft", "published", "draft", False),
        ("changed_from", "draft", "other", UNKNOWN, False),
        ("changed_from", "draft", UNKNOWN, "draft", False),
        ("changed_from", "draft", UNKNOWN, "published", None),
        ("changed_from", "(empty)", "", "draft", True),
        ("changed_to", "published", "draft", "published", True),
        ("changed_to", "published", "published", "published", False),
        ("changed_to", "published", UNKNOWN, "draft", False),
        ("changed_to", "published", UNKNOWN, "published", None),
        ("changed_to", "(empty)", "draft", None, True),
        ("changed_to", "(empty)", "", None, False),
    ],
)
def test_a_change_compares_before_and_now(operator, value, before, now, expected):
    assert answer(operator, value, before, now) is expected


@pytest.mark.parametrize(
    "operator, value, now, expected",
    [
        ("changed", "", "draft", True),
        ("changed", "", UNKNOWN, True),
        ("changed_from", "draft", "draft", False),
        ("changed_to", "draft", "draft", True),
        ("changed_to", "draft", "published", False),
        ("changed_to", "draft", UNKNOWN, None),
    ],
)
def test_on_creation_everything_is_new(operator, value, now, expected):
    assert answer(operator, value, UNKNOWN, now, created=True) is expected


def test_whether_it_is_new_may_not_be_known_yet():
    assert answer("changed", "", "draft", "published", created=None) is None
    assert answer("changed_to", "draft", "other", "published", created=None) is False
    assert answer("changed_to", "draft", "other", "draft", created=None) is True  # either way
    assert answer("changed_from", "draft", "draft", "published", created=None) is None


def test_what_means_the_same_has_not_changed():
    assert answer("changed", "", 5, "5", path="words") is False
    assert answer("changed", "", 5, F("words"), path="words") is None
    assert answer("changed", "", None, "", path="attachment") is False
    assert answer("changed", "", None, "", path="subtitle") is True
    assert answer("changed", "", [3, 1, 2], [1, 2, 3], path="tags") is False
    assert answer("changed", "", [1], [1, 2], path="tags") is True
    assert answer("changed_to", "2", [1], [1, 2], path="tags") is True
    assert answer("changed_from", "(empty)", [None], [1, 2], path="tags") is True


def test_what_must_still_hold_later_leaves_out_the_change():
    rows = [
        Condition("status", "changed_to", "published"),
        Condition("title", "contains", "war"),
        Condition("words", "changed", group=2),
    ]
    later = compile_conditions(Story, rows[:2]).state_only()
    assert later.answer(Given({"title": "war"})) is True
    assert later.answer(Given({"title": "peace"})) is False
    assert later.before_paths == ()
    # A group of which nothing is left holds: its change has happened.
    assert compile_conditions(Story, rows).state_only().answer(Given({"title": "peace"})) is True
    assert compile_conditions(Story, rows).state_only().query("sqlite", NOW) == (Q(), True)


def test_it_says_which_values_it_needs():
    conditions = compile_conditions(
        Story, [Condition("status", "changed"), Condition("title", "equals", "war"), Condition("title", "contains", "w")]
    )
    assert [path.path for path in conditions.paths] == ["status", "title"]
    assert [path.path for path in conditions.before_paths] == ["status"]


def test_a_query_cannot_see_a_change():
    for negate in (False, True):
        conditions = compile_conditions(Story, [Condition("status", "changed", negate=negate)])
        assert conditions.query("sqlite", NOW) == (Q(), False)
