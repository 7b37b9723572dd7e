"""The shape of the package: modules stay small, say in one sentence what they are, and have names that mean something."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = [path for path in sorted((ROOT / "pigeon_admin").rglob("*.py")) if "migrations" not in path.parts]
NOT_EMPTY = [path for path in MODULES if path.read_text(encoding="utf-8").strip()]
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "manager", "managers", "handler", "handlers", "core", "misc", "common"}


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def name(path):
    return str(path.relative_to(ROOT))


def test_the_median_module_has_at_most_230_lines():
    assert statistics.median(lines(path) for path in NOT_EMPTY) <= 230


def test_no_module_has_more_than_500_lines():
    assert {name(path): lines(path) for path in MODULES if lines(path) > 500} == {}


def test_no_name_says_nothing():
    everywhere = [path for folder in ("pigeon_admin", "demo", "tests") for path in (ROOT / folder).rglob("*.py")]
    assert [name(path) for path in everywhere if EMPTY_WORDS & {path.stem, path.parent.name}] == []


@pytest.mark.parametrize("path", NOT_EMPTY, ids=name)
def test_a_module_says_in_one_sentence_what_it_is(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, f"{name(path)} has no docstring."
    first, *_rest = docstring.split("\n\n")
    sentence = " ".join(first.split())
    assert sentence.endswith("."), f"The first paragraph of {name(path)} is no sentence: {sentence}"
    assert ". " not in sentence, f"The first paragraph of {name(path)} is more than one sentence: {sentence}"


def test_the_top_level_is_fixed():
    """What the project's folder shows, beside dotfiles and what building leaves there."""
    left_by_tools = {"build", "dist", "django_pigeon_admin.egg-info"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - left_by_tools
    assert found == {"pigeon_admin", "templates", "static", "tests", "demo", "pyproject.toml", "README.md", "LICENSE"}
