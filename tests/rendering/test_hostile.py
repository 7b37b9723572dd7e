"""A template is no way into the site, and no way to stop it."""

import time
import tracemalloc

import pytest
from django.db import DatabaseError

from pigeon_admin.exceptions import BudgetExceeded, RenderError
from pigeon_admin.sandbox import Budget, compile_source
from tests.newsdesk.models import Author, Photo, Story

SECONDS = 5.0  # generous, for a busy machine: alone, each of these takes less than one; unbounded, minutes or for ever
MEGABYTES = 150

FORBIDDEN = [
    "{{ object.delete }}",
    "{{ object.save }}",
    "{{ object.objects }}",
    "{{ object.refresh_from_db }}",
    "{{ object.secret_plans }}",
    "{{ object._meta.db_table }}",
    "{{ object._state }}",
    "{{ object.__class__ }}",
    "{{ object.pk.real }}",
    "{{ object.pk.real.__class__ }}",
    "{{ object.title.format }}",
    "{{ object.published_at.tzinfo }}",
    "{{ object.author.password }}",
    "{{ object.author.get_password_display }}",
    "{{ object.photos.first.author.password }}",
    "{{ object.photos.0.author.password }}",
    "{% for photo in object.photos.all %}{{ photo.author.password }}{% endfor %}",
    "{% for photo in object.photos.all|dictsort:'author.password' %}{{ photo }}{% endfor %}",
    "{% regroup object.photos.all by author.password as g %}",
    "{% with a=object.author %}{{ a.password }}{% endwith %}",
    "{% firstof object.author.password %}",
    "{% if object.author.password == 'hunter2' %}yes{% endif %}",
    "{% if object.author.password or 1 %}yes{% endif %}",
    "{% if not object.author.password %}yes{% endif %}",
    "{{ nothing|default:object.author.password }}",
    "{{ object.photos.all.delete }}",
    "{{ object.photos.clear }}",
    "{{ object.photos.all.query }}",
    "{{ object.photos.model.objects.all }}",
    "{{ object.photos.create }}",
    "{{ object.attachment.path }}",
    "{{ object.attachment.storage }}",
    "{{ object.attachment.delete }}",
    "{{ object.attachment.open }}",
    "{{ forloop.__class__ }}",
    "{{ block.super }}",
    "{{ settings.SECRET_KEY }}",
    "{{ request.user }}",
    "{% include '/etc/passwd' %}",
    "{% extends '/etc/passwd' %}",
    "{% ssi '/etc/passwd' %}",
    "{% load static %}",
    "{% load tests.newsdesk %}",
    "{% debug %}",
    "{% csrf_token %}",
    "{% url 'admin:index' %}",
    "{% lorem 100000000 %}",
    "{{ object|pprint }}",
    "{{ object|json_script }}",
]

DOUBLED = "{% with a=object.title|add:object.title %}" + "{% with a=a|add:a %}" * 40 + "{{ a }}" + "{% endwith %}" * 41
BIG = "x" * 3_000_000
ENDLESS = [
    "{{ object.title|ljust:300000000 }}",
    "{{ object.title|rjust:'300000000' }}",
    "{{ object.title|center:300000000 }}",
    "{{ object.title|stringformat:'300000000s' }}",
    "{{ object.words|stringformat:'0300000000d' }}",
    "{{ object.words|stringformat:'.300000000f' }}",
    "{{ object.words|stringformat:'*d' }}",
    "{{ object.words|floatformat:300000000 }}",
    "{{ object.words|floatformat:'-300000000' }}",
    DOUBLED,
    "{% for i in big|make_list %}{% firstof a|add:object.title as a %}{% firstof a|add:a as a %}{% endfor %}",
    "{% for a in big %}{% endfor %}",
    "{% for a in big|make_list %}{% endfor %}",
    "{% regroup big by x as g %}",
    "{{ big|make_list|join:big }}",
    "{% for i in k %}{% for i in k %}{% for i in k %}{% for i in k %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for i in k %}{% for i in k %}{{ big }}{% endfor %}{% endfor %}",
    "{% for i in k %}{% for p in object.photos.all %}{% for i in k %}{% endfor %}{% endfor %}{% endfor %}",
    "{% filter addslashes" + "|addslashes" * 40 + " %}\\{% endfilter %}",
    "{% for i in k %}{% with a=big|add:'x' %}{% endwith %}{% endfor %}",
    "{% for i in k %}{% if big|add:'x' == big|add:'x' %}{% endif %}{% endfor %}",
    "{{ dict|dictsort:0|join:big }}{{ list|add:list|add:list|join:big }}",
    "{{ list|safeseq }}",
    "{{ big|date:big }}",
    "{% filter date:big %}x{% endfilter %}",
    "{{ big|wordwrap:1 }}",
    "{{ lt|truncatewords_html:10000000 }}",
    "{{ lt|urlize }}",
    "{{ huge }}",
    "{{ huge|json }}",
    "{{ huge|csv }}",
    "{{ huge|upper }}",
]


@pytest.fixture
def hostile(write):
    """Render with a few large values at hand."""
    values = {
        "big": BIG,
        "k": list(range(1000)),
        "lt": "<" * 3_000_000,
        "huge": BIG * 8,
        "list": [BIG] * 1000,
        "dict": {"a": BIG},
    }
    return lambda source: write(source, "application/xml", **values)


@pytest.mark.parametrize("source", FORBIDDEN)
def test_what_a_template_may_not_see_is_an_error(write, source):
    with pytest.raises(RenderError) as caught:
        write(source)
    assert "hunter" not in str(caught.value)
    assert Author.objects.count() == 2
    assert Photo.objects.count() == 3
    assert Story.objects.count() == 1


@pytest.mark.parametrize("source", ENDLESS, ids=lambda source: source[:60])
def test_what_would_never_end_ends_soon(hostile, source):
    began = time.monotonic()
    with pytest.raises(RenderError):
        hostile(source)
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("source", ENDLESS, ids=lambda source: source[:60])
def test_what_would_never_end_ends_small(hostile, source):
    tracemalloc.start()
    try:
        with pytest.raises(RenderError):
            hostile(source)
    finally:
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MEGABYTES * 1_000_000


@pytest.mark.parametrize(
    "source",
    [
        "{{" * 500_000,
        "{%" * 500_000,
        "{#" * 500_000,
        "{{ x" + "|upper" * 100_000 + " }}",
        "{% if " + "not " * 100_000 + "x %}{% endif %}",
        "{% if " + "(" * 2_000 + "x %}{% endif %}",
        "{% if x %}" * 5_000 + "{% endif %}" * 5_000,
        "{% with a='" + "\\'" * 4_000 + " %}{% endwith %}",
        "{% if " + '"' * 9_000 + " %}{% endif %}",
        "{{ " + '"' * 9_001 + " }}",
        "{{ " + "'\\" * 4_500 + " }}",
        "x" * 1_000_001,
    ],
    ids=lambda source: source[:30],
)
def test_a_source_that_is_hard_to_read_is_refused_soon(source):
    began = time.monotonic()
    with pytest.raises(RenderError):
        compile_source(source, "text/plain")
    assert time.monotonic() - began < SECONDS


def test_steps_are_counted_through_nested_loops(write, settings):
    settings.PIGEON_ADMIN = settings.PIGEON_ADMIN | {"TEMPLATE_MAX_STEPS": 12}
    source = "{% for a in object.photos.all %}{% for b in object.photos.all %}.{% endfor %}{% endfor %}"
    with pytest.raises(BudgetExceeded, match="more than 12 loop steps") as caught:
        write(source)
    assert caught.value.line == 1
    settings.PIGEON_ADMIN = settings.PIGEON_ADMIN | {"TEMPLATE_MAX_STEPS": 15}
    assert write(source) == "." * 9


def test_no_more_rows_are_read_than_there_are_steps(write, settings, django_assert_num_queries):
    settings.PIGEON_ADMIN = settings.PIGEON_ADMIN | {"TEMPLATE_MAX_STEPS": 2}
    with django_assert_num_queries(1) as queries, pytest.raises(BudgetExceeded):
        write("{{ object.photos.all|length }}")
    assert "LIMIT 3" in queries.captured_queries[0]["sql"]


def test_output_is_counted_in_bytes_while_it_is_written(write):
    text = "é" * 10
    assert compile_source("{{ x }}", "text/plain").render({"x": text}, Budget(size=20)) == text
    with pytest.raises(BudgetExceeded, match="more than 19 bytes"):
        compile_source("{{ x }}", "text/plain").render({"x": text}, Budget(size=19))


def test_time_runs_out_even_where_nothing_is_counted(write):
    with pytest.raises(BudgetExceeded, match="longer than 0 seconds"):
        compile_source("a{{ x }}", "text/plain").render({"x": 1}, Budget(seconds=0))


def test_a_budget_that_runs_out_inside_an_if_is_not_swallowed(write):
    with pytest.raises(BudgetExceeded):
        compile_source("{% if x|make_list == y or 1 %}quiet{% endif %}", "text/plain").render(
            {"x": "abc", "y": 1}, Budget(steps=2)
        )


def test_a_lost_database_is_not_the_templates_fault(write, story, monkeypatch):
    def lost(self):
        raise DatabaseError("server closed the connection")

    monkeypatch.setattr(Story, "get_absolute_url", lost)
    with pytest.raises(DatabaseError):
        write("{{ object.get_absolute_url }}")
    with pytest.raises(DatabaseError):
        write("{% if object.get_absolute_url == 'x' %}{% endif %}")


def test_the_site_can_allow_a_method_for_one_model(write, settings):
    settings.PIGEON_ADMIN = settings.PIGEON_ADMIN | {"TEMPLATE_METHODS": {"newsdesk.Story": ["secret_plans"]}}
    assert write("{{ object.secret_plans }}") == "nobody's business"
    with pytest.raises(RenderError):
        write("{{ object.author.secret_plans }}")


def test_what_an_allowed_method_answers_is_wrapped(write, settings, story, monkeypatch):
    settings.PIGEON_ADMIN = settings.PIGEON_ADMIN | {"TEMPLATE_METHODS": {"newsdesk.story": ["related"]}}
    monkeypatch.setattr(Story, "related", lambda self: {"authors": [self.author], "all": Story.objects.all()}, raising=False)
    assert write("{{ object.related.authors.0.name }} {{ object.related.all.count }}") == "Ann Lee 1"
    for source in ("{{ object.related.authors.0.password }}", "{% for a in object.related.authors %}{{ a.delete }}{% endfor %}"):
        with pytest.raises(RenderError):
            write(source)
    with pytest.raises(RenderError):
        write("{{ object.related.authors|first|upper }}{% with a=object.related.authors|first %}{{ a.delete }}{% endwith %}")


def test_the_site_can_hide_other_fields(write, settings):
    assert write("{{ object.author.email }}") == "ann@example.com"
    settings.PIGEON_ADMIN = settings.PIGEON_ADMIN | {"TEMPLATE_HIDDEN_FIELDS": "e-?mail"}
    with pytest.raises(RenderError, match="never shown"):
        write("{{ object.author.email }}")


def test_what_other_apps_keep_about_a_user_is_not_content(db, django_user_model):
    user = django_user_model.objects.create_user("ann", password="hunter2")
    render = lambda source: compile_source(source, "text/plain").render({"object": user})  # noqa: E731
    assert render("{{ object.username }}") == "ann"
    for source in ("{{ object.password }}", "{{ object.logentry_set.all }}", "{{ object.check_password }}"):
        with pytest.raises(RenderError):
            render(source)
