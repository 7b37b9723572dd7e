"""README.md says what is true: all of its tables, commands, names and examples are held against the code."""

from __future__ import annotations

import argparse
import ast
import importlib.metadata
import inspect
import json
import logging.config
import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class
from django.dispatch import Signal
from django.utils.text import slugify

from pigeon_admin import api, conf, signals
from pigeon_admin.conditions import OPERATORS
from pigeon_admin.exchange.formats import FORMATS
from pigeon_admin.exchange.resources import RuleSetResource
from pigeon_admin.models import Delivery, Destination, ExportTemplate, FtpDestination
from pigeon_admin.sandbox import compile_source, filters, parsing
from tests.factories import make_rule
from tests.newsdesk.models import Photo, Section, Story
from tests.packaging import test_adoption

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def section(title: str) -> str:
    """The text below a heading, up to the next of its rank."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"There is no heading “{title}”."
    return found[2]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a text, without their heads."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        for line in table.splitlines()[2:]:
            found.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def codes(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def blocks(language: str) -> list[str]:
    """The contents of the fenced blocks of a language, those inside of lists too."""
    return [
        textwrap.dedent(found[1])
        for found in re.findall(rf"^([ ]*)```{language}\n(.*?)^\1```$", README, re.MULTILINE | re.DOTALL)
    ]


def block(language: str, beginning: str) -> str:
    [found] = [text for text in blocks(language) if text.startswith(beginning)]
    return found


# Tables


def test_every_setting_is_in_the_table_with_its_default_and_meaning():
    told = {
        codes(name)[0]: (ast.literal_eval(codes(default)[0]), meaning) for name, default, meaning in rows(section("Settings"))
    }
    assert told == {name: (setting.default, setting.doc) for name, setting in conf.declared().items()}


def test_every_operator_is_in_the_table_with_its_kinds_of_field():
    told = {codes(name)[0]: (label, kinds) for label, name, _does, kinds, _value in rows(section("Conditions"))}
    assert list(told) == list(OPERATORS)
    for name, operator in OPERATORS.items():
        label, kinds = told[name]
        assert label == operator.label
        assert set(kinds.replace("any", "*").split(", ")) == operator.kinds, name


def test_the_table_of_operators_says_which_take_a_value():
    told = {codes(name)[0]: value != "–" for _label, name, _does, _kinds, value in rows(section("Conditions"))}
    assert told == {name: operator.needs_value for name, operator in OPERATORS.items()}


def our_kinds() -> list[type[Destination]]:
    return [kind for kind in Destination.kinds() if kind is not Destination and kind._meta.app_label == "pigeon_admin"]


def test_every_kind_of_destination_has_a_row_with_its_addresses():
    told = {row[0]: row for row in rows(section("Destinations"))}
    assert set(told) == {str(kind._meta.verbose_name) for kind in our_kinds()}
    for kind in our_kinds():
        addresses = codes(told[str(kind._meta.verbose_name)][2])
        schemes = {address.partition(":")[0] for address in addresses if ":" in address}
        assert schemes == set(kind.url_schemes)


@pytest.mark.parametrize("address", [code for row in rows(section("Destinations")) for code in codes(row[2]) if ":" in code])
def test_every_address_that_is_shown_is_understood(address):
    Destination.from_url(address.replace("…", "user@host/folder"))


def test_every_media_type_has_a_row():
    told = [codes(row[0])[0] for row in rows(section("Documents and templates"))]
    assert told == [media_type for media_type, _label in ExportTemplate.MEDIA_TYPES]


def paragraph(text: str, beginning: str) -> str:
    [found] = [part for part in text.split("\n\n") if part.startswith(beginning)]
    return found


def test_every_tag_and_filter_of_templates_is_named_and_no_other():
    text = section("Documents and templates")
    tags, _there_is_no = paragraph(text, "Tags: ").split(". ", 1)
    assert codes(tags) == sorted(parsing.TAGS)
    named, _ours = paragraph(text, "Filters: ").split(". They are")
    assert codes(named) == sorted(filters.register.filters)


def test_every_extra_is_explained():
    assert [codes(row[0])[0] for row in rows(section("Adopt it in your own project"))] == list(
        PYPROJECT["project"]["optional-dependencies"]
    )


def test_the_changelog_begins_with_the_version_of_the_package():
    [newest, *_older] = re.findall(r"^### (\S+)", section("Changelog"), re.MULTILINE)
    assert newest == PYPROJECT["project"]["version"]


def test_every_setting_of_carrier_pigeon_that_is_read_is_named():
    text = section("Coming from carrier-pigeon")
    assert [name for names in conf.CARRIER_PIGEON_NAMES.values() for name in names if f"`{name}`" not in text] == []


# Commands

OURS = sorted(name for name, app in get_commands().items() if app == "pigeon_admin")
DJANGOS = {"migrate", "check", "qcluster", "makemigrations", "loaddata"}


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """The options of a command's own, those of its actions too."""
    found: set[str] = set()
    for action in parser._actions:
        found |= {option for option in action.option_strings if option.startswith("--")}
        for inner in (action.choices or {}).values() if isinstance(action, argparse._SubParsersAction) else ():
            found |= options_of(inner)
    return found


def test_every_command_has_a_row_with_its_options():
    common = options_of(BaseCommand().create_parser("manage.py", "any"))
    told: dict[str, set[str]] = {}
    for usage, does, _codes in rows(section("Commands")):
        told.setdefault(codes(usage)[0].split()[0], set()).update(re.findall(r"--[a-z-]+", does))
    assert sorted(told) == OURS
    for name in OURS:
        parser = load_command_class("pigeon_admin", name).create_parser("manage.py", name)
        assert told[name] == options_of(parser) - common, name


def test_no_command_is_named_that_does_not_exist():
    named = {word for code in codes(README) for word in re.findall(r"\bpigeon_[a-z_]+", code)}
    known = {*OURS, "pigeon_admin", "pigeon_export", "pigeon_mass_push"}  # the last was carrier-pigeon's, and the table says so
    assert named - known == set()
    typed = re.findall(r"python manage\.py (\w+)", README)
    assert set(typed) - {*OURS, *DJANGOS} == set()


def test_every_option_of_the_two_commands_exists():
    for module in ("demo", "tests"):
        source = (ROOT / module / "__main__.py").read_text(encoding="utf-8")
        for option in re.findall(rf"python3 -m {module} .*?(--\w+)", section("The two commands")):
            assert f'"{option}"' in source
    named = set(re.findall(r"--\w+", section("The two commands")))
    assert named == set(
        re.findall(r'add_argument\(\s*"(--\w+)"', "".join((ROOT / f"{m}/__main__.py").read_text() for m in ("demo", "tests")))
    )


def test_the_exit_codes_of_the_check_are_those_of_its_own_help():
    [row] = [row for row in rows(section("Commands")) if row[0] == "`pigeon_check`"]
    help_text = load_command_class("pigeon_admin", "pigeon_check").help
    for number, word in ((0, "fine"), (1, "CHECK_OLD_AGE"), (2, "CHECK_TOO_OLD_AGE")):
        assert re.search(rf"{number}\W[^;]*{word}", row[2])
        assert re.search(rf"{number}\W[^;]*{word}", help_text)


# Python


def shown(function: Callable[..., object]) -> str:
    """A signature without types."""
    signature = inspect.signature(function)
    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return f"{function.__name__}{signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)}"


def test_the_api_is_documented_with_its_signatures():
    told = [codes(row[0])[0] for row in rows(section("Python")) if "(" in row[0]]
    assert sorted(told) == sorted(shown(getattr(api, name)) for name in api.__all__)


def test_every_signal_is_documented():
    told = {codes(row[0])[0] for row in rows(section("Python")) if "(" not in row[0]}
    assert told == {name for name, value in vars(signals).items() if isinstance(value, Signal)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempts", [1, 2])
def test_the_signal_of_failure_comes_with_the_last_attempt(settings, tmp_path, attempts):
    from pigeon_admin.delivery.push import Push

    settings.PIGEON_ADMIN = {"OUTPUT_DIRECTORY": tmp_path, "MAX_PUSH_ATTEMPTS": attempts}
    nobody = FtpDestination.objects.create(name="Nobody", slug="nobody", host="127.0.0.1", port=1, timeout=2)
    make_rule(destinations=[nobody])
    Story.objects.create(title="A")
    heard = []

    def listen(**told):
        heard.append({name: told[name] for name in named})

    [named] = [codes(row[2])[:4] for row in rows(section("Python")) if row[0] == "`delivery_failed`"]
    signals.delivery_failed.connect(listen)
    try:
        Push().run()
    finally:
        signals.delivery_failed.disconnect(listen)
    delivery = Delivery.objects.get()
    assert [(each["delivery_id"], each["reason"]) for each in heard] == (
        [(delivery.pk, delivery.reason)] if attempts == 1 else []
    )


@pytest.mark.parametrize("source", blocks("python"), ids=lambda source: source.splitlines()[0][:40])
def test_python_examples_compile(source):
    compile(source, "README.md", "exec")


@pytest.mark.django_db(transaction=True)
def test_the_examples_of_the_api_do_what_they_say(settings, tmp_path):
    settings.PIGEON_ADMIN = {"OUTPUT_DIRECTORY": tmp_path}
    make_rule(slug="stories-to-the-agency", conditions=[("title", "equals", "A")])
    example: dict[str, Callable[..., object]] = {}
    exec(block("python", "from django.db import transaction"), example)
    example["import_wire"]([Story(title="A"), Story(title="B")])
    assert Delivery.objects.count() == 1
    example["send_again"](Story.objects.filter(title="B"))
    assert Delivery.objects.count() == 2
    example["repair"](Story(title="A"))
    assert (Story.objects.count(), Delivery.objects.count()) == (3, 2)


@pytest.mark.django_db
def test_the_example_of_rotating_keys_makes_the_old_key_needless(settings):
    settings.PIGEON_ADMIN = {"SECRET_KEYS": ["the old passphrase"]}
    FtpDestination.objects.create(name="A", slug="a", host="a.example", password="s3cret")
    settings.PIGEON_ADMIN = {"SECRET_KEYS": ["the new passphrase", "the old passphrase"]}
    exec(block("python", "from pigeon_admin.models import Destination"), {})
    settings.PIGEON_ADMIN = {"SECRET_KEYS": ["the new passphrase"]}
    assert FtpDestination.objects.get().password.reveal() == "s3cret"


def test_the_example_of_logging_is_one():
    example: dict[str, dict] = {}
    exec(block("python", "LOGGING"), example)
    logging.config.DictConfigurator(example["LOGGING"])  # reads it, and puts nothing in force
    assert set(example["LOGGING"]["loggers"]) == {"pigeon_admin"}


# Other examples


def test_the_five_lines_of_settings_are_those_that_a_new_project_is_tested_with():
    lines = block("python", "INSTALLED_APPS")
    assert len(lines.splitlines()) == 5
    assert lines.strip() == test_adoption.LINES.strip()


@pytest.mark.django_db
@pytest.mark.parametrize("source", blocks("django"))
def test_the_example_of_a_template_renders(source):
    story = Story.objects.create(title="Bœuf & Brücke", section=Section.objects.create(name="S", slug="s"))
    Photo.objects.create(story=story, caption="<b>Pigeon</b>")
    text = compile_source(source, "application/xml").render({"object": story})
    assert "<title>Bœuf &amp; Brücke</title>" in text
    assert "<photo>Pigeon</photo>" in text


@pytest.mark.django_db
@pytest.mark.parametrize("document", blocks("yaml"))
def test_the_example_of_a_rule_set_can_be_imported(document):
    data = document.replace("news.story", "newsdesk.story").encode()
    result = RuleSetResource().import_data(FORMATS["yaml"]().create_dataset(data), dry_run=True)
    assert [planned.reasons for planned in result.plan.entries] == [[], [], []]
    assert {planned.outcome for planned in result.plan.entries} == {"created"}


def test_every_table_is_a_table():
    """Rows of as many cells as the head has: a stray bar would cut a cell in two."""
    for table in re.findall(r"(?:^\|.*\n)+", README, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table[:200]


LINKS = re.findall(r"\]\(([^)\s]+)\)", README)


def test_every_local_link_leads_somewhere():
    headings = {
        slugify(heading) for heading in re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", README, flags=re.DOTALL), re.MULTILINE)
    }
    lost = [link for link in LINKS if link.startswith("#") and link[1:] not in headings]
    lost += [link for link in LINKS if not link.startswith(("#", "http")) and not (ROOT / link).exists()]
    assert lost == []


def test_the_package_index_shows_this_text():
    assert PYPROJECT["project"]["readme"] == "README.md"
    assert importlib.metadata.metadata("django-pigeon-admin")["Name"] == PYPROJECT["project"]["name"]


# The destination type of another app, for real

SETTINGS = """
from tests.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "printing"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "db.sqlite3"}}
PIGEON_ADMIN = {"OUTPUT_DIRECTORY": BASE / "export"}
"""
LP = """#!/bin/sh
[ "$1 $2 $3" = "-d newsroom -t" ] || { echo "lp: The printer or class does not exist." >&2; exit 1; }
cat >"$PRINTED/$(basename "$4")"
echo "request id is newsroom-1 (1 file(s))"
"""
LPSTAT = """#!/bin/sh
[ "$2" = newsroom ] || { echo "lpstat: Invalid destination name in list." >&2; exit 1; }
echo "newsroom accepting requests"
"""
STORY = """
import json, django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from pigeon_admin.delivery.push import Push
from pigeon_admin.models import Attempt, Delivery, Destination, SaveRule
from tests.exchange.conftest import exported
from tests.factories import make_rule
from tests.newsdesk.models import Story

call_command("makemigrations", "printing", verbosity=0)
call_command("migrate", run_syncdb=True, verbosity=0)
client = Client()
client.force_login(User.objects.create_superuser("admin"))
ADD = "/admin/printing/printerdestination/add/"
client.post(ADD, {"name": "Proofs", "slug": "proofs", "timeout": "30", "queue": "newsroom"})
good = Destination.objects.get()
bad = Destination.from_url("printer://nowhere")
bad.full_clean()
bad.save()
make_rule(destinations=[good, bad])
Story.objects.create(title="A")
Push().run()
print(json.dumps({
    "offered": "printer" in client.get("/admin/pigeon_admin/destination/add/").content.decode().lower(),
    "form": 'name="queue"' in client.get(ADD).content.decode(),
    "steps": [[step.ok, step.detail] for each in (good, bad) for step in each.transport().check()],
    "outcomes": sorted(Attempt.objects.values_list("delivery__destination__slug", "outcome", "error")),
    "states": sorted(Delivery.objects.values_list("destination__slug", "state")),
    "kinds": sorted(line.strip() for line in exported().decode().splitlines() if "printing." in line),
}))
"""


@pytest.fixture
def newsroom(tmp_path):
    """A project with the app of the README, and programs that stand in for CUPS: (its folder, its environment)."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "printed").mkdir()
    (tmp_path / "printing/migrations").mkdir(parents=True)
    files = {
        "printing/__init__.py": "",
        "printing/migrations/__init__.py": "",
        "printing/models.py": block("python", "# printing/models.py"),
        "printing/test_printer.py": block("python", "# printing/test_printer.py"),
        "printroom.py": f"from pathlib import Path\nBASE = Path(__file__).parent\n{SETTINGS}",
        "bin/lp": LP,
        "bin/lpstat": LPSTAT,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for program in (tmp_path / "bin").iterdir():
        program.chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PIGEON_TEST_NAME")},
        "DJANGO_SETTINGS_MODULE": "printroom",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PRINTED": str(tmp_path / "printed"),
    }
    return tmp_path, environment


def said_by(command: list[str], newsroom: tuple[Path, dict[str, str]]) -> str:
    folder, environment = newsroom
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, f"{shlex.join(command)[:200]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_example_of_a_destination_type_works_from_its_form_to_the_paper(newsroom):
    told = json.loads(said_by([sys.executable, "-c", STORY], newsroom).splitlines()[-1])
    assert told["offered"]
    assert told["form"]
    refusal = "The printer refuses: lp: The printer or class does not exist."
    assert told["steps"] == [
        [True, "newsroom accepting requests"],
        [False, "The printer refuses: lpstat: Invalid destination name in list."],
    ]
    assert told["outcomes"] == [["printer-nowhere", "temporary", refusal], ["proofs", "sent", ""]]
    assert told["states"] == [["printer-nowhere", "waiting"], ["proofs", "sent"]]
    assert told["kinds"] == ["- kind: printing.printer"] * 2
    assert [path.read_text() for path in (newsroom[0] / "printed").iterdir()] == ["<story><title>A</title></story>"]


def test_the_example_of_a_destination_type_keeps_the_promises_of_all_transports(newsroom):
    options = ["-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={newsroom[0]}", "--ds=printroom"]
    said = said_by([sys.executable, "-m", "pytest", *options, "printing/test_printer.py"], newsroom)
    assert re.search(r"^\d\d passed", said, re.MULTILINE), said
