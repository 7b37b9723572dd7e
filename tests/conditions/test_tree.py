"""The canonical tree: out and in without loss, and clear words for a tree that is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pigeon_admin.conditions import Condition, from_tree, to_tree
from pigeon_admin.exceptions import RuleSetError

names = st.text(min_size=1, max_size=5)
conditions = st.lists(st.builds(Condition, names, names, st.text(max_size=5), st.booleans(), st.integers(0, 5)), max_size=8)


@settings(deadline=None, database=None)
@given(conditions)
def test_a_tree_read_back_is_the_same_tree(rows):
    tree = to_tree(rows)
    assert to_tree(from_tree(tree)) == tree


@settings(deadline=None, database=None)
@given(conditions)
def test_only_the_numbers_of_the_groups_are_lost(rows):
    numbers = {number: position for position, number in enumerate(sorted({row.group for row in rows}), 1)}
    expected = sorted((numbers[row.group], place, row) for place, row in enumerate(rows))
    back = from_tree(to_tree(rows))
    assert [(row.group, row.path, row.operator, row.value, row.negate) for row in back] == [
        (number, row.path, row.operator, row.value, row.negate) for number, _place, row in expected
    ]


def test_the_form():
    rows = [Condition("title", "contains", "war", group=7), Condition("status", "is_empty", negate=True, group=3)]
    assert to_tree(rows) == {
        "any": [
            {"all": [{"field": "status", "is": "is_empty", "not": True}]},
            {"all": [{"field": "title", "is": "contains", "value": "war"}]},
        ]
    }
    assert to_tree([]) == {"any": []}


@pytest.mark.parametrize(
    "tree, said",
    [
        (None, "Conditions: expected"),
        ([], "Conditions: expected"),
        ({"all": []}, "Conditions: expected"),
        ({"any": [], "none": []}, "nothing else"),
        ({"any": [{"any": []}]}, "Conditions, group 1: expected"),
        ({"any": [{"all": []}]}, "every object"),
        ({"any": [{"all": ["title"]}]}, "Conditions, group 1, row 1: expected “field”"),
        ({"any": [{"all": [{"field": "title", "is": "equals", "value": 5}]}]}, "Put it in quotation marks"),
        ({"any": [{"all": [{"field": "title"}]}]}, "“is” must be a text"),
        ({"any": [{"all": [{"field": "", "is": "equals"}]}]}, "“field” must be a text"),
        ({"any": [{"all": [{"field": "title", "is": "x", "not": "yes"}]}]}, "true or false"),
        ({"any": [{"all": [{"field": "title", "is": "x", "colour": "red"}]}]}, "“colour” means nothing here"),
    ],
)
def test_what_is_no_tree_is_refused_with_its_place(tree, said):
    with pytest.raises(RuleSetError) as caught:
        from_tree(tree)
    assert said in str(caught.value)
