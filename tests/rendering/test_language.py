"""Templates are written in Django's language; what is refused is refused in words, with its line."""

import pytest

from pigeon_admin.exceptions import RenderError
from pigeon_admin.sandbox import compile_source
from tests.newsdesk.models import BreakingStory, LongRead, Photo

CARRIER_PIGEON_STYLE = """<?xml version="1.0" encoding="UTF-8"?>
{% spaceless %}<story>
    <headline>{{ object.title }}</headline>
    <changed>{{ object.published_at|date }}</changed>
    <text>{{ object.body|striptags|linebreaks|safe }}</text>
    {% if object.section %}
        <file>/media/{{ object.section.pk }}.jpg</file>
    {% else %}
        <file/>
    {% endif %}
    {% if see_also %}
        {% for other in see_also %}<also>{{ other.pk }}</also>{% endfor %}
    {% endif %}
    {% for tag in object.tags.all %}<tag>{{ tag }}</tag>{% endfor %}
</story>{% endspaceless %}"""


def test_a_template_as_carrier_pigeon_had_them_works(write, story):
    assert write(CARRIER_PIGEON_STYLE, "application/xml") == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<story><headline>AC/DC &amp; &lt;friends&gt;</headline><changed>July 2, 2026</changed>"
        "<text><p>Loud &amp; clear</p></text>"
        f"<file>/media/{story.section_id}.jpg</file><tag>rock</tag><tag>loud</tag></story>"
    )


def test_extra_variables_are_wrapped_too(write, story):
    assert write("{% for other in see_also %}{{ other.title }}{% endfor %}", see_also=[story]) == story.title
    with pytest.raises(RenderError, match="may not be used"):
        write("{% for other in see_also %}{{ other.delete }}{% endfor %}", see_also=[story])


@pytest.mark.parametrize(
    "source, text",
    [
        ("{{ object }}", "AC/DC & <friends>"),
        ("{{ object.get_status_display }} {{ object.status }}", "Draft draft"),
        ("{{ object.section.slug }}/{{ object.author.name }}", "music/Ann Lee"),
        (
            "{{ object.photos.count }} {{ object.photos.first.caption }} {{ object.photos.last }} {{ object.photos.1 }}",
            "3 Stage Bus Crowd",
        ),
        ("{{ object.photos.all|length }}{% if object.photos.exists %}!{% endif %}", "3!"),
        ("{% for photo in object.photos.all reversed %}{{ photo }}{{ forloop.counter }}{% endfor %}", "Bus1Crowd2Stage3"),
        (
            "{% for photo in object.photos.all|slice:':2' %}{{ photo }}{% if not forloop.last %}, {% endif %}{% endfor %}",
            "Stage, Crowd",
        ),
        ("{{ object.tags.all|join:' + ' }}", "rock + loud"),
        ("{% for photo in object.photos.all|dictsort:'caption' %}{{ photo }} {% endfor %}", "Bus Crowd Stage "),
        ("{% for photo in object.photos.all|dictsort:'author.name' %}{{ photo }} {% endfor %}", "Bus Stage Crowd "),
        (
            "{% regroup object.photos.all by author as g %}{% for a in g %}{{ a.grouper.name }}:{{ a.list|length }};{% endfor %}",
            "Bo Diaz:2;:1;",
        ),
        (
            "{% for p in object.photos.all %}{% ifchanged p.author.name %}{{ p.author.name }};{% endifchanged %}{% endfor %}",
            "Bo Diaz;;",
        ),
        ("{% for p in object.photos.all %}{% cycle 'a' 'b' %}{% endfor %}", "aba"),
        ("{% with s=object.section %}{{ s.name }}{% endwith %}", "Music"),
        ("{% firstof object.subtitle object.title %}", "AC/DC & <friends>"),
        ("{% firstof nothing 'x' %}{{ nothing|default:'y' }}{% if nothing %}z{% endif %}", "xy"),
        ("{{ object.subtitle }}{{ object.subtitle|upper }}{{ object.subtitle|default:'none' }}", "none"),
        ("{{ object.event_date.year }}-{{ object.published_at.hour }}", "2026-0"),
        ("{% verbatim %}{{ not this {% nor that %}{% endverbatim %}", "{{ not this {% nor that %}"),
        ("{% comment %}{{ object.nothing }}{% endcomment %}{# {{ nor this }} #}", ""),
        ("{% templatetag openvariable %}", "{{"),
        ("{% widthratio 1 4 100 %}", "25"),
        ("{% filter upper %}{{ object.section }}{% endfilter %}", "MUSIC"),
        ("{% for key, value in data.items %}{{ key }}={{ value }};{% endfor %}{{ data.c }}", "a=1;b=2;"),
        ("{{ object.get_absolute_url }}", None),
        ("{% if object.author == object.author and object.words > 5 and 'AC' in object.title %}yes{% endif %}", "yes"),
        ("{% if object.tags.all %}tags{% endif %}{% for x in object.stories %}{% empty %}{% endfor %}", RenderError),
    ],
)
def test_the_language(write, story, source, text):
    if text is RenderError:
        with pytest.raises(RenderError):
            write(source)
    else:
        assert write(source, data={"a": 1, "b": 2}) == (story.get_absolute_url() if text is None else text)


def test_a_missing_relation_is_empty_all_the_way(write, story):
    story.section = None
    assert write("[{{ object.section }}{{ object.section.slug }}]{% if object.section.slug %}!{% endif %}") == "[]"


def test_children_and_proxies_show_what_they_inherit(story):
    read = LongRead.objects.create(title="Long", chapters=3)
    Photo.objects.create(story=read, caption="Cover")
    compiled = compile_source(
        "{{ object.title }} {{ object.chapters }} {{ object.photos.first }} {{ object.story_ptr.title }}", "text/plain"
    )
    assert compiled.render({"object": read}) == "Long 3 Cover Long"
    proxy = BreakingStory.objects.get(pk=story.pk)
    assert compile_source("{{ object.photos.count }}", "text/plain").render({"object": proxy}) == "3"


def test_a_reverse_one_to_one_without_object_is_empty(write):
    assert write("[{{ object.longread }}]") == "[]"


def test_a_relation_is_read_once_however_often_it_is_looped_over(write, django_assert_num_queries):
    with django_assert_num_queries(1):
        write(
            "{% for a in object.photos.all %}{% for b in object.photos.all %}.{% endfor %}{% endfor %}{{ object.photos.count }}"
        )


@pytest.mark.parametrize(
    "source, message",
    [
        ("{{ object.titel }}", "The story has no field “titel”. Did you mean “title”?"),
        ("{% if object.titel == 'x' %}{% endif %}", "The story has no field “titel”. Did you mean “title”?"),
        ("{{ object.titel|default:'x' }}", "The story has no field “titel”. Did you mean “title”?"),
        ("{{ object.section.naem }}", "The section has no field “naem”. Did you mean “name”?"),
        ("{{ objekt.title }}", "There is no variable “objekt” here. Did you mean “object”?"),
        ("{{ item.title }}", "“item” exists only in a document that is made for each related object. Use “object”."),
        ("{% for x in nothing %}{% endfor %}", "There is no variable “nothing” here. There are: object."),
        ("{% for x in object.words %}{% endfor %}", "“object.words” is not a list, so there is nothing to loop over."),
        ("{{ object.title.upper }}", "“object.title” is a text and has no “upper”."),
        (
            "{{ object.photos.all.titles }}",
            "“titles” cannot be used on a list of photos: loop over it with for, or use all, count, first or last.",
        ),
        ("{{ object.attachment.path }}", "The path of a file on this server is not shown. Use “url” or “name”."),
        ("{{ object.words|divisibleby:0 }}", "The filter “divisibleby” failed: ZeroDivisionError: integer modulo by zero"),
        (
            "{{ object.photos.all|slice:':2' }}",
            "A list cannot be written as it is. Loop over it with for, or use the filter join or json.",
        ),
    ],
)
def test_a_mistake_found_while_rendering_is_told_in_words_with_its_line(write, source, message):
    with pytest.raises(RenderError) as caught:
        write(f"first line\n{{% if object %}}\n{source}\n{{% endif %}}")
    assert str(caught.value) == message
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "source, line, message",
    [
        ("\n{% include 'x' %}", 2, "“include” is not available here; a template is one text, so copy what you need into it."),
        ("{% extends 'x' %}", 1, "“extends” is not available here; a template is one text, so copy what you need into it."),
        ("{% load i18n %}", 1, "“load” is not available here; all that there is can be used without loading it."),
        ("{% iff x %}", 1, "There is no tag “iff”. Did you mean “if”?"),
        ("a\n\n{{ x|uper }}", 3, "There is no filter “uper”. Did you mean “upper”?"),
        ("{{ x|pprint }}", 1, "The filter “pprint” is not available here: it shows the inside of objects."),
        ("\n{% if x %}\n\n", 2, "“if” is not closed: “endif” is missing."),
        ("{% if x %}\n{% endfor %}", 2, "“endfor” does not fit here. Expected: “elif” “else” “endif”."),
        ("\n\n{% endif %}", 3, "“endif” closes something that was not opened."),
        ("a\nb {{ x } c", 2, "“{{” is opened, but not closed with “}}” on the same line."),
        ("a\nb {% if x\n%}", 2, "“{%” is opened, but not closed with “%}” on the same line."),
        ("{{ }}", 1, "There is nothing between the braces."),
        ("{{ x y }}", 1, "“ y” in “x y” cannot be read."),
        ("{{ x._meta }}", 1, "Names that begin with an underscore cannot be used: “x._meta”."),
        ("{% for x %}{% endfor %}", 1, "A loop is written {% for story in object.stories.all %}, not “for x”."),
        ("{{ x|date:1:2 }}", 1, "“:2” in “x|date:1:2” cannot be read."),
        ("{{ x|truncatewords }}", 1, "The filter “truncatewords” does not take this number of arguments."),
    ],
)
def test_a_syntax_error_is_told_in_words_with_its_line(source, line, message):
    with pytest.raises(RenderError) as caught:
        compile_source(source, "text/plain")
    assert (caught.value.line, str(caught.value)) == (line, message)


def test_the_hosts_own_errors_say_where(write, story, monkeypatch):
    monkeypatch.setattr(type(story), "get_absolute_url", lambda self: 1 / 0)
    with pytest.raises(RenderError, match=r"get_absolute_url.*could not be read: ZeroDivisionError"):
        write("{{ object.get_absolute_url }}")


def test_the_same_source_is_compiled_once():
    assert compile_source("{{ object }}", "text/html") is compile_source("{{ object }}", "text/html")
    assert compile_source("{{ object }}", "text/html") is not compile_source("{{ object }}", "text/csv")
