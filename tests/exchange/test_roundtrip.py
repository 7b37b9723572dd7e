"""Export, import into an empty database, export: the same bytes."""

import pytest

from pigeon_admin.models import Destination, SaveRule
from tests.exchange.conftest import emptied, exported, imported, outcomes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["json", "yaml"])
def test_the_same_bytes_come_out_again(rule, name):
    before = exported(name)
    emptied()
    result = imported(before, name)
    assert set(outcomes(result).values()) == {"created"}, [planned.reasons for planned in result.plan.refused]
    assert exported(name) == before


def test_both_formats_hold_the_same(rule):
    yaml, json = exported("yaml"), exported("json")
    emptied()
    imported(yaml, "yaml")
    assert exported("json") == json
