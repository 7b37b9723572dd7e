"""Values as people type them: what each kind of field takes, and what is said of the rest."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pigeon_admin.conditions import Condition, compile_condition, compile_conditions
from pigeon_admin.exceptions import ConditionError
from tests.conditions.sources import NOW, Given
from tests.newsdesk.models import Story


def matches(path, operator, value, seen):
    return compile_conditions(Story, [Condition(path, operator, value)]).answer(Given({path: seen}))


def error_of(path, operator, value):
    with pytest.raises(ConditionError) as caught:
        compile_condition(Story, Condition(path, operator, value))
    assert caught.value.part == "value"
    return str(caught.value)


@pytest.mark.parametrize(
    "path, operator, value, said",
    [
        ("published_at", "greater", "soon", "“soon” is not a date. Write it like 2026-12-31 or 2026-12-31 18:00."),
        ("published_at", "equals", "2026-02-30", "Write it like"),
        ("published_at", "equals", "2026-02-01 25:00", "Write it like"),
        ("published_at", "equals", "0001-01-01", "too far away"),
        ("event_date", "equals", "2026-12-31 18:00", "Write it like 2026-12-31."),
        ("words", "greater", "many", "Write it like 12."),
        ("words", "greater", "1.5", "not a whole number"),
        ("words", "greater", "9" * 5000, "not a whole number"),
        ("price", "less", "1,5", "with a point"),
        ("price", "less", "NaN", "not a number"),
        ("price", "equals", "1.2345", "only 3 digits"),
        ("price", "equals", "1000000000", "too large"),
        ("rating", "equals", "inf", "not a number"),
        ("breaking", "equals", "maybe", "Write yes or no."),
        ("status", "equals", "drafty", "Choose from: draft, published."),
        ("status", "in", "draft, drafty", "Choose from: draft, published."),
        ("section", "equals", "sports", "choose a field of it, such as section__…"),
        ("published_at", "within_last", "3 moons", "Write it like 30 minutes"),
        ("published_at", "within_last", "99999999 weeks", "too long"),
        ("event_date", "within_last", "3 hours", "days or weeks"),
        ("words", "between", "5", "Write two values"),
        ("words", "between", "1, 2, 3", "Write two values"),
        ("words", "between", "6, 5", "smaller value first"),
        ("title", "in", 'war, "peace', "quotation marks"),
        ("title", "in", " , ,", "list is empty"),
        ("title", "in", "\n".join(map(str, range(1001))), "at most 1000"),
        ("title", "regex", "(", "not a regular expression"),
        ("title", "regex", "a" * 1001, "too long"),
        ("title", "length_less", "short", "number of characters"),
        ("title", "contains", "a\0b", "invisible"),
        ("title", "contains", "\ud800", "half a character"),
        ("title", "contains", "", "Write a value, or choose the operator “is empty”."),
        ("title", "is_empty", "yes", "takes no value"),
        ("published_at", "changed_from", "soon", "is not a date"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(path, operator, value, said):
    assert said in error_of(path, operator, value)


@pytest.mark.parametrize(
    "path, operator, value, seen",
    [
        ("words", "equals", " 5 ", 5),
        ("price", "equals", "1.5", Decimal("1.500")),
        ("rating", "equals", "1e3", 1000.0),
        ("breaking", "equals", "Yes", True),
        ("breaking", "equals", "false", False),
        ("status", "equals", "published", "published"),
        ("status", "equals", "Published", "published"),
        ("status", "in", "Draft\npublished", "draft"),
        ("section", "equals", "7", 7),
        ("tags", "in", "7, 8", [1, 8]),
        ("title", "in", 'war, "Paris, Texas"', "Paris, Texas"),
        ("title", "in", "war\nParis, Texas", "Paris, Texas"),
        ("title", "in", 'say "no", yes', "yes"),
        ("words", "between", "1\n5", 5),
        ("event_date", "equals", "2026-6-5", "2026-06-05"),
        ("published_at", "equals", "2026-06-15 12:30", NOW),
        ("published_at", "equals", "2026-06-15T10:30Z", NOW),
        ("published_at", "equals", "2026-06-15 06:30-04:00", NOW),
        ("published_at", "equals", "2026-06-15", NOW),
        ("published_at", "within_last", "1 week", NOW - timedelta(days=7)),
    ],
)
def test_what_each_kind_takes(path, operator, value, seen):
    assert matches(path, operator, value, seen) is True


def test_a_number_too_large_for_any_column_is_only_never_equal():
    assert matches("words", "equals", "9" * 30, 5) is False
    assert matches("words", "less", "9" * 30, 5) is True


ZONES = [
    "Europe/Paris",
    "America/New_York",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "UTC",
]
# In these places midnight itself, or the whole day, was once skipped or repeated.
ODD_DAYS = [
    date(2018, 11, 4),
    date(2018, 2, 18),
    date(2011, 12, 30),
    date(2026, 3, 29),
    date(2026, 10, 25),
    date(2014, 5, 16),
    date(2014, 9, 26),
]


@pytest.mark.parametrize("zone", ZONES)
def test_a_date_means_the_whole_local_day_however_long(zone, settings):
    settings.TIME_ZONE = zone

    @hypothesis.settings(deadline=None, database=None)
    @given(st.sampled_from(ODD_DAYS) | st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.integers(-1, 2), st.integers(-60, 60))
    def whole(wanted, days, quarters):
        midnight = datetime.combine(wanted + timedelta(days=days), time(), ZoneInfo(zone)).astimezone(UTC)
        moment = midnight + timedelta(minutes=quarters * 15)
        local = moment.astimezone(ZoneInfo(zone)).date()
        assert matches("published_at", "equals", str(wanted), moment) is (local == wanted)
        assert matches("published_at", "greater", str(wanted), moment) is (local > wanted)
        assert matches("published_at", "greater_or_equal", str(wanted), moment) is (local >= wanted)
        assert matches("published_at", "less", str(wanted), moment) is (local < wanted)
        assert matches("published_at", "less_or_equal", str(wanted), moment) is (local <= wanted)

    whole()


def test_the_repeated_hour_of_autumn_has_two_half_past_twos():
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    paris = ZoneInfo("Europe/Paris")
    assert matches("published_at", "equals", "2026-10-25 02:30", first) is True
    assert matches("published_at", "equals", "2026-10-25 02:30", second.astimezone(paris)) is False
    assert matches("published_at", "greater", "2026-10-25 02:30", second.astimezone(paris)) is True


def test_a_date_for_ever_is_no_error():
    assert matches("published_at", "less_or_equal", "9999-12-31", NOW) is True
    assert matches("published_at", "greater", "9999-12-31", NOW) is False
    assert matches("published_at", "equals", "9999-12-31", datetime(9999, 12, 31, 12, tzinfo=UTC)) is True


def test_a_site_without_time_zones_compares_by_its_clock(settings):
    settings.USE_TZ = False
    assert matches("published_at", "equals", "2026-06-15", datetime(2026, 6, 15, 23, 59)) is True
    assert matches("published_at", "equals", "2026-06-15", datetime(2026, 6, 16)) is False
    assert matches("published_at", "within_last", "1 hour", datetime(2026, 6, 15, 12, 0)) is True  # 12:30 in Paris
    assert matches("published_at", "in_past", "", datetime(2026, 6, 15, 12, 31)) is False
