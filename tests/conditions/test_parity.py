"""One condition, two evaluations that agree: what Python affirms is what the query finds, on every database."""

import os
from dataclasses import replace
from functools import cache

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pigeon_admin.conditions import OPERATORS, compile_conditions
from tests.conditions.sources import NOW, Remembering
from tests.conditions.stories import STATE_OPERATORS, TEXTS, accepted, fitting, hard_newsroom, newsrooms, write
from tests.newsdesk.models import Story

pytestmark = pytest.mark.django_db

thorough = settings(
    max_examples=int(os.environ.get("PIGEON_EXAMPLES", "12")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


@cache
def possible(operator):
    """All conditions with this operator, on every field that it fits."""
    return [condition for path in fitting(operator) for condition in accepted(operator, path, TEXTS)]


def written_conditions(stories, among):
    """One of the possible conditions, or one with a value that a story really has."""
    own = sorted(
        {
            text[start : start + size]
            for story in stories
            for text in (story.title, story.body)
            for start in (0, 1)
            for size in (1, 3, 99)
        }
    )

    def taken(condition):
        return next(
            accepted(condition.operator, condition.path, [replaced for replaced in own if replaced.strip()][:6]), condition
        )

    any_of_them = st.sampled_from(among)
    return st.builds(replace, any_of_them | any_of_them.map(taken), negate=st.booleans())


def assert_agreement(sources, conditions):
    compiled = compile_conditions(Story, conditions)
    judged = {source.instance.pk for source in sources if compiled.answer(source) is True}
    q, exact = compiled.query(connection.vendor, NOW)
    found = list(Story.objects.filter(pk__in=[source.instance.pk for source in sources]).filter(q).values_list("pk", flat=True))
    assert len(found) == len(set(found)), f"an object is found twice: {conditions}"
    assert judged <= set(found), f"the query misses an object that matches: {conditions}"
    if exact:
        assert judged == set(found), f"the query calls itself exact: {conditions}"


@pytest.mark.parametrize("operator", STATE_OPERATORS)
def test_an_operator_means_the_same_for_every_hard_value(operator):
    sources = [Remembering(story) for story in write(hard_newsroom())]
    for condition in possible(operator):
        for negate in (False, True):
            assert_agreement(sources, [replace(condition, negate=negate)])


@pytest.mark.parametrize("operator", STATE_OPERATORS)
def test_an_operator_means_the_same_in_python_and_in_the_database(operator):
    @thorough
    @given(newsrooms(), st.data())
    def agree(newsroom, data):
        with transaction.atomic():
            stories = write(newsroom)
            for condition in data.draw(st.lists(written_conditions(stories, possible(operator)), min_size=12, max_size=12)):
                assert_agreement([Remembering(story) for story in stories], [condition])
            transaction.set_rollback(True)

    agree()


def test_groups_mean_the_same_in_python_and_in_the_database():
    everything = [condition for operator in STATE_OPERATORS for condition in possible(operator)]

    @settings(thorough, max_examples=thorough.max_examples * 5)
    @given(newsrooms(), st.data())
    def agree(newsroom, data):
        with transaction.atomic():
            stories = write(newsroom)
            grouped = st.builds(replace, written_conditions(stories, everything), group=st.integers(1, 3))
            for conditions in data.draw(st.lists(st.lists(grouped, max_size=6), min_size=6, max_size=6)):
                assert_agreement([Remembering(story) for story in stories], conditions)
            transaction.set_rollback(True)

    agree()


def test_every_operator_is_tried_on_every_field_that_it_fits():
    for name in STATE_OPERATORS:
        assert {condition.path for condition in possible(name)} == set(fitting(name)), OPERATORS[name]
