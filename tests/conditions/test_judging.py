"""Judging in Python: three answers, groups, missing and ill-typed values."""

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st

from pigeon_admin.conditions import OPERATORS, UNKNOWN, Condition, compile_conditions, operators_for, resolve
from pigeon_admin.exceptions import ConditionError
from tests.conditions.sources import NOW, Given
from tests.newsdesk.models import Story


def answer(conditions, **values):
    return compile_conditions(Story, conditions).answer(Given(values))


def one(path, operator, value="", *, negate=False, **values):
    return answer([Condition(path, operator, value, negate)], **values)


def test_no_conditions_hold_for_every_object():
    assert answer([]) is True
    assert compile_conditions(Story, []).query("sqlite", NOW)[1] is True


def test_any_value_is_enough_and_not_means_none():
    assert one("tags__name", "equals", "war", tags__name=["peace", "war"]) is True
    assert one("tags__name", "equals", "war", negate=True, tags__name=["peace", "war"]) is False
    assert one("tags__name", "not_equals", "war", tags__name=["peace", "war"]) is False
    assert one("tags__name", "not_equals", "war", negate=True, tags__name=["peace", "war"]) is True


@pytest.mark.parametrize("path", ["title", "words", "published_at", "breaking", "attachment", "tags", "section"])
def test_a_missing_value_satisfies_nothing_but_is_empty(path):
    values = {"words": "5", "published_at": "2026-06-15", "breaking": "yes", "section": "5", "tags": "5"}
    for operator in operators_for(resolve(Story, path)):
        if operator.about_change:
            continue
        value = values.get(path, "5")
        if operator.name == "between":
            value = f"{value}\n{value}"
        if operator.needs_value and operator.kinds == {"date", "datetime"}:
            value = "3 days"
        expected = (operator.name == "is_empty") is not operator.negated
        assert one(path, operator.name, value if operator.needs_value else "", **{path: [None]}) is expected, operator.name


@pytest.mark.parametrize(
    "path, value", [("title", ""), ("title", None), ("attachment", ""), ("tags", None), ("tags__name", ""), ("words", None)]
)
def test_empty_is_none_or_an_empty_text_or_no_file_or_no_related_object(path, value):
    assert one(path, "is_empty", **{path: value}) is True


@pytest.mark.parametrize("path, value", [("title", " "), ("words", 0), ("breaking", False), ("attachment", "a.pdf")])
def test_zero_and_no_and_a_blank_are_not_empty(path, value):
    assert one(path, "is_empty", **{path: value}) is False


def test_what_a_field_would_make_of_the_value_is_what_is_judged():
    assert one("title", "equals", "5", title=5) is True
    assert one("words", "equals", "5", words="5") is True
    assert one("price", "equals", "1.5", price=1.5) is True
    assert one("price", "equals", "1.235", price=Decimal("1.2346")) is True  # three decimals are kept
    assert one("event_date", "equals", "2026-06-15", event_date="2026-06-15") is True
    assert one("event_date", "equals", "2026-06-16", event_date=datetime(2026, 6, 15, 22, 30, tzinfo=UTC)) is True  # in Paris
    assert one("published_at", "equals", "2026-06-15", published_at="2026-06-15 12:00") is True
    assert one("published_at", "equals", "2026-06-15", published_at=date(2026, 6, 15)) is True
    assert one("published_at", "greater", "2026-06-15 11:59", published_at=datetime(2026, 6, 15, 12)) is True
    assert one("status", "equals", "draft", status=Story.Status.DRAFT) is True


@pytest.mark.parametrize(
    "path, operator, value, seen",
    [
        ("words", "greater", "1", "many"),
        ("words", "greater", "1", F("words") + 1),
        ("words", "is_empty", "", F("words") + 1),
        ("published_at", "in_past", "", "soon"),
        ("published_at", "in_past", "", 5),
        ("event_date", "in_past", "", "soon"),
        ("attachment", "contains", "a", ContentFile(b"", name="a.pdf")),
    ],
)
def test_what_only_the_save_can_settle_is_not_known(path, operator, value, seen):
    if path == "attachment":
        story = Story()
        story.attachment = seen
        seen = story.attachment
    assert one(path, operator, value, **{path: seen}) is None
    assert one(path, operator, value, negate=True, **{path: seen}) is None


def test_a_new_upload_is_not_empty_whatever_its_name_will_be():
    story = Story(attachment=ContentFile(b"", name="a.pdf"))
    assert one("attachment", "is_empty", attachment=story.attachment) is False
    assert one("attachment", "is_empty", attachment=Story().attachment) is True


def test_not_a_number_is_neither_more_nor_less():
    assert one("rating", "greater", "1", rating=float("nan")) is False
    assert one("price", "greater", "1", price=Decimal("NaN")) is False
    assert one("rating", "greater", "1", rating=float("inf")) is True


def kleene(groups):
    """The three-valued answer by the book: the least of a group, the greatest of all."""
    order = {False: 0, None: 1, True: 2}
    worst = [min(group, key=order.get) for group in groups]
    return max(worst, key=order.get)


@settings(deadline=None, database=None)
@given(st.lists(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=3), min_size=1, max_size=3))
def test_groups_follow_the_logic_of_three_values(groups):
    conditions, values = [], {}
    paths = iter(
        [
            "title",
            "subtitle",
            "body",
            "section__slug",
            "section__name",
            "author__name",
            "tags__name",
            "photos__caption",
            "author__email",
        ]
    )
    for number, group in enumerate(groups, 1):
        for truth, path in zip(group, paths, strict=False):
            conditions.append(Condition(path, "equals", "yes", group=number))
            values[path] = UNKNOWN if truth is None else "yes" if truth else "no"
    assert answer(conditions, **values) is kleene(groups)


def test_it_asks_no_more_than_it_needs_and_the_cheap_first():
    source = Given({"title": "peace", "tags__name": ["war"]})
    conditions = [
        Condition("tags__name", "equals", "war"),
        Condition("section__slug", "equals", "x"),
        Condition("title", "equals", "war"),
    ]
    assert compile_conditions(Story, conditions).answer(source) is False
    assert source.asked == ["title"]


def test_a_regular_expression_has_a_time_limit(settings):
    settings.PIGEON_ADMIN = {"REGEX_TIMEOUT": 0.01}
    conditions = compile_conditions(Story, [Condition("title", "regex", r"(a|aa|b|a.)+$(x|y)")])
    source = Given({"title": "a" * 5000 + "!"})
    with pytest.raises(ConditionError, match="takes too long on title") as caught:
        conditions.answer(source)
    assert caught.value.part == "value"
    (row,) = conditions.explain(source)
    assert row.matched is None
    assert "takes too long" in row.problem


def test_an_operator_that_does_not_fit_is_refused_with_those_that_do():
    with pytest.raises(ConditionError, match=r"“contains” does not fit words\. Choose from: equals") as caught:
        answer([Condition("words", "contains", "5")])
    assert caught.value.part == "operator"
    with pytest.raises(ConditionError, match="There is no operator “resembles”"):
        answer([Condition("title", "resembles", "5")])


def test_operators_about_the_change_are_for_saves_and_own_fields():
    with pytest.raises(ConditionError, match="needs a save"):
        compile_conditions(Story, [Condition("title", "changed")], about_change=False)
    with pytest.raises(ConditionError, match="own fields"):
        compile_conditions(Story, [Condition("section__slug", "changed")])
    assert compile_conditions(Story, [Condition("tags", "changed")])


def test_every_operator_has_words():
    labels = [str(operator.label) for operator in OPERATORS.values()]
    assert len(set(labels)) == len(labels)
    assert all(operator.hint for operator in OPERATORS.values() if operator.needs_value)


def test_every_kind_of_field_has_an_operator():
    paths = ["title", "words", "price", "rating", "breaking", "published_at", "event_date", "attachment", "section", "tags"]
    for path, operator in itertools.product(paths, ["equals", "not_equals", "is_empty", "changed"]):
        assert OPERATORS[operator].fits(resolve(Story, path))
