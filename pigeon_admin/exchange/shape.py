"""A rule, template or destination as the plain values of its entry in a document, always complete, in one order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from pigeon_admin.conditions import from_tree, to_tree
from pigeon_admin.exceptions import RuleSetError
from pigeon_admin.exchange.kinds import document_kinds, own_fields, referred_section, secret_fields
from pigeon_admin.exchange.redaction import redacted
from pigeon_admin.exchange.values import accept, default, read
from pigeon_admin.models import Destination, Document, Rule

CHUNK = 500

Reference = tuple[str, str]  # section, slug


def load(instances: list[models.Model]) -> None:
    """Fetch what ``describe`` reads of these instances of one model, in a few queries."""
    if not instances:
        return
    model = type(instances[0])
    lookups: list[Any] = []
    for field in own_fields(model):
        if isinstance(field, models.ManyToManyField):
            lookups.append(Prefetch(field.name, queryset=_plain_rows(field.related_model)))
        elif field.remote_field is not None:
            lookups.append(field.name)
    if issubclass(model, Rule):
        lookups.append("condition_rows")
        for kind, key in document_kinds().values():
            accessor = str(key.remote_field.get_accessor_name())
            references = [field.name for field in own_fields(kind) if field.remote_field is not None and field is not key]
            lookups.append(Prefetch(accessor, queryset=kind._base_manager.select_related(*references) if references else None))
    for start in range(0, len(instances), CHUNK):
        prefetch_related_objects(instances[start : start + CHUNK], *lookups)


def _plain_rows(model: Any) -> models.QuerySet[Any]:
    """Rows of the polymorphic base only: a slug needs no second query for each kind."""
    rows = model._base_manager.all()
    return rows.non_polymorphic() if hasattr(rows, "non_polymorphic") else rows  # type: ignore[no-any-return]


def describe(instance: models.Model) -> dict[str, Any]:
    """The entry of a saved object, without kind and slug: every key present, nothing secret."""
    fields = _fields(type(instance))
    entry = {field.name: read(field, instance) for field in fields if not field.many_to_many}
    if isinstance(instance, Rule):
        entry["model"] = label(instance.model)
        entry["conditions"] = to_tree(instance.conditions())
        entry["documents"] = [describe_document(kind, document) for kind, document in documents_of(instance)]
    entry.update({field.name: read(field, instance) for field in fields if field.many_to_many})
    if isinstance(instance, Destination):
        # Value by value: “auth” is a field of ours, not the header of that name.
        entry = {name: redacted(value) for name, value in entry.items()}
    return entry


def label(name: str) -> str:
    """The one spelling of a model's name, where it is installed: “News.Story” may also be written “news.story”."""
    try:
        return str(apps.get_model(name)._meta.label_lower)
    except (LookupError, ValueError):
        return name


def documents_of(rule: Rule) -> list[tuple[str, Document]]:
    """The documents of a rule with their kinds, in the order of their position."""
    found = []
    for number, (kind, (_model, key)) in enumerate(document_kinds().items()):
        for document in getattr(rule, str(key.remote_field.get_accessor_name())).all():
            found.append(((document.position, number, document.pk), kind, document))
    return [(kind, document) for _order, kind, document in sorted(found, key=lambda each: each[0])]


def describe_document(kind: str, document: Document) -> dict[str, Any]:
    _model, key = document_kinds()[kind]
    return {"kind": kind} | {field.name: read(field, document) for field in own_fields(type(document), leave_out=(key.name,))}


def wanted(model: type[models.Model], content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What a document's entry asks for: the same shape as ``describe`` gives, and what is wrong with it, in words."""
    problems: list[str] = []
    known = {field.name: field for field in _fields(model)}
    extra = ["conditions", "documents"] if issubclass(model, Rule) else []
    problems += _unknown(content, [*known, *extra], model)
    entry: dict[str, Any] = {}
    for name, field in known.items():
        if not field.many_to_many:
            entry[name] = _accepted(field, content, problems)
    if extra:
        entry["model"] = label(entry["model"])
        entry["conditions"] = _conditions(content.get("conditions"), problems)
        entry["documents"] = _documents(content.get("documents", []), problems)
    for name, field in known.items():
        if field.many_to_many:
            entry[name] = _accepted(field, content, problems)
    if issubclass(model, Destination):
        held = [name for name, value in entry.items() if redacted(value) != value]
        problems += [
            _("“%s” holds a password or key. A rule set never does: leave it out, and enter it here after the import.") % name
            for name in held
        ]
    return entry, problems


def _fields(model: type[models.Model]) -> tuple[Any, ...]:
    return own_fields(model, leave_out=("slug",))


def _unknown(content: dict[str, Any], known: Iterable[str], model: type[models.Model], place: str = "") -> list[str]:
    secrets = {field.name for field in secret_fields(model)}
    problems = []
    for key in content:
        if key in secrets:
            problems.append(
                _("“%s” is a secret. A rule set never holds one: leave it out, and enter it here after the import.")
                % (place + key)
            )
        elif key not in known:
            problems.append(
                _("“%(key)s” is not known here. Known are: %(known)s.") % {"key": (place + key)[:100], "known": ", ".join(known)}
            )
    return problems


def _accepted(field: Any, content: dict[str, Any], problems: list[str], place: str = "") -> Any:
    if field.name not in content:
        return default(field)
    try:
        return accept(field, content[field.name])
    except RuleSetError as error:
        problems.append(f"“{place}{field.name}” {error}")
        return default(field)


def _conditions(tree: Any, problems: list[str]) -> Any:
    """The tree as the rows that it stands for would be exported again."""
    if tree is None:
        return to_tree([])
    try:
        return to_tree(from_tree(tree))
    except RuleSetError as error:
        problems.append(str(error))
        return to_tree([])


def _documents(entries: Any, problems: list[str]) -> list[dict[str, Any]]:
    if not isinstance(entries, list):
        problems.append(_("“documents” must be a list."))
        return []
    found = []
    available = document_kinds()
    for number, content in enumerate(entries, 1):
        place = f"documents[{number}]."
        if not isinstance(content, dict) or content.get("kind") not in available:
            problems.append(
                _("“%(place)s” must say its kind: %(kinds)s.") % {"place": place + "kind", "kinds": ", ".join(available)}
            )
            continue
        kind = content["kind"]
        model, key = available[kind]
        fields = {field.name: field for field in own_fields(model, leave_out=(key.name,))}
        problems += _unknown(content, ["kind", *fields], model, place)
        found.append({"kind": kind} | {name: _accepted(field, content, problems, place) for name, field in fields.items()})
    return found


def references(model: type[models.Model], entry: dict[str, Any]) -> list[Reference]:
    """What an entry names in other lists of the document, each once."""
    found: dict[Reference, None] = {}
    _collect(own_fields(model), entry, found)
    if issubclass(model, Rule):
        available = document_kinds()
        for document in entry["documents"]:
            _collect(own_fields(available[document["kind"]][0]), document, found)
    return list(found)


def _collect(fields: Iterable[Any], entry: dict[str, Any], found: dict[Reference, None]) -> None:
    for field in fields:
        section = referred_section(field) if field.remote_field is not None else None
        value = entry.get(field.name)
        if section is not None and value:
            for slug in value if isinstance(value, list) else [value]:
                found[section, slug] = None
