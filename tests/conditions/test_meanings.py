"""What each operator means, said independently of both evaluations, to the edge."""

import re
import sys
from datetime import date, timedelta

import pytest

from pigeon_admin.conditions import OPERATORS, Condition, compile_conditions
from pigeon_admin.conditions.texts import PLAIN_RUN
from tests.conditions.sources import NOW, Given
from tests.newsdesk.models import Story

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
TODAY = date(2026, 6, 15)


def holds(path, operator, value, seen):
    return compile_conditions(Story, [Condition(path, operator, value)]).answer(Given({path: seen}))


MOMENTS = [
    ("within_last", "3 days", [NOW, NOW - 3 * DAY], [NOW + TICK, NOW - 3 * DAY - TICK]),
    ("within_next", "3 days", [NOW, NOW + 3 * DAY], [NOW - TICK, NOW + 3 * DAY + TICK]),
    ("older_than", "3 days", [NOW - 3 * DAY - TICK], [NOW - 3 * DAY, NOW]),
    ("further_than", "3 days", [NOW + 3 * DAY + TICK], [NOW + 3 * DAY, NOW]),
    ("in_past", "", [NOW, NOW - TICK], [NOW + TICK]),
    ("in_future", "", [NOW + TICK], [NOW, NOW - TICK]),
    ("is_today", "", [NOW, NOW.replace(hour=0) - timedelta(minutes=150)], [NOW + DAY / 2, NOW - DAY]),
    ("between", "2026-06-14\n2026-06-15 12:30", [NOW, NOW - DAY], [NOW + TICK, NOW - 2 * DAY]),
]
DATES = [
    ("within_last", "3 days", [TODAY, TODAY - 3 * DAY], [TODAY + DAY, TODAY - 4 * DAY]),
    ("within_next", "1 week", [TODAY, TODAY + 7 * DAY], [TODAY - DAY, TODAY + 8 * DAY]),
    ("older_than", "3 days", [TODAY - 4 * DAY], [TODAY - 3 * DAY]),
    ("further_than", "3 days", [TODAY + 4 * DAY], [TODAY + 3 * DAY]),
    ("in_past", "", [TODAY - DAY], [TODAY]),
    ("in_future", "", [TODAY + DAY], [TODAY]),
    ("is_today", "", [TODAY], [TODAY - DAY, TODAY + DAY]),
]
NUMBERS = [
    ("equals", "5", [5], [4, 6]),
    ("in", "5, 7", [5, 7], [6]),
    ("greater", "5", [6], [5, 4]),
    ("greater_or_equal", "5", [5, 6], [4]),
    ("less", "5", [4], [5, 6]),
    ("less_or_equal", "5", [5, 4], [6]),
    ("between", "5\n7", [5, 6, 7], [4, 8]),
]
TEXTS = [
    ("equals", "war", ["war"], ["War", "war ", "wär", "a war"]),
    ("in", "war, peace", ["war", "peace"], ["War", "war, peace"]),
    ("contains", "War", ["The War"], ["The war", "Wär"]),
    ("icontains", "WAR", ["the war", "The War"], ["wär", "wa r"]),
    ("icontains", "strasse", ["Große Straße", "STRASSE"], ["Strase"]),
    ("icontains", "kelvin", ["\u212aelvin"], ["elvin"]),
    ("starts_with", "war", ["war and peace"], ["War", " war"]),
    ("ends_with", "war", ["peace and war"], ["war "]),
    ("regex", "^w.r$", ["war", "wir"], ["a war", "War"]),
    ("length_equals", "3", ["war", "é😀a"], ["wa", "wars"]),
    ("length_greater", "3", ["wars"], ["war"]),
    ("length_less", "3", ["wa", ""], ["war"]),
]
TABLE = [
    (path, *row)
    for path, rows in [("published_at", MOMENTS), ("event_date", DATES), ("words", NUMBERS), ("title", TEXTS)]
    for row in rows
]


@pytest.mark.parametrize("path, operator, value, yes, no", TABLE)
def test_an_operator_means_what_it_says_to_the_edge(path, operator, value, yes, no):
    assert [seen for seen in yes if holds(path, operator, value, seen) is not True] == []
    assert [seen for seen in no if holds(path, operator, value, seen) is not False] == []


def test_every_operator_about_a_state_has_its_meaning_written_down():
    elsewhere = {"not_equals", "is_empty"}  # in test_judging
    about_state = {name for name, operator in OPERATORS.items() if not operator.about_change}
    assert about_state == {operator for _path, operator, *_rest in TABLE} | elsewhere


def test_the_plain_characters_are_folded_to_by_their_own_two_cases_only():
    plain = {chr(code) for code in range(128) if PLAIN_RUN.fullmatch(chr(code))}
    assert {"b", "r", "0", "%"} <= plain
    strangers = {
        (char, folded)
        for char in map(chr, range(128, sys.maxunicode + 1))
        for folded in char.casefold()
        if folded in plain or folded.upper() in plain
    }
    assert strangers == set()
    assert re.fullmatch(PLAIN_RUN, "k") is None
