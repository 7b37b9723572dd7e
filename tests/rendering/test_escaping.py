"""Values are written in the notation of the media type."""

import datetime
import decimal
import json
from xml.etree import ElementTree

import pytest
from django.utils import translation
from hypothesis import given, strategies

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox import PATTERN, compile_source

ROUGH = """<a href='x'>"AC/DC" & \\ co</a>\n=1+1"""


def put(source, media_type, **values):
    return compile_source(source, media_type).render(values)


@pytest.mark.parametrize(
    "media_type", ["application/xml", "text/xml", "text/html", "application/rss+xml", "TEXT/HTML; charset=utf-8"]
)
def test_markup_is_escaped(media_type):
    assert put("{{ x }}", media_type, x="""<&>"'""") == "&lt;&amp;&gt;&quot;&#x27;"


@pytest.mark.parametrize("media_type", ["text/plain", "text/csv", "text/markdown", "application/x-unheard-of"])
def test_plain_text_is_not(media_type):
    assert put("{{ x }}", media_type, x=ROUGH) == ROUGH


@given(strategies.text())
def test_any_text_survives_xml_but_for_what_xml_cannot_hold(text):
    read = (
        ElementTree.fromstring(compile_source('<x a="{{ x }}">{{ x }}</x>', "application/xml").render_bytes({"x": text})).text
        or ""
    )
    kept = "".join(char for char in text if char in "\t\n\r" or (char >= " " and char not in "\ufffe\uffff"))
    assert read == kept.replace("\r\n", "\n").replace("\r", "\n")


@given(strategies.text())
def test_any_text_survives_json(text):
    for source in ('{"x": "{{ x }}"}', '{"x": {{ x|json }}}', '{"x": {{ x|json|safe }}}'):
        for media_type in ("application/json", "application/ld+json"):
            assert json.loads(put(source, media_type, x=text)) == {"x": text}


@pytest.mark.parametrize(
    "name", ["linebreaks", "linebreaksbr", "escape", "force_escape", "striptags", "urlize", "title", "safeseq|first"]
)
def test_what_django_calls_safe_for_html_is_not_safe_for_json(name):
    json.loads(put('"{{ x|' + name + ' }}"', "application/json", x=ROUGH if name != "safeseq|first" else ROUGH + '"'))


def test_json_writes_values_as_json():
    values = {"t": True, "n": None, "f": 1.5, "d": decimal.Decimal("1.50"), "l": ["é", 2], "m": {"a": datetime.date(2026, 7, 1)}}
    source = "[{{ t|json }}, {{ t }}, {{ n|json }}, {{ f }}, {{ d|json }}, {{ l|json }}, {{ m|json }}]"
    assert json.loads(put(source, "application/json", **values)) == [True, True, None, 1.5, "1.50", ["é", 2], {"a": "2026-07-01"}]


def test_json_writes_a_relation_as_the_names_in_it(write):
    assert write("{{ object.tags.all|json }}", "application/json") == '["rock", "loud"]'


def test_json_within_html_can_stand_in_a_script():
    text = put("<script>x = {{ x|json|safe }}</script>", "text/html", x="</script><b>")
    assert text.count("</script>") == 1
    assert json.loads(text[len("<script>x = ") : -len("</script>")]) == "</script><b>"


@pytest.mark.parametrize("media_type", ["application/xml", "text/html", "application/json", "text/plain", "text/csv"])
def test_safe_is_left_as_it_is_everywhere(media_type):
    assert put("{{ x|safe }}{% autoescape off %}{{ x }}{% endautoescape %}", media_type, x='<"&') == '<"&<"&'


@pytest.mark.parametrize(
    "value, field",
    [
        ("a", '"a"'),
        ('say "a"', '"say ""a"""'),
        ("a;b\nc", '"a;b\nc"'),
        ("=1+1", '"\'=1+1"'),
        ("+1", '"\'+1"'),
        ("-1", '"\'-1"'),
        ("@x", '"\'@x"'),
        ("  =x", '"\'  =x"'),
        ("\t=x", '"\'\t=x"'),
        (-1, '"-1"'),
        (None, '""'),
    ],
)
def test_a_csv_field_is_quoted_and_no_formula(value, field):
    assert put("{{ x|csv }}", "text/csv", x=value) == field


def test_nothing_is_written_for_none():
    for media_type in ("application/xml", "text/plain", "application/json", "text/csv", "text/html"):
        assert put("[{{ x }}{{ x|safe }}{{ x|upper }}{{ x|date }}]", media_type, x=None) == "[]"


@pytest.mark.parametrize("media_type", ["application/xml", "application/json", "text/csv"])
def test_machines_get_numbers_and_dates_without_a_language(media_type, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    settings.LANGUAGE_CODE = "de"
    moment = datetime.datetime(2026, 7, 1, 22, 30, tzinfo=datetime.UTC)
    values = {"i": 1234567, "d": decimal.Decimal("1234.50"), "e": decimal.Decimal("1E+3"), "m": moment, "day": moment.date()}
    source = "{{ i }} {{ d }} {{ e }} {{ d|floatformat:1 }} {{ d|floatformat:'1g' }} {{ m }} {{ day }}"
    with translation.override("de"):
        text = put(source, media_type, **values)
        assert put("{{ i }} {{ d|floatformat:1 }}", "text/plain", **values) == "1.234.567 1.234,5"
    assert text == "1234567 1234.50 1000 1234.5 1234.5 2026-07-02T00:30:00+02:00 2026-07-01"


def test_a_declared_xml_encoding_is_kept():
    source = '<?xml version="1.0" encoding="iso-8859-1"?><x>{{ x }}</x>'
    data = compile_source(source, "application/xml").render_bytes({"x": "é€"})
    assert data.endswith(b"<x>\xe9&#8364;</x>")
    assert ElementTree.fromstring(data).text == "é€"
    with pytest.raises(RenderError, match="klingon"):
        compile_source('<?xml version="1.0" encoding="klingon"?><x/>', "application/xml").render_bytes({})


def test_a_value_in_a_name_opens_no_folder():
    assert put("{{ x }}/{{ y }}", PATTERN, x="AC/DC", y="..\\..") == "AC-DC/..-.."
    assert put("{{ x|title }}/{{ x|default:'a/b' }}/{{ y|default:'a/b' }}", PATTERN, x="ac/dc", y="") == "Ac-Dc/ac-dc/a-b"


def test_a_date_in_a_name_may():
    assert put("{{ d|date:'Y/m' }}/{{ x|safe }}", PATTERN, d=datetime.date(2026, 7, 1), x="a/b") == "2026/07/a/b"
