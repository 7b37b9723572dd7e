"""All operators by name: one more entry, here or through ``OPERATORS``, is one more operator everywhere."""

from __future__ import annotations

from pigeon_admin.conditions.changes import CHANGE_OPERATORS
from pigeon_admin.conditions.equality import EQUALITY_OPERATORS
from pigeon_admin.conditions.operator import Operator
from pigeon_admin.conditions.orders import ORDER_OPERATORS
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.texts import TEXT_OPERATORS

OPERATORS: dict[str, Operator] = {
    operator.name: operator for operator in [*EQUALITY_OPERATORS, *TEXT_OPERATORS, *ORDER_OPERATORS, *CHANGE_OPERATORS]
}


def operators_for(path: FieldPath) -> list[Operator]:
    """The operators that fit a field, in the order in which a form should offer them."""
    return [operator for operator in OPERATORS.values() if operator.fits(path)]
