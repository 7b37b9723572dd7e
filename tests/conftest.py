"""What every test may rely on: rules are looked up afresh, and no worker is woken unless the test asks for it."""

from __future__ import annotations

import pytest

from pigeon_admin.selection.rulebook import shelf


@pytest.fixture(autouse=True)
def fresh_rules():
    """The compiled rules of one test must not live on into the next, whose database is another."""
    shelf.forget()
    yield
    shelf.forget()


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path):
    """Each test has export and media folders of its own, and nudges go nowhere."""
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "OUTPUT_DIRECTORY": str(tmp_path / "export"), "NUDGE": False}
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Half surrogates, which some tests are about, must not stop a report on its way between processes."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report
