"""A new project adopts the installed wheel: a few lines of settings, a rule made in the admin, a file delivered."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.newspaper import free_port
from demo.smoke.browser import Browser, PageError
from tests.packaging.conftest import ROOT, run

# The block of the README itself, so that the README cannot be wrong.
LINES = re.search(r"Five lines of settings.*?```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
MODELS = """
from django.db import models

class Article(models.Model):
    title = models.CharField(max_length=200)
    online = models.BooleanField(default=False)

    def __str__(self):
        return self.title
"""
ADMIN = """
from django.contrib import admin
from news.models import Article

admin.site.register(Article)
"""


def environment_of(wheel: Path, folder: Path) -> Path:
    """The Python of an empty environment with the wheel and what it depends on."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    pip = next(
        one
        for one in (sys.executable, str(base))
        if subprocess.run([one, "-m", "pip", "--version"], capture_output=True).returncode == 0
    )
    run(
        pip,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-compile",
        "--disable-pip-version-check",
        wheel,
        cwd=folder.parent,
    )
    return python


@pytest.fixture
def project(built, tmp_path):
    """A fresh project with an app of its own: (its Python, its folder)."""
    python = environment_of(built.wheel, tmp_path / "environment")
    run(python, "-m", "django", "startproject", "mysite", tmp_path, cwd=tmp_path)
    run(python, "manage.py", "startapp", "news", cwd=tmp_path)
    (tmp_path / "news/models.py").write_text(MODELS)
    (tmp_path / "news/admin.py").write_text(ADMIN)
    with (tmp_path / "mysite/settings.py").open("a") as settings:
        settings.write(f'INSTALLED_APPS += ["news"]\n{LINES}')
    run(python, "manage.py", "makemigrations", "news", cwd=tmp_path)
    run(python, "manage.py", "migrate", cwd=tmp_path)
    run(
        python,
        "manage.py",
        "createsuperuser",
        "--noinput",
        "--username",
        "editor",
        "--email",
        "",
        cwd=tmp_path,
        DJANGO_SUPERUSER_PASSWORD="x",
    )
    return python, tmp_path


@pytest.fixture
def site(project):
    """The project's own server; yields its URL."""
    python, folder = project
    port = free_port()
    log = folder / "site.log"
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "DJANGO_SETTINGS_MODULE")}
    with log.open("w") as output:
        server = subprocess.Popen(
            [str(python), "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
            cwd=folder,
            env=clean,
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                Browser(f"http://127.0.0.1:{port}").get("/admin/login/")
                break
            except PageError:
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.timeout(600)
def test_five_lines_a_rule_in_the_admin_and_the_file_is_there(project, site):
    python, folder = project
    partner = folder / "partner"
    assert len(LINES.splitlines()) == 5
    assert "no issues" in run(python, "manage.py", "check", cwd=folder)
    browser = Browser(site)
    browser.log_in("editor", "x")

    def add(path: str, kind: str, **values) -> None:
        page = browser.get(f"/admin/{path}/add/")
        if page.forms and any(form.has("ct_id") for form in page.forms):
            form = page.form("ct_id")
            page = browser.submit(page, form.fill(ct_id=kind))
        form = page.form(*values)
        form.fill(**values)
        if "model" in values:
            form.add_row("condition_rows", path="online", operator="equals", value="true")
            form.add_row("template_documents", template="Article")
        browser.submit(page, form)

    add("pigeon_admin/destination", "storage destination", name="Folder", slug="folder", folder=str(partner))
    add(
        "pigeon_admin/exporttemplate",
        "",
        name="Article",
        slug="article",
        source="<a>{{ object.title }}</a>",
        file_name="{{ object.pk }}.xml",
    )
    add(
        "pigeon_admin/rule",
        "save rule",
        name="Online",
        slug="online",
        model="news.article",
        destinations=["Folder"],
        state="live",
    )
    add("news/article", "", title="Not yet", online=False)
    add("news/article", "", title="Bœuf & Brücke", online=True)

    run(python, "manage.py", "pigeon_push", cwd=folder)

    assert {path.name: path.read_text(encoding="utf-8") for path in partner.rglob("*") if path.is_file()} == {
        "2.xml": "<a>Bœuf &amp; Brücke</a>"
    }
