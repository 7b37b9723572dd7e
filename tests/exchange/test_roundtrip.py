"""Export, import into an empty database, export: the same bytes."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pigeon_admin.models import ConditionRow, Destination, ExportTemplate, FileDocument, SaveRule, TemplateDocument
from pigeon_admin.models.secrets import SecretField
from tests.exchange.conftest import emptied, exported, imported, outcomes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["json", "yaml"])
def test_the_same_bytes_come_out_again(rule, name):
    before = exported(name)
    emptied()
    result = imported(before, name)
    assert set(outcomes(result).values()) == {"created"}, [planned.reasons for planned in result.plan.refused]
    assert exported(name) == before


def test_nothing_but_secrets_and_dates_is_lost(rule):
    def values():
        rows = [*ExportTemplate.objects.order_by("slug"), *Destination.objects.order_by("slug"), *SaveRule.objects.all()]
        rows += [
            *ConditionRow.objects.order_by("position"),
            *TemplateDocument.objects.order_by("position"),
            *FileDocument.objects.all(),
        ]
        return [
            {
                field.name: getattr(row, field.name)
                for field in row._meta.concrete_fields
                if not field.is_relation and compared(field)
            }
            for row in rows
        ]

    def compared(field):
        return not field.primary_key and not isinstance(field, SecretField) and field.name not in ("created_at", "modified_at")

    text, before = exported(), values()
    emptied()
    imported(text)
    assert values() == before


def test_both_formats_hold_the_same(rule):
    yaml, json = exported("yaml"), exported("json")
    emptied()
    imported(yaml, "yaml")
    assert exported("json") == json


def rules(number):
    """A document of ``number`` rules, each with two conditions, a document and a destination."""
    condition = {"field": "status", "is": "equals", "value": "published"}
    return {
        "format": "pigeon_admin.rule_set",
        "version": 1,
        "templates": [{"slug": "t", "name": "T", "source": "x", "file_name": "x"}],
        "destinations": [{"kind": "dummy", "slug": f"d{index}", "name": "D"} for index in range(10)],
        "rules": [
            {
                "kind": "save",
                "slug": f"r{index}",
                "name": "R",
                "model": "newsdesk.story",
                "conditions": {"any": [{"all": [condition]}, {"all": [condition]}]},
                "documents": [{"kind": "template", "template": "t"}],
                "destinations": [f"d{index % 10}"],
            }
            for index in range(number)
        ],
    }


def test_more_rules_need_no_more_queries_to_export_or_to_find_unchanged():
    counts = []
    for number in (5, 60):
        imported(json.dumps(rules(number)), "json")
        with CaptureQueriesContext(connection) as queries:
            text = exported()
            assert set(outcomes(imported(text, dry_run=True)).values()) == {"unchanged"}
        counts.append(len(queries))
    assert counts[0] == counts[1]
