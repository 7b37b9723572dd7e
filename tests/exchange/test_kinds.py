"""Kinds and their fields are found through the model classes, also those of other apps."""

import json
import subprocess
import sys

from pigeon_admin.exchange.kinds import kinds, own_fields
from pigeon_admin.models import Destination, Document, FtpDestination, Rule, SaveRule


def test_kinds_have_short_stable_names():
    assert {name: kind.__name__ for name, kind in kinds(Destination).items() if kind._meta.app_label == "pigeon_admin"} == {
        "ftp": "FtpDestination",
        "sftp": "SftpDestination",
        "http": "HttpDestination",
        "storage": "StorageDestination",
        "email": "EmailDestination",
        "dummy": "DummyDestination",
    }
    assert kinds(Rule)["save"] is SaveRule
    assert set(kinds(Document)) >= {"template", "file"}


def test_secrets_and_what_nobody_edits_are_no_fields_of_a_document():
    names = {field.name for field in own_fields(FtpDestination)}
    assert names.isdisjoint(
        {"password", "id", "destination_ptr", "polymorphic_ctype", "created_at", "modified_at", "archived_at"}
    )
    assert {"host", "port", "security", "timeout", "notes"} < names


def test_a_kind_of_another_app_goes_out_and_comes_in_without_an_edit_here():
    done = subprocess.run(
        [sys.executable, "-m", "tests.exchange.postoffice"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["after"] == told["before"]
    assert set(told["unchanged"].values()) == {"unchanged"}
    assert set(told["created"].values()) == {"created"}, told["reasons"]
    hole = json.loads(told["before"]["json"])["destinations"][0]
    assert hole == {
        "kind": "postoffice.pigeon_hole",
        "slug": "alpha",
        "name": "Hole",
        "timeout": 30,
        "notes": "",
        "floor": "2.25",
        "since": "2026-01-01",
        "opens": "07:30:00",
        "weight": 0.5,
        "backup": "zeta",
    }, "neither the PIN nor the link to an account of this site"
    assert (told["backup"], told["since"]) == ("zeta", "2026-01-01")
