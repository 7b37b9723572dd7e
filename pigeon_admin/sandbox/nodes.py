"""Template nodes that count what they do, and know their line."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.db import DatabaseError
from django.template.base import FilterExpression, Node, NodeList, Token, VariableNode
from django.template.defaulttags import (
    CycleNode,
    FilterNode,
    FirstOfNode,
    ForNode,
    GroupedResult,
    IfChangedNode,
    RegroupNode,
    SpacelessNode,
)
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox.budget import Budget
from pigeon_admin.sandbox.escaping import Raw, written
from pigeon_admin.sandbox.expressions import SandboxContext
from pigeon_admin.sandbox.proxies import Proxy, plain


class Guarded(Node):
    """Any node, with the budget kept around it and its line in whatever goes wrong inside."""

    child_nodelists = ()

    def __init__(self, node: Node, token: Token) -> None:
        self.node = node
        self.line = token.lineno
        self.leaf = not node.child_nodelists or isinstance(node, (VariableNode, CycleNode, FirstOfNode, RegroupNode))
        # These make a new text of what their children wrote.
        self.transforms = isinstance(node, (FilterNode, SpacelessNode, IfChangedNode))

    def render_annotated(self, context: Any) -> SafeString:
        if not isinstance(context, SandboxContext):  # {% verbatim %} renders its text while it is parsed
            return SafeString(self.node.render(context))
        try:
            context.budget.check()
            output = self.node.render(context)
            context.budget.check()
            output = output if isinstance(output, str) else written(output, context.form, escaping=context.autoescape)
            if self.transforms:
                context.budget.make(output)
            elif self.leaf:
                context.budget.write(output)
            return SafeString(output)
        except RenderError as error:
            error.line = error.line or self.line
            raise
        except (DatabaseError, MemoryError):
            raise
        except RecursionError as error:
            raise RenderError(_("The template is nested too deeply."), self.line) from error
        except Exception as error:
            text = _("This part of the template could not be rendered: %s") % f"{type(error).__name__}: {error}"
            raise RenderError(text, self.line) from error

    def render(self, context: Any) -> SafeString:
        return self.render_annotated(context)


class Output(VariableNode):
    """``{{ value }}``, escaped for the form of the output instead of always for HTML."""

    def render(self, context: Any) -> str:
        return written(self.filter_expression.resolve(context), context.form, escaping=context.autoescape)


class Cycle(CycleNode):
    """``{% cycle %}``, written in our form."""

    def render(self, context: Any) -> str:
        frame = context.render_context
        if self not in frame:
            self.reset(context)
        value = next(frame[self]).resolve(context)
        if self.variable_name:
            context.set_upward(self.variable_name, value)
        return "" if self.silent else written(value, context.form, escaping=context.autoescape)


class FirstOf(FirstOfNode):
    """``{% firstof %}``, written in our form."""

    def render(self, context: Any) -> str:
        values = (variable.resolve(context, ignore_failures=True) for variable in self.vars)
        text = written(next((value for value in values if value), ""), context.form, escaping=context.autoescape)
        if self.asvar:
            # It is escaped already; without this it would be escaped once more where it is used.
            context[self.asvar] = SafeString(text) if context.form.markup else Raw(text)
            return ""
        return text


class Regroup(RegroupNode):
    """``{% regroup %}``, each item one step."""

    def render(self, context: Any) -> str:
        items = sequence_of(self.target, context)
        context[self.var_name] = []
        with context.push():

            def grouper(item: Any) -> Any:
                context.budget.step()
                return self.resolve_expression(item, context)

            groups = [GroupedResult(grouper=key, list=list(group)) for key, group in groupby(items, grouper)]
        context[self.var_name] = groups
        return ""


class For(ForNode):
    """``{% for %}``, each turn one step; a value that is no list is an error with words."""

    sequence: FilterExpression
    nodelist_loop: NodeList
    nodelist_empty: NodeList

    def render(self, context: Any) -> str:
        budget: Budget = context.budget
        values = sequence_of(self.sequence, context)
        if not values:
            return self.nodelist_empty.render(context)
        if self.is_reversed:
            values = values[::-1]
        pieces: list[str] = []
        parent = context.get("forloop", {})
        with context.push():
            for index, item in enumerate(budget.counted(values)):
                left = len(values) - index
                if index == 0:
                    loop = context["forloop"] = {"parentloop": parent}
                loop.update(
                    counter0=index, counter=index + 1, revcounter=left, revcounter0=left - 1, first=index == 0, last=left == 1
                )
                item = plain(item, budget)
                if len(self.loopvars) == 1:
                    # As Django: what a turn assigns is still there at the next.
                    context[self.loopvars[0]] = item
                    pieces.append(self.nodelist_loop.render(context))
                else:
                    with context.push(**self.unpacked(item)):
                        pieces.append(self.nodelist_loop.render(context))
        return "".join(pieces)

    def unpacked(self, item: Any) -> dict[str, Any]:
        """The loop variables of one turn, when there are several."""
        parts = list(item) if isinstance(item, (list, tuple)) else [item]
        if len(parts) != len(self.loopvars):
            text = _("The loop has %(names)d variables, but an item has %(parts)d parts.")
            raise RenderError(text % {"names": len(self.loopvars), "parts": len(parts)})
        return dict(zip(self.loopvars, parts, strict=True))


def sequence_of(expression: FilterExpression, context: SandboxContext) -> Any:
    """What to loop over, never longer than the budget allows; None is an empty list."""
    value = expression.resolve(context)
    if value is None or value == "":
        return []
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, (list, tuple, str)):
        return value
    if isinstance(value, Proxy) and hasattr(value, "__iter__"):
        return list(value)
    raise RenderError(_("“%s” is not a list, so there is nothing to loop over.") % expression.token)


# Django's tags parse; what they parsed renders by our rules.
OURS: dict[type[Node], type[Node]] = {
    VariableNode: Output,
    CycleNode: Cycle,
    FirstOfNode: FirstOf,
    RegroupNode: Regroup,
    ForNode: For,
}
