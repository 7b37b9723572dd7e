"""A browser at a running site: every error of a script, every dialogue and every answer of the server that fails, fails the test."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from tests.acceptance import processes
from tests.e2e import newsdesk

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture
def chromium(monkeypatch):
    """Debian's Chromium. Where it is missing, the tests fail: what nobody has looked at is not known to work."""
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv(
        "DJANGO_ALLOW_ASYNC_UNSAFE", "1"
    )  # Playwright's loop runs in this thread, and waits while we do not call it
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(transactional_db, live_server, settings):
    """The test site with the newsdesk's admin, whose saves wake the worker. Answers its address."""
    settings.ROOT_URLCONF = newsdesk.__name__
    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "NUDGE": True}
    newsdesk.register()
    yield live_server.url
    newsdesk.unregister()


@pytest.fixture
def worker(site, tmp_path):
    """A real qcluster on the database of the test."""
    with processes.cluster(tmp_path / "cluster.log") as cluster:
        yield cluster


@pytest.fixture
def troubles():
    """What went wrong in any window, in words; a test that expects one of them takes it out."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def window(chromium, site, troubles):
    """Opens windows: ``window()`` of nobody, ``window(user)`` of somebody who is logged in. Further options are Playwright's."""

    def open_window(user=None, **options):
        context = chromium.new_context(base_url=site, **options)
        context.set_default_timeout(20_000)
        context.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # the browser's idea, not ours
        if user is not None:
            client = Client()
            client.force_login(user)
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
        page = context.new_page()
        context.on("weberror", lambda error: troubles.append(f"script: {error.error}"))
        context.on("console", lambda said: troubles.append(f"console: {said.text}") if said.type == "error" else None)
        context.on("response", lambda answer: troubles.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None)
        page.on("dialog", lambda dialog: (troubles.append(f"dialogue: {dialog.message}"), dialog.dismiss()))
        return page

    return open_window


@pytest.fixture
def desk(window, admin_user):
    """The window of a superuser."""
    return window(admin_user)


def reload_until(page, expectation, seconds: float = 45) -> None:
    """Look at the page again and again until ``expectation(timeout)`` raises no AssertionError. ``timeout``: milliseconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            return expectation(500)
        except AssertionError:
            if time.monotonic() > end:
                raise
            page.reload()
