"""Field paths: what can be asked for, and what is said of the rest."""

import pytest
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test.utils import isolate_apps

from pigeon_admin.conditions import names_of, resolve
from pigeon_admin.exceptions import ConditionError
from pigeon_admin.models import Package
from tests.newsdesk.models import Author, BreakingStory, LongRead, Story


def error_of(path, model=Story):
    with pytest.raises(ConditionError) as caught:
        resolve(model, path)
    assert caught.value.part == "path"
    return str(caught.value)


@pytest.mark.parametrize(
    "path, kind",
    [
        ("title", "text"),
        ("status", "text"),
        ("words", "number"),
        ("price", "number"),
        ("rating", "number"),
        ("breaking", "boolean"),
        ("published_at", "datetime"),
        ("event_date", "date"),
        ("attachment", "file"),
        ("section", "relation"),
        ("tags", "relation"),
        ("photos", "relation"),
        ("section__slug", "text"),
        ("photos__author__name", "text"),
    ],
)
def test_a_path_knows_its_kind(path, kind):
    assert resolve(Story, path).kind == kind


def test_other_kinds():
    assert resolve(Package, "uid").kind == "uuid"
    assert resolve(Package, "documents").kind == "json"


@pytest.mark.parametrize(
    "path, canonical", [("pk", "id"), ("section_id", "section"), ("section__id", "section"), ("section__pk", "section")]
)
def test_one_value_has_one_name(path, canonical):
    assert resolve(Story, path) == resolve(Story, canonical)
    assert resolve(Story, path).path == canonical
    assert resolve(Story, path).is_local


@pytest.mark.parametrize("path", ["section__slug", "tags", "tags__name", "photos", "longread"])
def test_what_lies_elsewhere_is_not_local(path):
    assert not resolve(Story, path).is_local


@pytest.mark.parametrize(
    "path, many", [("title", False), ("section__slug", False), ("longread", False), ("tags", True), ("photos__author", True)]
)
def test_a_path_knows_whether_it_has_many_values(path, many):
    assert resolve(Story, path).multi_valued is many


def test_inherited_fields_are_the_objects_own():
    assert resolve(LongRead, "title").is_local
    assert resolve(LongRead, "pk").is_local
    assert resolve(BreakingStory, "title").is_local


def test_the_label_reads_along_the_path():
    assert resolve(Story, "section__slug").label == "section › slug"
    assert resolve(Story, "photos__author__name").label == "photos › author › name"


def test_a_misspelt_field_brings_the_close_ones():
    assert error_of("titel") == "There is no field “titel” on story. Did you mean “title” or “subtitle”?"
    assert "Did you mean “slug”?" in error_of("section__slugg")
    assert "Did you mean “photos”?" in error_of("photo_set")


def test_an_unknown_field_brings_what_there_is():
    assert error_of("section__zzz") == "There is no field “zzz” on section. It has: id, name, slug, stories."


def test_a_lookup_is_sent_to_the_operators():
    assert "chosen as the operator" in error_of("title__icontains")


def test_passwords_are_never_looked_at():
    assert "password" in error_of("password", Author)
    assert "password" in error_of("author__password")
    assert "password" not in names_of(Author)
    assert "password" not in error_of("zzz", Author)


@isolate_apps("tests.newsdesk")
def test_a_generic_foreign_key_is_refused_and_a_generic_relation_is_not():
    class Note(models.Model):  # noqa: DJ008
        content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
        object_id = models.IntegerField()
        about = GenericForeignKey()

        class Meta:
            app_label = "newsdesk"

    class Paper(models.Model):  # noqa: DJ008
        notes = GenericRelation(Note)

        class Meta:
            app_label = "newsdesk"

    assert "no single value" in error_of("about", Note)
    assert resolve(Paper, "notes__object_id").multi_valued


@pytest.mark.parametrize(
    "path", ["", "   ", "__", "title__", "section____slug", "section__stories__section__stories__section__stories__title"]
)
def test_nonsense_is_refused(path):
    assert error_of(path)
