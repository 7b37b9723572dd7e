"""What a partner's disk sees of the names that patterns write."""

import re
import unicodedata

import pytest
from hypothesis import example, given, strategies

from pigeon_admin.exceptions import UnsafeName
from pigeon_admin.naming import MAX_PATH, MAX_SEGMENT, comparable, safe_path

ROUGH = strategies.text(
    alphabet=strategies.one_of(
        strategies.characters(),
        strategies.sampled_from("./\\ -~:\0\n\u202e\u200d\u0301\u0338e<=CONnul1é漢😀"),
    ),
    max_size=400,
)


@pytest.mark.parametrize(
    "directory, file_name, path",
    [
        ("", "5.xml", "5.xml"),
        ("news/sports", "5.xml", "news/sports/5.xml"),
        ("/etc", "passwd", "etc/passwd"),
        ("../../etc", "passwd", "etc/passwd"),
        ("a/./b/../c", "x", "a/b/c/x"),
        ("a//b/", "x", "a/b/x"),
        ("C:\\Windows", "x", "C-/Windows/x"),
        ("", "../../x.xml", "_..-..-x.xml"),
        ("", "AC/DC.xml", "AC-DC.xml"),
        ("", "two\nlines.xml", "two lines.xml"),
        ("", "nul\0byte.xml", "nulbyte.xml"),
        ("", "evil\u202elmx.exe", "evillmx.exe"),
        ("", "  spaces . ", "spaces"),
        ("", "name.xml...", "name.xml"),
        ("", "-rf", "_-rf"),
        ("", "~root", "_~root"),
        ("", ".htaccess", "_.htaccess"),
        ("", "con.xml", "_con.xml"),
        ("LPT1", "NUL", "_LPT1/_NUL"),
        ("", "console.xml", "console.xml"),
        ("", "E\u0301lan.xml", "Élan.xml"),
        ("", "👩\u200d🚀.png", "👩\u200d🚀.png"),
        ("", "what?.xml", "what-.xml"),
    ],
)
def test_a_name_is_made_safe(directory, file_name, path):
    assert safe_path(directory, file_name) == path


@pytest.mark.parametrize("file_name", ["", " ", ".", "..", "\n", "\u202e", "..."])
def test_a_name_of_which_nothing_is_left_is_refused_in_words(file_name):
    with pytest.raises(UnsafeName, match="file name is empty"):
        safe_path("news", file_name)


def test_a_long_name_is_cut_and_keeps_its_extension():
    name = safe_path("", "é" * 300 + ".xml")
    assert name.endswith(".xml")
    assert len(name.encode()) <= MAX_SEGMENT


def test_two_long_names_stay_apart():
    assert safe_path("", "x" * 300 + "a.xml") != safe_path("", "x" * 300 + "b.xml")


def test_a_path_that_is_too_long_is_refused_in_words():
    with pytest.raises(UnsafeName, match="900 are possible"):
        safe_path("/".join(["folder" * 30] * 6), "x.xml")


def test_names_that_a_careless_disk_takes_for_one_are_comparable():
    assert comparable("News/ÉLAN.xml") == comparable("news/e\u0301lan.XML")
    assert comparable("a.xml") != comparable("b.xml")


@given(ROUGH, ROUGH)
@example("<\u0338", "=\u200b\u0338")
def test_a_safe_path_never_escapes_and_keeps_its_limits(directory, file_name):
    try:
        path = safe_path(directory, file_name)
    except UnsafeName:
        return
    segments = path.split("/")
    assert len(path.encode("utf-8")) <= MAX_PATH
    assert all(0 < len(segment.encode()) <= MAX_SEGMENT for segment in segments)
    assert not {"", ".", ".."} & set(segments)
    assert not re.search(r'[\x00-\x1f\x7f\\:<>"|?*\u202a-\u202e\u2066-\u2069]', path)
    assert not any(segment.startswith(("-", ".", "~", " ")) or segment.endswith((".", " ")) for segment in segments)
    assert path == unicodedata.normalize("NFC", path)


@given(ROUGH, ROUGH)
@example("", "=\u200b\u0338")
@example("", "x" * 195 + " . .xml")
@example("", "x" * 250 + ".")
def test_making_safe_twice_changes_nothing(directory, file_name):
    try:
        path = safe_path(directory, file_name)
    except UnsafeName:
        return
    folders, _slash, name = path.rpartition("/")
    assert safe_path(folders, name) == path
    assert safe_path(directory, file_name) == path
