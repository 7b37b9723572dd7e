"""The wheel and the sdist, built once, and environments to try them in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """Run a command without anything of ours on its path; its standard output, or a failed test with all it said."""
    clean = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "DJANGO_SETTINGS_MODULE", "DATABASE_URL")
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**clean, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Built:
    """Paths of what was built. ``wheel``: from the project's folder; ``wheel_of_sdist``: from the unpacked sdist."""

    sdist: Path
    wheel: Path
    wheel_of_sdist: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Built:
    """Built from a copy, so that nothing this machine has left in the project's folder can get in."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    leave = shutil.ignore_patterns(".git", ".venv*", "*.pyc", "__pycache__", "var", ".*_cache")
    shutil.copytree(ROOT, source, symlinks=True, ignore=leave)
    build = [sys.executable, "-m", "build", "--no-isolation"]
    run(*build, "--wheel", "--outdir", folder / "tree", source, cwd=folder)
    run(*build, "--outdir", folder / "both", source, cwd=folder)  # the sdist, and the wheel from it
    return Built(
        sdist=next((folder / "both").glob("*.tar.gz")),
        wheel=next((folder / "tree").glob("*.whl")),
        wheel_of_sdist=next((folder / "both").glob("*.whl")),
    )


@pytest.fixture(scope="session")
def dependencies(tmp_path_factory) -> Path:
    """The Python of an environment that sees the installed dependencies, but not this project."""
    folder = tmp_path_factory.mktemp("dependencies")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    site = next(folder.glob("lib/python*/site-packages"))
    # A path in a .pth file is searched, and the .pth files in it are not read: the editable install stays out.
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")) + "\n")
    return folder / "bin" / "python"
