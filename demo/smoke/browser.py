"""A person at the admin: pages, cookies and forms over plain HTTP."""

from __future__ import annotations

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from demo.smoke.forms import Form, FormError, PageParser, encode_multipart


class PageError(Exception):
    """A page that is not what was asked for; quotes what it says."""


@dataclass
class Page:
    """One page. ``url``: after redirects."""

    url: str
    status: int
    text: str

    def __post_init__(self) -> None:
        parsed = PageParser(self.text)
        self.forms, self.errors, self.messages = parsed.forms, parsed.errors, parsed.messages

    def form(self, *names: str) -> Form:
        """The form that has all these fields or buttons; raises PageError."""
        for form in self.forms:
            known = {one.name for one in form.fields} | {name for name, _value in form.buttons}
            if known.issuperset(names):
                return form
        raise PageError(f"{self.url} has no form with {', '.join(names)}. It says: {self.summary()}")

    def form_to(self, part: str) -> Form:
        """The form whose action contains ``part``; raises PageError."""
        for form in self.forms:
            if part in form.action:
                return form
        raise PageError(f"{self.url} has no form that leads to “{part}”. It says: {self.summary()}")

    def summary(self) -> str:
        """Errors and messages of the page, else its beginning."""
        said = [*self.errors, *self.messages]
        return " | ".join(said) if said else " ".join(self.text.split())[:400]


class Browser:
    """Keeps cookies and follows redirects. ``base``: http://host:port."""

    def __init__(self, base: str, timeout: float = 60) -> None:
        self.base = base
        self.timeout = timeout
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def get(self, path: str) -> Page:
        """A page of status 200; raises PageError."""
        return self.open(urllib.request.Request(urllib.parse.urljoin(self.base, path)))

    def submit(self, page: Page, form: Form, button: str | None = None) -> Page:
        """Send a form of this page; the page that follows. A form that comes back with errors raises PageError, quoting them."""
        url = urllib.parse.urljoin(page.url, form.action)
        pairs = form.pairs(button)
        if form.method == "get":
            request = urllib.request.Request(f"{url.partition('?')[0]}?{urllib.parse.urlencode(pairs)}")
        elif form.multipart:
            body, content_type = encode_multipart(pairs)
            request = urllib.request.Request(url, body, {"Content-Type": content_type})
        else:
            body = urllib.parse.urlencode([(name, plain(value)) for name, value in pairs]).encode()
            request = urllib.request.Request(url, body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = self.open(request)
        if answer.errors:
            raise PageError(f"{answer.url} refused the form: {' | '.join(answer.errors)}")
        return answer

    def open(self, request: urllib.request.Request) -> Page:
        try:
            with self.opener.open(request, timeout=self.timeout) as answer:
                return Page(answer.url, answer.status, answer.read().decode("utf-8", errors="replace"))
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode("utf-8", errors="replace")
            words = " ".join(text.split())
            if "exception_value" in text:  # Django's own error page
                words = " ".join(text.partition('class="exception_value">')[2].partition("<")[0].split()) or words
            raise PageError(f"{request.get_method()} {error.url} answered {error.code}: {words[:600]}") from None
        except OSError as error:
            raise PageError(f"{request.get_method()} {request.full_url} failed: {error}") from None

    def log_in(self, username: str, password: str) -> Page:
        page = self.get("/admin/login/?next=/admin/")
        return self.submit(page, page.form("username", "password").fill(username=username, password=password))


def plain(value: Any) -> str:
    return value[0] if isinstance(value, tuple) else value


__all__ = ["Browser", "FormError", "Page", "PageError"]
