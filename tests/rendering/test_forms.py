"""What staff type is checked when it is saved, and the error stands at the field."""

import pytest
from django.core.exceptions import ValidationError

from pigeon_admin.models import ExportTemplate, FileDocument, TemplateDocument


def errors_of(instance):
    with pytest.raises(ValidationError) as caught:
        instance.clean()
    return caught.value.message_dict


@pytest.mark.parametrize(
    "field, value, message",
    [
        (
            "source",
            "a\nb\n{% include 'x' %}",
            "Line 3: “include” is not available here; a template is one text, so copy what you need into it.",
        ),
        ("source", "{{ x|uper }}", "There is no filter “uper”. Did you mean “upper”?"),
        ("directory", "{{ x", "“{{” is opened, but not closed with “}}” on the same line."),
        ("file_name", "{% if x %}", "“if” is not closed: “endif” is missing."),
        ("time_zone", "Europe/Pariss", "There is no time zone “Europe/Pariss”. Did you mean “Europe/Paris”?"),
        ("time_zone", "../etc/passwd", "There is no time zone “../etc/passwd”."),
        ("language", "xx-nope", "There is no language “xx-nope”. Write its code, such as en or fr-ca."),
    ],
)
def test_a_template_names_what_is_wrong_at_its_field(make_template, field, value, message):
    template = make_template()
    setattr(template, field, value)
    errors = errors_of(template)
    assert list(errors) == [field]
    assert errors[field][0].startswith(message)


@pytest.mark.parametrize("language", ["", "fr", "en-gb", "pt-br"])
def test_a_good_template_is_accepted(make_template, language):
    template = make_template(language=language, time_zone="America/New_York", directory="{{ object.pk }}")
    template.full_clean()


def test_line_breaks_of_a_browser_are_made_plain(make_template):
    template = make_template("\ufeffa\r\nb\rc")
    template.clean()
    assert template.source == "a\nb\nc"


@pytest.mark.parametrize("field", ExportTemplate.RENDERED_FIELDS)
def test_a_change_of_what_is_rendered_is_a_new_revision(make_template, field):
    template = make_template(language="fr")
    setattr(template, field, "text/csv")
    template.save()
    assert ExportTemplate.objects.get(pk=template.pk).revision == 2
    setattr(template, field, "text/html")
    template.save(update_fields=[field])
    assert ExportTemplate.objects.get(pk=template.pk).revision == 3


def test_another_change_is_none(make_template):
    template = make_template()
    template.name = "Other"
    template.save()
    template.source = "unsaved"
    template.save(update_fields=["name"])
    assert ExportTemplate.objects.get(pk=template.pk).revision == 1


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("relation_path", "pictures", "“pictures” is no relation of story. There are: "),
        ("relation_path", "photos__title", "“title” is no relation of photo. There are: "),
        ("directory", "{% x %}", "There is no tag “x”."),
        ("file_name", "{{ object.title }", "“{{” is opened, but not closed"),
        ("file_field", "title", "“title” is no file field of story. There are: attachment."),
        ("file_field", "nothing", "“nothing” is no file field of story. There are: attachment."),
    ],
)
def test_a_document_names_what_is_wrong_at_its_field(rule, field, value, message):
    document = FileDocument(rule=rule, file_field="attachment")
    setattr(document, field, value)
    errors = errors_of(document)
    assert list(errors) == [field]
    assert errors[field][0].startswith(message)


def test_the_file_field_is_looked_for_where_the_relation_leads(rule):
    FileDocument(rule=rule, relation_path="photos", file_field="image").clean()
    assert "file_field" in errors_of(FileDocument(rule=rule, relation_path="photos", file_field="attachment"))


def test_a_document_without_rule_or_model_is_checked_as_far_as_possible(rule, make_template):
    TemplateDocument(template=make_template(), relation_path="photos").clean()
    rule.model = "gone.model"
    TemplateDocument(rule=rule, template=make_template(), relation_path="photos").clean()
