"""``python3 -m demo.screenshots``: makes the pictures of the README anew, of a newsroom in a temporary folder; needs Debian's chromium."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from demo import environment

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT = 1280, 860


def main() -> int:
    environment.enter("test", "demo.screenshots")
    from demo.newspaper import Newspaper, free_port

    with (
        tempfile.TemporaryDirectory(prefix="pigeon-pictures-", ignore_cleanup_errors=True) as folder,
        Newspaper(Path(folder)) as newspaper,
    ):
        newspaper.start_partners()
        newspaper.prepare(rules=True)
        newspaper.open(free_port())
        take(newspaper.url)
    return 0


def take(url: str) -> None:
    """A day with one wrong password; then the dashboard and the form of a rule."""
    from playwright.sync_api import sync_playwright

    from demo.newspaper import LOGIN

    admin = f"{url}/admin/pigeon_admin"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(f"{url}/admin/")
        page.fill("#id_username", LOGIN[0])
        page.fill("#id_password", LOGIN[1])
        page.click("input[type=submit]")
        publish_all(page, url)
        wait_for(page, f"{admin}/dashboard/", ".pigeon-counts .pigeon-waiting b", "0")
        page.goto(f"{admin}/destination/")
        page.click("#result_list a:has-text('Open Wire')")
        page.fill("input[name=password]", "outdated")
        page.click("input[name=_save]")
        page.goto(f"{url}/admin/newsroom/story/2/change/")
        page.click("input[name=_save] >> nth=0")
        wait_for(page, f"{admin}/dashboard/", ".pigeon-counts .pigeon-failed b", "1")
        picture(page, "dashboard")
        page.goto(f"{admin}/rule/")
        page.click("#result_list a:has-text('Harbour Herald')")
        page.wait_for_selector("#id_condition_rows-0-value_hint:not(:empty)")
        page.set_viewport_size({"width": WIDTH, "height": 1350})
        picture(page, "rule")
        browser.close()


def publish_all(page, url: str) -> None:
    """By the action of the host's own admin."""
    page.goto(f"{url}/admin/newsroom/story/")
    page.check("#action-toggle")
    page.select_option("select[name=action]", "publish")
    page.click("button[name=index]")


def wait_for(page, url: str, selector: str, text: str) -> None:
    """Look at the page until the element says so; raises RuntimeError after a minute."""
    end = time.monotonic() + 60
    page.goto(url)
    while page.inner_text(selector) != text:
        if time.monotonic() > end:
            raise RuntimeError(f"{url} says “{page.inner_text(selector)}” for {selector}, not “{text}”.")
        page.reload()


def picture(page, name: str) -> None:
    page.screenshot(path=HERE / f"{name}.png")
    print(HERE / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
