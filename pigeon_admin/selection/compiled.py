"""One live rule, compiled for judging saves."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from django.db import models

from pigeon_admin.conditions import Condition, Conditions, FieldPath, Source, compile_conditions, resolve
from pigeon_admin.exceptions import ConfigurationError, PigeonError, told
from pigeon_admin.models import SaveRule

logger = logging.getLogger("pigeon_admin.selection")


@dataclass(frozen=True)
class CompiledRule:
    """A rule as saves see it. ``problem``: why it cannot judge; it then fails visibly at every save it would have judged."""

    pk: int
    name: str
    slug: str
    label: str
    model: type[models.Model]
    on_create: bool
    on_update: bool
    on_delete: bool
    conditions: Conditions
    watched: Conditions
    relations: frozenset[str]
    destination_ids: tuple[int, ...]
    problem: str = ""
    told: set[str] = field(default_factory=set, compare=False)  # troubles that were logged since the rule was read

    def tell(self, trouble: str, *, of: str) -> None:
        """Log that the rule could not judge ``of``: an ERROR, which mail_admins reports, once in this process until rules change."""
        kind = self.problem or "raises"
        logger.log(logging.INFO if kind in self.told else logging.ERROR, "%s (%s)", trouble, of)
        self.told.add(kind)

    @property
    def paths(self) -> set[FieldPath]:
        """Every path whose present value this rule may ask for."""
        return {*self.conditions.paths, *self.watched.paths}

    @property
    def before_paths(self) -> set[FieldPath]:
        """Every path whose old value this rule may ask for."""
        return {*self.conditions.before_paths, *self.watched.before_paths}

    def wants(self, event: str) -> bool:
        """Whether this rule listens to the event at all."""
        return {"create": self.on_create, "update": self.on_update, "delete": self.on_delete}[event]

    def answer(self, source: Source, created: bool | None) -> bool | None:
        """Yes, no, or None where that still depends on what ``source`` does not know."""
        if created is None:
            gate = None if self.on_create or self.on_update else False
        else:
            gate = self.on_create if created else self.on_update
        if gate is False:
            return False
        answer = self.conditions.answer(source)
        if answer is False:
            return False
        watched = True if created else self.watched.answer(source)
        if watched is False and created is not None:
            return False
        return True if gate and answer and watched else None


def compile_rule(rule: SaveRule) -> CompiledRule | None:
    """Compile a rule; None when its model is no longer installed, since then no save can concern it.

    What cannot be compiled, a field that was removed, say, becomes a ``problem`` instead of an exception.
    """
    model = rule.model_class
    if model is None:
        return None
    problem = ""
    conditions = watched = compile_conditions(model, [])
    try:
        must_have_one_key(model)
        conditions = compile_conditions(model, rule.conditions())
        watched = compile_conditions(
            model, [Condition(path, "changed", group=i) for i, path in enumerate(rule.watched_fields, 1)]
        )
    except PigeonError as error:
        problem = f"The rule “{rule.name}” cannot be judged: {error}"
    except Exception as error:
        problem = f"The rule “{rule.name}” cannot be judged: unexpected {type(error).__name__}: {told(error)}"
    return CompiledRule(
        pk=rule.pk,
        name=rule.name,
        slug=rule.slug,
        label=rule.model,
        model=model,
        on_create=rule.on_create,
        on_update=rule.on_update,
        on_delete=rule.on_delete,
        conditions=conditions,
        watched=watched,
        relations=relations_of(rule, model, {*conditions.paths, *watched.paths}),
        destination_ids=tuple(each.pk for each in rule.destinations.all() if each.archived_at is None),
        problem=problem,
    )


def must_have_one_key(model: type[models.Model]) -> None:
    """Refuse models whose objects one text cannot name; raises ConfigurationError."""
    if len(model._meta.pk_fields) > 1:
        name = model._meta.verbose_name
        raise ConfigurationError(f"the key of each {name} is made of several columns, and such objects cannot be sent.")


def relations_of(rule: SaveRule, model: type[models.Model], paths: set[FieldPath]) -> frozenset[str]:
    """First steps of the paths that this rule's conditions and documents follow: ``{"photos", "section"}``."""
    names = {path.names[0] for path in paths}
    for document in [*rule.template_documents.all(), *rule.file_documents.all()]:
        if document.relation_path:
            try:
                names.add(resolve(model, document.relation_path).names[0])
            except PigeonError:
                continue  # building the package says so, in a visible row
    return frozenset(names)
