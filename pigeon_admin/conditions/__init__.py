"""Conditions on objects: one language with two evaluations that agree, Python over values and ``Q`` over a database."""

from pigeon_admin.conditions.compiled import Compiled, Conditions, Row, compile_condition, compile_conditions
from pigeon_admin.conditions.condition import Condition
from pigeon_admin.conditions.operator import Operator
from pigeon_admin.conditions.operators import OPERATORS, operators_for
from pigeon_admin.conditions.paths import FieldPath, names_of, resolve
from pigeon_admin.conditions.reading import values_of
from pigeon_admin.conditions.source import UNKNOWN, Source, Values
from pigeon_admin.conditions.tree import from_tree, to_tree

__all__ = [
    "OPERATORS",
    "UNKNOWN",
    "Compiled",
    "Condition",
    "Conditions",
    "FieldPath",
    "Operator",
    "Row",
    "Source",
    "Values",
    "compile_condition",
    "compile_conditions",
    "from_tree",
    "names_of",
    "operators_for",
    "resolve",
    "to_tree",
    "values_of",
]
