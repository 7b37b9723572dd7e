"""The canonical form of conditions in a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from pigeon_admin.conditions.condition import Condition
from pigeon_admin.exceptions import RuleSetError

Tree = dict[str, list[dict[str, list[dict[str, Any]]]]]

KEYS = {"field", "is", "value", "not"}


def to_tree(conditions: Iterable[Condition]) -> Tree:
    """{"any": [{"all": [{"field": path, "is": operator, "value": text, "not": True}, ...]}, ...]}, in the order of the groups.

    "value" is left out where it is empty, "not" where it is false. No conditions: {"any": []}.
    """
    groups: dict[int, list[dict[str, Any]]] = {}
    for condition in conditions:
        leaf: dict[str, Any] = {"field": condition.path, "is": condition.operator}
        if condition.value:
            leaf["value"] = condition.value
        if condition.negate:
            leaf["not"] = True
        groups.setdefault(condition.group, []).append(leaf)
    return {"any": [{"all": groups[number]} for number in sorted(groups)]}


def from_tree(tree: Any) -> list[Condition]:
    """The conditions of a tree, groups numbered from 1; raises RuleSetError with a sentence that names the place."""
    groups = members(tree, "any", _("conditions"))
    result: list[Condition] = []
    for number, group in enumerate(groups, 1):
        leaves = members(group, "all", _("conditions, group %(group)d") % {"group": number})
        if not leaves:
            raise RuleSetError(
                _("Conditions, group %(group)d: a group without conditions would hold for every object.") % {"group": number}
            )
        for position, leaf in enumerate(leaves, 1):
            place = _("conditions, group %(group)d, row %(row)d") % {"group": number, "row": position}
            result.append(condition_of(leaf, number, place))
    return result


def members(node: Any, key: str, place: str) -> list[Any]:
    """The list under the one key of ``node``."""
    if not isinstance(node, dict) or set(node) != {key} or not isinstance(node[key], list):
        raise RuleSetError(_("%(place)s: expected {“%(key)s”: [...]} and nothing else.") % {"place": begun(place), "key": key})
    return list(node[key])


def condition_of(leaf: Any, group: int, place: str) -> Condition:
    if not isinstance(leaf, dict):
        raise RuleSetError(_("%(place)s: expected “field”, “is” and, where needed, “value” and “not”.") % {"place": begun(place)})
    if extra := sorted(str(key) for key in set(leaf) - KEYS):
        raise RuleSetError(_("%(place)s: “%(key)s” means nothing here.") % {"place": begun(place), "key": extra[0]})
    for key in ("field", "is", "value"):
        given = leaf.get(key, "" if key == "value" else None)
        if not isinstance(given, str) or (key != "value" and not given):
            raise RuleSetError(
                _("%(place)s: “%(key)s” must be a text. Put it in quotation marks.") % {"place": begun(place), "key": key}
            )
    negate = leaf.get("not", False)
    if not isinstance(negate, bool):
        raise RuleSetError(_("%(place)s: “not” must be true or false.") % {"place": begun(place)})
    return Condition(path=leaf["field"], operator=leaf["is"], value=leaf.get("value", ""), negate=negate, group=group)


def begun(place: str) -> str:
    """The place at the beginning of a sentence."""
    return place[:1].upper() + place[1:]
