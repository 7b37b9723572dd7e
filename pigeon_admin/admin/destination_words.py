"""Where a destination leads, in one line and without any secret."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from pigeon_admin.models import Destination


def where(destination: Destination) -> str:
    """Host, URL, folder or recipients, by the usual names of their fields; a kind may say it itself in a method ``where``."""
    own = getattr(destination, "where", None)
    if callable(own):
        return str(own())
    if url := getattr(destination, "url", ""):
        return bare_url(url)
    if host := getattr(destination, "host", ""):
        directory = str(getattr(destination, "directory", "")).strip("/")
        return f"{host}:{getattr(destination, 'port', '')}".rstrip(":") + (f"/{directory}" if directory else "")
    if recipients := getattr(destination, "recipients", ""):
        first, *others = recipients.split()
        return _("%(first)s and %(number)d more") % {"first": first, "number": len(others)} if others else first
    place = [str(getattr(destination, name, "")) for name in ("alias", "folder")]
    return ": ".join(filter(None, place)) or "–"


def bare_url(url: str) -> str:
    """The URL without user name, password, query and fragment: each may hold a secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        return "–"
