"""Addresses of destinations, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class DestinationUrl:
    """``username``, ``password`` and ``path`` are percent-decoded; ``port`` is None where the URL names none; ``host`` has no brackets."""

    scheme: str
    host: str
    port: int | None
    username: str
    password: str = field(repr=False)
    path: str
    query: dict[str, str]
    without_login: str  # the URL as it was, but for user name and password

    @classmethod
    def parse(cls, url: str) -> DestinationUrl:
        """Take ``url`` apart; raises ValidationError, which never repeats it: it may hold a password."""
        url = url.strip()
        if any(not letter.isprintable() for letter in url):
            raise ValidationError(_("The address holds a line break or another control character."), code="url")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValidationError(
                _(
                    "The address cannot be read: the port must be a number, and in a password # / ? @ : are %%23 %%2F %%3F %%40 %%3A."
                )
                % {},
                code="url",
            ) from None
        if not parts.scheme:
            raise ValidationError(_("The address must begin with its kind, such as ftp:// or https://."), code="url")
        if parts.fragment and parts.scheme not in ("http", "https"):
            raise ValidationError(_("In an address, the sign # of a password or path is written %%23.") % {}, code="url")
        return cls(
            scheme=parts.scheme.lower(),
            host=parts.hostname or "",
            port=port,
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            without_login=login_removed(parts),
        )

    def need_host(self) -> str:
        """The host; raises ValidationError if there is none."""
        if not self.host:
            raise ValidationError(_("The address has no host. It should look like ftp://user:password@host/path."), code="url")
        return self.host

    def refuse_query(self) -> None:
        """Raise ValidationError if something follows a question mark."""
        if self.query:
            raise ValidationError(_("Nothing after a “?” is understood here. The sign itself is written %%3F.") % {}, code="url")


def login_removed(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
