"""Wheel, sdist, editable and in-tree: templates, static files and commands are found in all four."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, run

pytestmark = pytest.mark.timeout(600)  # the first test to come builds both

PROBE = """
import json, sys
from django.conf import settings
settings.configure(
    INSTALLED_APPS=[*(f"django.contrib.{name}" for name in "admin auth contenttypes sessions messages staticfiles".split()),
                    "django_q", "polymorphic", "import_export", "pigeon_admin"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    SECRET_KEY="x", STATIC_URL="static/", ROOT_URLCONF="django.contrib.auth.urls", Q_CLUSTER={"orm": "default"},
)
import django
django.setup()
import pigeon_admin
from django.contrib.staticfiles import finders
from django.core.management import get_commands
from django.template.loader import get_template
wanted = json.loads(sys.argv[1])
lost = [name for name in wanted["static"] if not finders.find(name)]
for name in wanted["templates"]:
    try:
        get_template(name)
    except Exception as error:
        lost.append(f"{name}: {error}")
lost += [name for name in wanted["commands"] if get_commands().get(name) != "pigeon_admin"]
print(json.dumps({"lost": lost, "from": pigeon_admin.__file__}))
"""


def below(folder: Path) -> list[str]:
    """The relative paths of the files that git would know, as all of them are what the package needs."""
    known = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if known.returncode == 0 and known.stdout:
        return sorted(line for line in known.stdout.splitlines() if (folder / line).is_file())
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def wanted() -> dict[str, list[str]]:
    commands = [path.stem for path in (ROOT / "pigeon_admin/management/commands").glob("[!_]*.py")]
    return {"static": below(ROOT / "static"), "templates": below(ROOT / "templates"), "commands": commands}


def found_by(python: Path | str, cwd: Path, **variables: str) -> dict:
    answer = json.loads(run(python, "-c", PROBE, json.dumps(wanted()), cwd=cwd, **variables))
    assert answer["lost"] == []
    return answer


def files_of(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


def test_there_is_something_to_find():
    assert all(len(names) > 3 for names in wanted().values())


def test_the_wheel_holds_the_package_and_nothing_else(built):
    names = set(files_of(built.wheel))
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"pigeon_admin"}
    assert {f"pigeon_admin/templates/{name}" for name in below(ROOT / "templates")} <= names
    assert {f"pigeon_admin/static/{name}" for name in below(ROOT / "static")} <= names
    assert "pigeon_admin/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_folder(built):
    assert files_of(built.wheel_of_sdist) == files_of(built.wheel)


def test_the_sdist_holds_real_folders_and_no_links(built):
    with tarfile.open(built.sdist) as archive:
        assert [member.name for member in archive if member.issym() or member.islnk()] == []
        names = {member.name.partition("/")[2] for member in archive}
    assert {f"templates/{name}" for name in below(ROOT / "templates")} <= names


@pytest.mark.parametrize("which", ["wheel", "wheel_of_sdist"])
def test_a_wheel_finds_everything(built, dependencies, tmp_path, which):
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else None
    if pip:
        run(*pip, "install", "--no-deps", "--no-index", "--target", target, getattr(built, which), cwd=tmp_path)
    else:
        zipfile.ZipFile(getattr(built, which)).extractall(target)  # what pip does with a wheel of pure Python
    answer = found_by(dependencies, tmp_path, PYTHONPATH=str(target))
    assert Path(answer["from"]).is_relative_to(target)


def test_in_tree_finds_everything(dependencies, tmp_path):
    answer = found_by(dependencies, tmp_path, PYTHONPATH=str(ROOT))
    assert Path(answer["from"]).is_relative_to(ROOT)


def test_editable_finds_everything(tmp_path):
    """The environment of this very run is an editable install."""
    url = json.loads(importlib.metadata.distribution("django-pigeon-admin").read_text("direct_url.json") or "{}")
    assert url.get("dir_info", {}).get("editable"), "Run the tests by `python3 -m tests`: it installs the project editable."
    answer = found_by(sys.executable, tmp_path)
    assert Path(answer["from"]).is_relative_to(ROOT)
