"""The text of a rule set: what is written is read back the same, and what is hostile is refused in words."""

import json

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pigeon_admin.exceptions import RuleSetError
from pigeon_admin.exchange.reading import MAX_BYTES, MAX_DEPTH, from_json, from_yaml
from pigeon_admin.exchange.writing import to_json, to_yaml

# What a database can hold; weighted towards what breaks YAML.
hostile = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
    st.lists(
        st.sampled_from(
            [
                "no",
                " ",
                "\n",
                "\r\n",
                "\t",
                "- ",
                ": ",
                "#",
                "'",
                '"',
                "é",
                "😀",
                "\x85",
                "\u2028",
                "\ufeff",
                "|",
                "&a",
                "*a",
                "\\",
                "%",
                "---",
                "...",
            ]
        ),
        max_size=8,
    ).map("".join),
    st.sampled_from(
        [
            "no",
            "Yes",
            "1e3",
            "1_000",
            "0x1F",
            "0o17",
            "2026-01-01",
            "12:30:45",
            "null",
            "~",
            "",
            "=",
            "<<",
            ".inf",
            ".nan",
            "+1",
            "01",
            "true",
            "-",
            "?",
            "x: y",
            "a" * 3000,
            "trailing ",
            " leading",
            "line\nline\n",
            "tab\tin\nit",
        ]
    ),
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(hostile, plain, min_size=1, max_size=4)


@settings(max_examples=400, deadline=None)
@given(documents)
@example({"a": ["no\n", "  x\n y\n", "x\n\n\ny", "\n", "a\r\nb"], "k" * 2000: {"": []}})
def test_what_is_written_is_read_back_the_same(document):
    for text, read in ((to_json(document), from_json), (to_yaml(document), from_yaml)):
        assert repr(read(text.encode())) == repr(document)
        assert text.endswith("\n")
        assert "\r" not in text


@settings(max_examples=200, deadline=None)
@given(documents)
def test_other_yaml_readers_read_the_same_text(document):
    def texts(value):
        if isinstance(value, dict):
            return [item for pair in value.items() for each in pair for item in texts(each)]
        if isinstance(value, list):
            return [item for each in value for item in texts(each)]
        return [value] if isinstance(value, str) else [type(value).__name__ != "str"]

    assert texts(yaml.load(to_yaml(document), Loader=yaml.SafeLoader)) == texts(document)


def test_unicode_is_written_as_it_is():
    for text in (to_json({"name": "Élan 😀 日本"}), to_yaml({"name": "Élan 😀 日本"})):
        assert "Élan 😀 日本" in text


def test_a_template_is_a_readable_block_in_yaml():
    assert to_yaml({"source": "<a>\n  {{ object.title }}\n</a>\n"}) == "source: |\n  <a>\n    {{ object.title }}\n  </a>\n"


def test_unquoted_words_that_yaml_is_famous_for_are_text():
    assert from_yaml(b"[no, yes, on, 2026-01-01, 1_000, 0x1F, 12:30, .inf]") == [
        "no",
        "yes",
        "on",
        "2026-01-01",
        "1_000",
        "0x1F",
        "12:30",
        ".inf",
    ]


def nested(depth, start, end):
    return (start * depth + end * depth).encode()


@pytest.mark.parametrize(
    "read, data, words",
    [
        (from_json, b'{"a": 1, "b": {"c": 1, "c": 2}}', "“c” stands twice"),
        (from_yaml, b"a: 1\nb:\n  c: 1\n  c: 2\n", "“c” stands twice"),
        (from_json, nested(MAX_DEPTH + 1, "[", "]"), "levels deep"),
        (from_json, nested(200_000, "[", "]"), "levels deep"),
        (from_json, nested(200_000, '{"a":', "}"), "levels deep"),
        (from_yaml, nested(200_000, "[", "]"), "levels deep"),
        (from_yaml, b"- " * 100_000 + b"x", "levels deep"),
        (from_yaml, b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "aliases"),
        (from_yaml, b"a: !!python/object/apply:os.system [ls]\n", "tags"),
        (from_yaml, b"a: 1\n---\nb: 2\n", "several YAML documents"),
        (from_yaml, b"? [a]\n: 1\n", "key must be"),
        (from_yaml, b"a: [1, 2\n", "not YAML: line"),
        (from_yaml, b"a: \x07\n", "not YAML"),
        (from_yaml, b"a: 1" + b"0" * 5000, "number is too long"),
        (from_yaml, b"a: 1.0e999", "too large"),
        (from_json, b'{"a": }', "line 1, column 7"),
        (from_json, b'{"a": NaN}', "NaN"),
        (from_json, b'{"a": 1e999}', "too large"),
        (from_json, b'{"a": 1' + b"0" * 5000 + b"}", "cannot be read"),
        (from_json, b'{"a": "\\ud800"}', "U+D800"),
        (from_json, b'{"a": "x\\u0000y"}', "U+0000"),
        (from_yaml, b'a: "x\\0y"', "U+0000"),
        (from_json, b"\xff\xfe{}", "not UTF-8"),
        (from_yaml, b"\x80abc", "not UTF-8"),
        (from_json, b" " * (MAX_BYTES + 1), "larger than"),
        (from_yaml, b"a" * 50_000_000, "larger than"),
    ],
)
def test_hostile_files_are_refused_in_words(read, data, words):
    with pytest.raises(RuleSetError) as caught:
        read(data)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_byte_order_mark_does_not_matter():
    assert from_json(b"\xef\xbb\xbf" + json.dumps({"a": 1}).encode()) == {"a": 1}
    assert from_yaml(b"\xef\xbb\xbfa: 1\n") == {"a": 1}


@pytest.mark.parametrize(
    "data, words", [(nested(5_000, "[", "]"), "levels deep"), (b"- " * 5_000, "levels deep"), (b"a: 1\na: 2", "twice")]
)
def test_without_libyaml_it_is_refused_in_the_same_words(data, words, monkeypatch):
    monkeypatch.setattr("pigeon_admin.exchange.reading.Loader", yaml.SafeLoader)
    with pytest.raises(RuleSetError, match=words):
        from_yaml(data)


@settings(max_examples=100, deadline=None)
@given(documents)
def test_without_libyaml_the_same_is_read(document):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pigeon_admin.exchange.reading.Loader", yaml.SafeLoader)
        assert repr(from_yaml(to_yaml(document).encode())) == repr(document)
