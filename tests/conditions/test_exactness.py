"""Where the query promises to be exact: nearly everywhere, so that little is judged twice."""

import pytest
from django.db import models
from django.test.utils import isolate_apps

from pigeon_admin.conditions import OPERATORS, Condition, compile_conditions, operators_for, resolve
from pigeon_admin.models import Package
from tests.conditions.sources import NOW
from tests.conditions.stories import PATHS, STATE_OPERATORS, TEXTS, accepted
from tests.newsdesk.models import Story

ALWAYS_AGAIN = {"icontains", "regex"}  # case folding and dialects differ everywhere
AGAIN = {
    "sqlite": ALWAYS_AGAIN | {"ends_with", "length_equals", "length_greater", "length_less"},  # NUL characters
    "postgresql": ALWAYS_AGAIN,
    "mysql": ALWAYS_AGAIN,
    "oracle": set(STATE_OPERATORS),  # nobody has tried
}


@pytest.mark.parametrize("vendor", AGAIN)
@pytest.mark.parametrize("negate", [False, True])
def test_which_operators_are_judged_again(vendor, negate):
    again = set()
    for operator in STATE_OPERATORS:
        for path in PATHS:
            if OPERATORS[operator].fits(resolve(Story, path)):
                condition = next(accepted(operator, path, TEXTS))
                conditions = compile_conditions(Story, [Condition(path, operator, condition.value, negate)])
                if not conditions.query(vendor, NOW)[1]:
                    again.add(operator)
    assert again == AGAIN[vendor]


def exact(model, condition, vendor="sqlite"):
    return compile_conditions(model, [condition]).query(vendor, NOW)[1]


@isolate_apps("tests.newsdesk")
def test_a_field_with_ways_of_its_own_is_judged_again():
    class ShoutField(models.CharField):
        def from_db_value(self, value, expression, connection):
            return value.upper()

    class SlyField(models.CharField):
        def get_prep_value(self, value):
            return value[::-1]

    class Paper(models.Model):  # noqa: DJ008
        plain = models.CharField(max_length=10)
        shout = ShoutField(max_length=10)
        sly = SlyField(max_length=10)
        collated = models.CharField(max_length=10, db_collation="nocase")
        ledger = models.DecimalField(max_digits=20, decimal_places=2)

        class Meta:
            app_label = "newsdesk"

    assert exact(Paper, Condition("plain", "equals", "a"))
    assert not any(exact(Paper, Condition(name, "equals", "a")) for name in ("shout", "sly", "collated"))
    # SQLite keeps decimals as floats, which blur after 15 digits.
    assert not exact(Paper, Condition("ledger", "equals", "1.5"))
    assert exact(Paper, Condition("ledger", "equals", "1.5"), "postgresql")
    assert operators_for(resolve(Package, "verdict")) == [OPERATORS["is_empty"], OPERATORS["changed"]]
    assert not exact(Package, Condition("verdict", "is_empty"))
