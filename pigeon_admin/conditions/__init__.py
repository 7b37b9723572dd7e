"""Conditions on objects: one language with two evaluations that agree, Python over values and ``Q`` over a database."""

from pigeon_admin.conditions.condition import Condition

__all__ = ["Condition"]
