"""For whatever staff may have typed: export, import into an empty database, export gives the same bytes."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from pigeon_admin.conditions import Condition, compile_condition
from pigeon_admin.exceptions import ConditionError
from pigeon_admin.exchange.redaction import redacted
from pigeon_admin.models import (
    ConditionRow,
    DummyDestination,
    EmailDestination,
    ExportTemplate,
    FileDocument,
    FtpDestination,
    HttpDestination,
    SaveRule,
    TemplateDocument,
)
from tests.exchange.conftest import emptied, exported, imported, outcomes, reasons
from tests.exchange.test_text import hostile
from tests.newsdesk.models import Story

letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
slugs = st.lists(
    st.text(letters, min_size=1, max_size=8) | st.sampled_from(["no", "1e3", "2026-01-01", "null", "0x1F", "-", "_"]),
    min_size=1,
    max_size=3,
    unique_by=str.lower,
)
short = hostile.map(lambda text: text[:200])
names = short.filter(lambda text: text.strip() != "")
literal = hostile.map(lambda text: text.replace("{", "(").replace("}", ")"))  # template source without tags
conditions = st.lists(
    st.tuples(
        st.sampled_from(
            [
                ("title", "equals"),
                ("title", "contains"),
                ("body", "starts_with"),
                ("section__slug", "equals"),
                ("status", "changed"),
            ]
        ),
        hostile,
        st.booleans(),
        st.integers(1, 3),
    ),
    max_size=5,
)
headers = st.dictionaries(
    st.from_regex(r"X-[A-Z][a-z]{1,6}", fullmatch=True),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    max_size=3,
)


@st.composite
def rule_sets(draw):
    """Unsaved things that the forms would have accepted."""
    template_slugs, destination_slugs, rule_slugs = draw(slugs), draw(slugs), draw(slugs)
    templates = [
        ExportTemplate(
            slug=slug,
            name=draw(names),
            source=draw(literal),
            media_type=draw(st.sampled_from(["text/plain", "application/json"])),
            file_name="a",
        )
        for slug in template_slugs
    ]
    kinds = [
        lambda **values: DummyDestination(**values),
        lambda **values: FtpDestination(host="h.example", password="x", passive=draw(st.booleans()), **values),
        lambda **values: HttpDestination(url="https://h.example/{path}", headers=draw(headers), **values),
        lambda **values: EmailDestination(recipients="a@b.example\nc@d.example", body=draw(hostile), **values),
    ]
    destinations = [draw(st.sampled_from(kinds))(slug=slug, name=draw(names), notes=draw(hostile)) for slug in destination_slugs]
    rules = [
        {
            "rule": SaveRule(
                slug=slug,
                name=draw(names),
                model="newsdesk.story",
                notes=draw(hostile),
                on_delete=draw(st.booleans()),
                watched_fields=draw(st.lists(st.sampled_from(["title", "tags"]), unique=True)),
            ),
            "destinations": draw(st.sets(st.sampled_from(destination_slugs))),
            "conditions": draw(conditions),
            "documents": draw(st.lists(st.sampled_from([*template_slugs, None]), max_size=4)),
        }
        for slug in rule_slugs
    ]
    return templates, destinations, rules


def cleaned(things):
    """Those that their own cleaning accepts, saved."""
    saved = {}
    for thing in things:
        try:
            thing.full_clean()
        except ValidationError:
            continue
        thing.save()
        saved[thing.slug] = thing
    return saved


def store(rule_set):
    templates, destinations, rules = rule_set
    templates, destinations = cleaned(templates), cleaned(destinations)
    for planned in rules:
        rule = cleaned([planned["rule"]]).get(planned["rule"].slug)
        if rule is None:
            continue
        rule.destinations.set(destinations[slug] for slug in planned["destinations"] if slug in destinations)
        for position, ((path, operator), value, negate, group) in enumerate(planned["conditions"]):
            value = "" if operator == "changed" else value
            try:
                compile_condition(Story, Condition(path, operator, value))
            except ConditionError:
                continue  # the form would have refused it
            ConditionRow.objects.create(
                rule=rule, path=path, operator=operator, value=value, negate=negate, group=group * 7, position=position
            )
        for position, slug in enumerate(planned["documents"]):
            if slug is None:
                FileDocument.objects.create(rule=rule, file_field="attachment", position=position, directory="a b")
            elif slug in templates:
                TemplateDocument.objects.create(rule=rule, template=templates[slug], position=position)


class RoundTrip(TestCase):
    # Shrinking takes minutes here; the pieces have property tests of their own.
    @settings(
        phases=[Phase.explicit, Phase.generate],
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(rule_sets())
    def test_the_same_bytes_come_out_again(self, rule_set):
        store(rule_set)
        before = {name: exported(name) for name in ("json", "yaml")}
        again = imported(before["yaml"])
        assert set(outcomes(again).values()) <= {"unchanged"}
        for name in before:
            emptied()
            result = imported(before[name], name)
            assert not result.plan.refused, reasons(result)
            assert {other: exported(other) for other in before} == before


@given(
    hostile
    | st.text("ab:/@?=&;#{}- tokenkey\n", max_size=60)
    | st.from_regex(r"(https?|ftp)://[^\s]{0,20}@[^\s]{0,20}\?(api_key|x|token)=[^\s]{0,10}")
)
def test_leaving_secrets_out_twice_is_leaving_them_out_once(text):
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no secret: mail me at anna@example.org",
        "https://partner.example/in/{path}?key={key}&author=anna",
        "10:30 @ the office",
        "a://b",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(text):
    assert redacted(text) == text
