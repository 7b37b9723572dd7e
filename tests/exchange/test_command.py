"""pigeon_rules on the command line."""

import io
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from pigeon_admin.models import Destination, Rule
from tests.exchange.conftest import emptied, exported

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("pigeon_rules", *arguments, stdout=out)
    return out.getvalue()


def test_export_goes_to_standard_output(rule):
    assert run("export") == exported("yaml").decode()
    assert run("export", "sports", "--format", "json") == exported("json").decode()


def test_export_to_a_file_finds_the_format_by_its_name(rule, tmp_path):
    run("export", "--output", str(tmp_path / "set.json"))
    assert (tmp_path / "set.json").read_bytes() == exported("json")


def test_export_of_a_rule_that_is_not_there(rule):
    with pytest.raises(CommandError, match="No rule has the short name sport,"):
        run("export", "sport")
    Rule.objects.update(archived_at=timezone.now())
    with pytest.raises(CommandError, match="or it is archived"):
        run("export", "sports")


@pytest.mark.parametrize("name", ["set.yaml", "set.json", "set.txt"])
def test_import_says_what_it_does_and_does_it(rule, tmp_path, name):
    file, text = tmp_path / name, exported("json" if name == "set.json" else "yaml")
    file.write_bytes(text)
    emptied()
    preview = run("import", str(file), "--dry-run")
    assert "created    save rule: sports" in preview
    assert "i It goes live at once" in preview
    assert preview.endswith("Would be imported: 6 created.\n")
    assert not Rule.objects.exists()

    assert run("import", str(file)).endswith("Imported: 6 created.\n")
    assert exported("json" if name == "set.json" else "yaml") == text
    assert run("import", str(file)).endswith("Imported: 6 unchanged.\n")


def test_a_change_is_shown_line_by_line(rule, tmp_path):
    file = tmp_path / "set.yaml"
    file.write_bytes(exported().replace(b"Or Bob.", "Or Böb.\u001b[31m".encode()))
    with pytest.raises(CommandError, match="not YAML"):
        run("import", str(file))
    file.write_bytes(exported("json").replace(b"Or Bob.", "Or Böb.\\u001b[31m".encode()))
    out = run("import", str(file), "--dry-run", "--format", "json")
    assert "changed    save rule: sports" in out
    assert "- Or Bob." in out
    assert "+ Or Böb.␛[31m" in out, "no control character reaches the terminal"


def test_one_refusal_stops_all_with_exit_code_1(rule, tmp_path):
    file = tmp_path / "set.yaml"
    file.write_bytes(exported().replace(b"model: newsdesk.story", b"model: gone.story"))
    emptied()
    out = io.StringIO()
    with pytest.raises(CommandError, match="Nothing was imported: 1 refused, 5 created") as caught:
        call_command("pigeon_rules", "import", str(file), stdout=out)
    assert caught.value.returncode == 1
    assert "refused    save rule: sports" in out.getvalue()
    assert "! “model”: This site has no content “gone.story”" in out.getvalue()
    assert not Destination.objects.exists()


@pytest.mark.parametrize("file, words", [("/nowhere/set.yaml", "cannot be read: No such file"), ("-", "not a rule set")])
def test_what_cannot_be_read(file, words, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x: 1")))
    with pytest.raises(CommandError, match=words):
        run("import", file)


def test_a_pipe_from_one_site_to_another_works(rule, monkeypatch):
    text = run("export", "--format", "json")
    emptied()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run("import", "-").endswith("Imported: 6 created.\n")


def test_output_is_utf_8_whatever_the_terminal_says(rule):
    code = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.exchange.postoffice.settings'; django.setup();"
        "from django.core.management import call_command as call; call('migrate', run_syncdb=True, verbosity=0);"
        "from pigeon_admin.models import SaveRule;"
        "SaveRule.objects.create(name='\\xc9lan \\U0001f600', slug='e', model='newsdesk.story');"
        "call('pigeon_rules', 'export')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PATH": ""},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert 'name: "Élan 😀"\n'.encode() in done.stdout
