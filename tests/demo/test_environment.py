"""``demo.environment`` on a project that needs nothing from the network: made once, renewed when it must be, said in words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "demo" / "environment.py"

# A build backend of its own in the project's folder: pip then needs no package index at all.
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n" + REQUIRES)
        wheel.writestr("tiny-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    with open("builds.txt", "a") as log:
        log.write("built\\n")
    return name

build_wheel = build_editable
REQUIRES = ""
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1.0"
requires-python = ">=3.11"
dependencies = []
[project.optional-dependencies]
demo = []
test = []
"""
MAIN = """
import sys
from demo import environment
environment.enter(sys.argv[1], "demo")
import tiny
print("inside", sys.prefix)
"""


class Project:
    """A tiny project with our bootstrap in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "demo").mkdir(parents=True)
        (root / "demo/__init__.py").touch()
        (root / "demo/__main__.py").write_text(MAIN)
        (root / "backend.py").write_text(BACKEND)
        (root / "pyproject.toml").write_text(PYPROJECT)
        shutil.copy(SOURCE, root / "demo/environment.py")

    def popen(self, extra: str = "demo", **variables: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.Popen(
            [self.python(), "-m", "demo", extra],
            cwd=self.root,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, extra: str = "demo", **variables: str) -> subprocess.CompletedProcess[str]:
        process = self.popen(extra, **variables)
        out, err = process.communicate(timeout=150)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @staticmethod
    def python() -> str:
        """The Python that made our own environment: the one a person has before there is any."""
        return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")

    def builds(self) -> int:
        log = self.root / "builds.txt"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path / "tiny project")


def test_the_first_start_makes_it_and_the_second_only_goes_in(project):
    first = project.start()
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"inside {project.root / '.venv'}\n"
    assert "The environment is ready" in first.stderr
    second = project.start()
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")
    assert project.builds() == 1


def test_what_the_tests_need_serves_the_demo_too(project):
    assert project.start("test").returncode == 0
    assert project.start("demo").stderr == ""
    assert project.builds() == 1


def test_another_dependency_renews_it(project):
    project.start()
    text = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(text.replace("demo = []", 'demo = ["tiny"]'))
    renewed = project.start()
    assert renewed.returncode == 0, renewed.stderr
    assert project.builds() == 2


def test_two_starts_at_once_do_not_collide(project):
    processes = [project.popen(), project.popen()]
    results = [process.communicate(timeout=150) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], results
    assert project.builds() == 1
    assert sum("waiting for it" in err for _out, err in results) == 1


def test_a_broken_one_is_made_anew_and_that_is_said(project):
    project.start()
    link = project.root / ".venv/bin/python"
    link.unlink()
    link.symlink_to("/nowhere/python3")
    mended = project.start()
    assert mended.returncode == 0, mended.stderr
    assert "The environment in .venv is broken: its Python does not start. It is made anew." in mended.stderr


def test_one_of_another_python_is_made_anew_and_that_is_said(project):
    project.start()
    (project.root / ".venv/installed-demo").write_text("of another Python")
    python = project.root / ".venv/bin/python"
    python.unlink()
    python.write_text(f'#!/bin/sh\necho "{project.root}/.venv"\necho 3 9\n')
    python.chmod(0o755)
    mended = project.start()
    assert mended.returncode == 0, mended.stderr
    assert "was made by Python 3.9, and this is Python" in mended.stderr


def test_a_folder_that_was_moved_gets_a_new_one(project, tmp_path):
    project.start()
    project.root = project.root.rename(tmp_path / "elsewhere")
    moved = project.start()
    assert moved.returncode == 0, moved.stderr
    assert moved.stdout == f"inside {project.root / '.venv'}\n"


def test_no_network_is_said_in_words_and_a_later_start_goes_on(project):
    text = (project.root / "backend.py").read_text()
    (project.root / "backend.py").write_text(text.replace('REQUIRES = ""', 'REQUIRES = "Requires-Dist: a-package-nobody-has\\n"'))
    # Port 9 of this machine: nobody answers there.
    offline = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
    }
    failed = project.start(**offline, PIP_RETRIES="1")
    assert failed.returncode == 1
    assert "The environment could not be made." in failed.stderr
    assert "The Python package index cannot be reached." in failed.stderr
    assert "Traceback" not in failed.stderr
    (project.root / "backend.py").write_text(text)
    assert project.start().returncode == 0
