"""What must be right before an entry is imported, in the words of the forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, router
from django.utils.translation import gettext as _

from pigeon_admin.conditions import OPERATORS, compile_conditions, from_tree, resolve
from pigeon_admin.conf import settings
from pigeon_admin.exceptions import ConditionError
from pigeon_admin.exchange.drafts import draft_documents, relation_names
from pigeon_admin.exchange.kinds import document_kinds, secret_fields
from pigeon_admin.models import Destination, Rule, SaveRule


def problems_of(instance: models.Model, wanted: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Why ``instance`` cannot be saved, and what its secrets lack; both empty when all is well.

    A missing secret is no reason to refuse: no rule set holds one. Cleaning may put the values of ``instance`` in order.
    """
    problems, lacking = [], []
    secrets = {field.name for field in secret_fields(type(instance))}
    for name, message in invalid(instance, relation_names(type(instance))):
        if name in secrets:
            lacking.append(message)
        else:
            problems.append(f"“{name}”: {message}" if name else message)
    if isinstance(instance, Rule):
        problems += _rule_problems(instance, wanted)
    return problems, lacking


def invalid(instance: models.Model, exclude: set[str]) -> Iterator[tuple[str, str]]:
    """Field name, "" for the whole, and words of each error that ``full_clean`` finds."""
    try:
        instance.full_clean(exclude=exclude)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            yield from (("" if name == NON_FIELD_ERRORS else name, message) for message in messages)


def _rule_problems(rule: Rule, wanted: dict[str, Any]) -> Iterator[str]:
    model = rule.model_class
    if model is None:
        yield _("“model”: This site has no content “%s”. Is an app missing here?") % rule.model[:100]
        return
    if model._meta.app_label in settings.EXCLUDED_APPS:
        yield _("“model”: No rule may be about “%s”: its app is excluded by the settings of this site.") % rule.model
    if router.db_for_write(model) != router.db_for_write(Rule):
        yield _("“model”: “%s” is written to another database than the rules, so no rule may be about it.") % rule.model
    about_change = isinstance(rule, SaveRule)
    for condition in from_tree(wanted["conditions"]):
        try:
            compile_conditions(model, [condition], about_change=about_change)
        except ConditionError as error:
            yield _("Condition “%(condition)s”: %(error)s") % {"condition": condition, "error": error}
    if isinstance(rule, SaveRule):
        yield from _watched_problems(model, rule.watched_fields)
    yield from _document_problems(rule, wanted["documents"])
    if rule.state == Rule.State.LIVE:
        yield from _lacks(rule, wanted)


def _watched_problems(model: type[models.Model], names: Any) -> Iterator[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        yield _("“watched_fields” must be a list of field names.")
        return
    for name in names:
        try:
            fits = OPERATORS["changed"].fits(resolve(model, name))
        except ConditionError as error:
            yield f"“watched_fields”: {error}"
            continue
        if not fits:
            yield _("“watched_fields”: A change of “%s” cannot be watched.") % name


def _document_problems(rule: Rule, entries: list[dict[str, Any]]) -> Iterator[str]:
    available = document_kinds()
    for number, (entry, document) in enumerate(zip(entries, draft_documents(rule, entries), strict=True), 1):
        place = f"documents[{number}]."
        relations = relation_names(type(document)) - {available[entry["kind"]][1].name}
        for name in sorted(relations):
            if not entry[name] and not document._meta.get_field(name).null:
                yield _("“%s” is missing.") % f"{place}{name}"
        # The rule has no key yet and the template perhaps neither; both are checked by their short names.
        for name, message in invalid(document, relation_names(type(document)) | {available[entry["kind"]][1].name}):
            yield f"“{place}{name}”: {message}" if name else f"“{place[:-1]}”: {message}"


def _lacks(rule: Rule, wanted: dict[str, Any]) -> Iterator[str]:
    if isinstance(rule, SaveRule) and not (rule.on_create or rule.on_update or rule.on_delete):
        yield _("A live rule needs at least one event: on_create, on_update or on_delete. Or let it be a draft.")
    if not wanted["documents"]:
        yield _("A live rule needs at least one document. Or let it be a draft.")
    if not wanted["destinations"]:
        yield _("A live rule needs at least one destination. Or let it be a draft.")


def notes_on(instance: models.Model, lacking: list[str], *, created: bool, restored: bool) -> list[str]:
    """What somebody should know before confirming; ``lacking``: what its secrets lack."""
    notes = []
    if restored:
        notes.append(_("It was archived on this site; the import brings it back."))
    if isinstance(instance, Rule) and instance.state == Rule.State.LIVE:
        notes.append(
            _("It goes live at once: matching content is sent from the next save on.")
            if created
            else _("It is live: the change holds from the next save on.")
        )
    if isinstance(instance, Destination):
        secrets = secret_fields(type(instance))
        if created and secrets:
            names = _(" or ").join(str(field.verbose_name) for field in secrets)
            words = _("Its %s has to be entered before it can send, if the partner asks for one: a rule set never holds secrets.")
            notes.append(words % names)
        elif any(getattr(instance, field.name) for field in secrets):
            notes.append(_("It keeps the secrets stored on this site. Look at the host: that is where they will be used."))
        notes += lacking
    return notes
