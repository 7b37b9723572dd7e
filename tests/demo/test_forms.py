"""The form reader of the smoke sends what a browser would send."""

from __future__ import annotations

import pytest

from demo.smoke.browser import Page
from demo.smoke.forms import FormError, encode_multipart

PAGE = """
<ul class="messagelist"><li class="success">Saved <b>well</b>.</li></ul>
<form action="/search"><input name="q"></form>
<form method="post" enctype="multipart/form-data" id="story_form">
<input type="hidden" name="csrfmiddlewaretoken" value="abc">
<label for="id_title">Title:</label> <input name="title" id="id_title" value="a &amp; b">
<label for="id_body">Body:</label> <textarea name="body" id="id_body">
&lt;p&gt; one
two</textarea>
<label for="id_section">Section:</label>
<select name="section" id="id_section"><option value="">---------</option>
<option value="1" selected>City</option><option value="2">Sport</option></select>
<select name="tags" multiple><option value="7" selected>Sea</option>
<option value="8">Food</option><option value="9">Food prices</option></select>
<input type="checkbox" name="online" checked><input type="checkbox" name="hidden">
<label><input type="radio" name="kind" value="x" id="id_x"></label><label for="id_x">The X</label>
<input type="radio" name="kind" value="y" checked>
<input name="off" value="never" disabled><input type="file" name="image">
<input type="hidden" name="photos-TOTAL_FORMS" value="0"><input type="hidden" name="photos-INITIAL_FORMS" value="0">
<div class="empty-form"><input name="photos-__prefix__-caption" value="">
<select name="photos-__prefix__-size"><option value="s">Small</option></select></div>
<input type="submit" value="Save" name="_save"><button name="_continue" value="1">Go on</button>
</form>
<input name="outside" form="story_form" value="in"><select name="lost" form="nobody"></select>
"""


@pytest.fixture
def page() -> Page:
    return Page("http://x/", 200, PAGE)


@pytest.fixture
def form(page):
    return page.form("title")


def test_an_untouched_form_sends_its_values(form):
    assert form.pairs("_save") == [
        ("csrfmiddlewaretoken", "abc"),
        ("title", "a & b"),
        ("body", "<p> one\ntwo"),
        ("section", "1"),
        ("tags", "7"),
        ("online", "on"),
        ("kind", "y"),
        ("image", ("", b"", "application/octet-stream")),
        ("photos-TOTAL_FORMS", "0"),
        ("photos-INITIAL_FORMS", "0"),
        ("outside", "in"),
        ("_save", "Save"),
    ]


def test_fields_are_found_by_label_and_choices_by_words(form):
    form.field("Title").fill("new")
    form.fill(section="Sport", tags=["Food", "Sea"], online=False, kind="The X")
    sent = form.pairs()
    assert ("title", "new") in sent
    assert ("section", "2") in sent
    assert [value for name, value in sent if name == "tags"] == ["7", "8"]
    assert ("kind", "x") in sent
    assert "online" not in dict(sent)


def test_a_row_is_added_as_the_browser_would(form):
    assert form.add_row("photos", caption="first") == 0
    assert form.add_row("photos", caption="second") == 1
    sent = dict(form.pairs())
    assert sent["photos-TOTAL_FORMS"] == "2"
    assert (sent["photos-0-caption"], sent["photos-1-caption"]) == ("first", "second")
    assert sent["photos-1-size"] == "s"
    assert not any("__prefix__" in name for name in sent)


def test_what_is_not_there_is_said_with_what_is(form, page):
    with pytest.raises(FormError, match=r"no field “headline”; it has .*title"):
        form.field("headline")
    with pytest.raises(FormError, match=r"offers no single “Weather”; it offers .*“City”"):
        form.fill(section="Weather")
    with pytest.raises(FormError, match="no button “_delete”"):
        form.pairs("_delete")
    assert page.messages == ["Saved well ."]


def test_errors_of_a_refused_form_are_collected():
    page = Page(
        "http://x/",
        200,
        '<p class="errornote">Please correct.</p><ul class="errorlist"><li>Wrong <i>path</i></li></ul><p>Fine</p>',
    )
    assert page.errors == ["Please correct.", "Wrong path"]


def test_a_multipart_body_keeps_files_as_they_are():
    body, content_type = encode_multipart([("title", "ä\nb"), ("image", ("über.jpg", b"\r\n\x00--", "image/jpeg"))])
    boundary = content_type.partition("boundary=")[2].encode()
    parts = body.split(b"--" + boundary)
    assert parts[1].endswith("ä\r\nb\r\n".encode())
    assert b"\r\n\r\n\r\n\x00--\r\n" in parts[2]
    assert parts[3] == b"--\r\n"
