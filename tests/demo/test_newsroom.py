"""The newsroom is an ordinary project in good order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from demo.family import ROOT

MANAGE = [sys.executable, str(ROOT / "demo" / "manage.py")]


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory):
    """Runs commands of the newsroom in a folder of its own: ``newsroom("check")`` answers what it prints."""
    var = tmp_path_factory.mktemp("newsroom")
    kept = {
        name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL")
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*MANAGE, *arguments],
            cwd=ROOT,
            env={**kept, "NEWSROOM_VAR": str(var), "PYTHONWARNINGS": "error::RuntimeWarning"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    partners = {
        key: {
            "host": "127.0.0.1",
            "port": 9,
            "username": "u",
            "password": "p",
            "host_key": "",
            "url": "http://127.0.0.1:9/{path}",
        }
        for key in ("ftp", "sftp", "http")
    }
    run.prepare = lambda: run("prepare_demo", "--partners", json.dumps(partners))
    run.var = var
    first = run.prepare()
    assert first.count("Rule made") == 3
    return run


def test_it_has_no_problems_and_no_missing_migrations(newsroom):
    assert "no issues" in newsroom("check")
    assert "No changes" in newsroom("makemigrations", "--check", "--dry-run", "newsroom", "received")


def test_a_second_start_changes_nothing(newsroom):
    assert newsroom.prepare() == "The newsroom has stories already.\n"


def test_the_first_rules_give_whole_documents(newsroom):
    """The XML and JSON of every story parse back to what the story says; the HTML is of the French section only."""
    code = """
import json
from newsroom.models import Story
from pigeon_admin.models import Rule
from pigeon_admin.rendering import documents_of
found = {}
for rule in Rule.objects.all():
    for story in Story.objects.all():
        for document in documents_of(rule, story):
            with document.open() as opened:
                content = opened.read()
            text = content.decode() if not document.name.endswith(".jpg") else len(content)
            found.setdefault(rule.slug, []).append([story.title, document.name, text])
print(json.dumps(found))
"""
    found = json.loads(newsroom("shell", "-v", "0", "-c", code).splitlines()[-1])
    xml = [entry for entry in found["demo-ftp"] if entry[1].endswith(".xml")]
    assert len(xml) == 12
    for title, name, text in xml:
        root = ElementTree.fromstring(text)
        assert root.findtext("title") == title
        photos = {f"{name.rpartition('/')[0]}/{photo.get('file')}" for photo in root.iter("photo")}
        assert photos <= {entry[1] for entry in found["demo-ftp"]}
    assert {json.loads(text)["title"] for _title, _name, text in found["demo-sftp"]} == {title for title, _name, _text in xml}
    assert all(title in text.replace("&amp;", "&") for title, _name, text in found["demo-http"])


def test_a_partner_page_shows_no_file_outside_its_folder(newsroom):
    code = """
from django.conf import settings
from received.folders import partners
partner = partners()[0]
partner.folder.mkdir(parents=True, exist_ok=True)
(partner.folder / "seen.xml").write_text("<a/>")
(partner.folder / ".pigeon-1.part").write_text("half")
print([file.path for file in partner.files()])
print([partner.path_of(name) for name in ("../../secret_key", "/etc/passwd", "missing", "a\\0b")])
print(partner.path_of("seen.xml").name)
"""
    shown, refused, found = newsroom("shell", "-v", "0", "-c", code).splitlines()[-3:]
    assert shown == "['seen.xml']"
    assert refused == "[None, None, None, None]"
    assert found == "seen.xml"
