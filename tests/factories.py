"""Rules, templates and destinations for tests, with sensible defaults."""

from __future__ import annotations

import itertools
from pathlib import Path

from pigeon_admin.models import (
    ConditionRow,
    DummyDestination,
    ExportTemplate,
    FileDocument,
    SaveRule,
    StorageDestination,
    TemplateDocument,
)

count = itertools.count(1)


def make_template(source="<story><title>{{ object.title }}</title></story>", file_name="{{ object.pk }}.xml", **fields):
    number = next(count)
    return ExportTemplate.objects.create(
        **{"name": f"Template {number}", "slug": f"template-{number}", "source": source, "file_name": file_name, **fields}
    )


def make_folder_destination(folder: Path, **fields):
    number = next(count)
    return StorageDestination.objects.create(
        **{"name": f"Folder {number}", "slug": f"folder-{number}", "folder": str(folder), **fields}
    )


def make_dummy(**fields):
    number = next(count)
    return DummyDestination.objects.create(**{"name": f"Dummy {number}", "slug": f"dummy-{number}", **fields})


def make_rule(model="newsdesk.Story", *, conditions=(), destinations=None, template=None, files=(), **fields):
    """A live rule. ``conditions``: (path, operator[, value[, not[, group]]]). ``files``: (relation path, field)."""
    number = next(count)
    rule = SaveRule.objects.create(
        **{"name": f"Rule {number}", "slug": f"rule-{number}", "model": model, "state": SaveRule.State.LIVE, **fields}
    )
    for position, (path, operator, *rest) in enumerate(conditions):
        value, negate, group = [*rest, *("", False, 1)[len(rest) :]]
        ConditionRow.objects.create(
            rule=rule, path=path, operator=operator, value=value, negate=negate, group=group, position=position
        )
    TemplateDocument.objects.create(rule=rule, template=template or make_template())
    for relation_path, field in files:
        FileDocument.objects.create(rule=rule, relation_path=relation_path, file_field=field, directory="medias")
    rule.destinations.set([make_dummy()] if destinations is None else destinations)
    return rule
