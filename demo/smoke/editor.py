"""What an editor does in the admin: destinations, a template, a rule, stories."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.newsroom.content.pictures import picture
from demo.smoke.browser import Browser, Page, PageError
from demo.smoke.forms import Form

TEMPLATES = Path(__file__).resolve().parent.parent / "received" / "export_templates"
ADMIN = "/admin/pigeon_admin"
RULE = "Everything published, to all three"
TITLES = [
    "Zwölf Boxkämpfer jagen Viktor über den großen Sylter Deich",
    "L’œuvre du « maître » Éloi : 100 % façon & <sans> détour",
    "新しい橋が開通した – the bridge opens",
    "Ночной паром возвращается в гавань",
    "“Quotes”, 'apostrophes', {{ braces }} and {% tags %} in a headline",
    "🚲 Bicycle lane reaches the sea 🌊",
]


@dataclass(frozen=True)
class Saved:
    """One story as it was saved. ``event``: "create" or "update"."""

    pk: int
    title: str
    event: str


class Editor:
    """A logged-in person; every method is one errand through the forms, and raises PageError or FormError."""

    def __init__(self, base: str, username: str, password: str) -> None:
        self.browser = Browser(base)
        page = self.browser.log_in(username, password)
        if "/admin/login" in page.url:
            raise PageError(f"The login was refused: {page.summary()}")

    def add_form(self, path: str, kind: str, *names: str) -> tuple[Page, Form]:
        """The add form of a model, by way of the page that asks for the kind where there is one."""
        page = self.browser.get(f"{path}/add/")
        choice = [form for form in page.forms if form.has("ct_id") and not form.has("name")]
        if choice:
            page = self.browser.submit(page, choice[0].fill(ct_id=kind))
        return page, page.form(*names)

    def rules(self) -> int:
        """How many rules the list shows."""
        page = self.browser.get(f"{ADMIN}/rule/")
        return len(set(re.findall(r"/pigeon_admin/rule/(\d+)/change/", page.text)))

    def add_destination(self, kind: str, **values: Any) -> None:
        """Fill in the form of that kind, save and test; accept the host key if it has one; raises unless the test succeeds."""
        page, form = self.add_form(f"{ADMIN}/destination", kind, "name", "slug")
        page = self.browser.submit(page, form.fill(**values), "_test")
        if any("accept-key" in form.action for form in page.forms):
            page = self.browser.submit(page, page.form_to("accept-key"))
        if "The connection works." not in page.text:
            steps = re.sub(r"<[^>]+>", " ", page.text.partition('<ol class="pigeon-steps">')[2].partition("</ol>")[0])
            raise PageError(f"The connection test of “{values['name']}” failed: {' '.join(steps.split()) or page.summary()}")

    def add_template(self) -> None:
        page, form = self.add_form(f"{ADMIN}/exporttemplate", "", "name", "source")
        source = (TEMPLATES / "story.xml").read_text(encoding="utf-8")
        form.fill(name="Story as XML", slug="story-xml", source=source, media_type="XML")
        form.fill(directory="{{ object.section.slug }}", file_name="{{ object.pk }}.xml")
        self.browser.submit(page, form)

    def add_rule(self, destinations: list[str]) -> None:
        """One live rule: published stories, as XML with their photos, to all of these."""
        page, form = self.add_form(f"{ADMIN}/rule", "save rule", "name", "slug", "model")
        form.fill(name=RULE, slug="everything-published", model="newsroom.story", on_create=True, on_update=True)
        form.fill(destinations=destinations, state="live")
        form.add_row("condition_rows", path="status", operator="equals", value="published")
        form.add_row("template_documents", template="Story as XML")
        form.add_row(
            "file_documents",
            file_field="image",
            relation_path="photos",
            directory="{{ object.section.slug }}/medias",
            file_name="{{ object.pk }}-{{ item.pk }}.{{ item.image.extension }}",
        )
        self.browser.submit(page, form)

    def stories(self) -> list[int]:
        """The stories that the admin's list shows, oldest first."""
        page = self.browser.get("/admin/newsroom/story/?all=")
        return sorted({int(pk) for pk in re.findall(r"/newsroom/story/(\d+)/change/", page.text)})

    def write_story(self, number: int) -> Saved:
        """A new, published story with a photo and tags."""
        title = f"{TITLES[number % len(TITLES)]} ({number + 1})"
        page, form = self.add_form("/admin/newsroom/story", "", "title", "body")
        now = datetime.now(UTC)
        form.fill(
            title=title, slug=f"smoke-{number + 1}", lead=f"Lead {number + 1}: café, naïve, Ærø & 5 < 6", status="published"
        )
        form.fill(
            body=f"First paragraph of {title}.\n\nSecond paragraph, written {now:%Y-%m-%d %H:%M:%S}.", section=str(number % 6 + 1)
        )
        form.field("tags").choices[number % 5].chosen = True
        file = (f"über dem Fluß {number + 1}.jpg", picture(f"waves-smoke-{number % 6}"), "image/jpeg")
        form.add_row("photos", image=file, caption=f"Légende n° {number + 1} ✓", credit="smoke", position="1")
        page = self.browser.submit(page, form, "_continue")
        found = re.search(r"/newsroom/story/(\d+)/change/", page.url)
        if found is None:
            raise PageError(f"The story was not saved: {page.summary()}")
        return Saved(int(found[1]), title, "create")

    def change_story(self, pk: int, number: int) -> Saved:
        """Another headline for a story that exists, published from now on."""
        page = self.browser.get(f"/admin/newsroom/story/{pk}/change/")
        form = page.form("title", "body")
        title = f"{TITLES[number % len(TITLES)]} – corrected ({number + 1})"
        form.fill(title=title, status="published")
        page = self.browser.submit(page, form, "_continue")
        return Saved(pk, title, "update")
