"""What an HTTP destination asks of its fields, with errors in the words of the form."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations import field_checks as check
from pigeon_admin.models.secrets import Secret
from pigeon_admin.transports.http import PLACEHOLDER, PLACEHOLDERS

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
SECRET_HEADER = re.compile(r"authori[sz]ation|cookie|api-?key|token|secret|passw|credential|signature|^x-auth", re.IGNORECASE)
OURS = (
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "idempotency-key",
    "content-disposition",
    "expect",
    "te",
    "trailer",
    "upgrade",
)


def url(value: str) -> None:
    """An http(s) URL whose placeholders we know, in its path or query."""
    check.one_line(value)
    if " " in value:
        raise ValidationError(_("An address has no blanks; write them %%20.") % {})
    try:
        parts = urlsplit(value)
        check.port(parts.port if parts.port is not None else 80)
    except ValueError:
        raise ValidationError(_("The address cannot be read. It should look like https://partner.example/in/{path}.")) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValidationError(
            _("The address begins with https:// or http:// and names a host: https://partner.example/in/{path}.")
        )
    if "@" in parts.netloc:
        raise ValidationError(_("User name and password have their own fields; in the address they would be exported."))
    if "#" in value:
        raise ValidationError(_("What follows a “#” never reaches a server. The sign itself is written %%23.") % {})
    if "{" in parts.netloc or "}" in parts.netloc:
        raise ValidationError(_("The host cannot depend on the file: placeholders go into the path."))
    unknown = sorted(set(PLACEHOLDER.findall(value)) - set(PLACEHOLDERS))
    rest = PLACEHOLDER.sub("", value)
    if unknown or "{" in rest or "}" in rest:
        raise ValidationError(_("Only {path}, {name} and {key} can stand in an address."))


def headers(value: object) -> None:
    """An object of texts by header name, none of which is a secret or ours."""
    if not isinstance(value, dict):
        raise ValidationError(_('Headers are written like this: {"X-Feed": "sports"}.'))
    for name, text in value.items():
        if not isinstance(text, str):
            raise ValidationError(_("The value of “%s” must be a text in quotes.") % name)
        if not HEADER_NAME.fullmatch(name):
            raise ValidationError(_("“%s” is not a header name: letters, digits and hyphens only.") % name)
        if SECRET_HEADER.search(name):
            raise ValidationError(
                _(
                    "“%s” carries a secret, and headers are shown and exported. Choose “Token” as authentication and enter it there."
                )
                % name
            )
        if name.lower() in OURS:
            raise ValidationError(_("“%s” is set for each file and cannot be given here.") % name)
        if not text.isascii() or any(not letter.isprintable() and letter != "\t" for letter in text):
            raise ValidationError(_("The value of “%s” holds a line break or a letter that no header can carry.") % name)


def form_field(value: str, body: str) -> None:
    """A name, where a form is sent."""
    check.one_line(value)
    if body == "multipart" and not value:
        raise ValidationError(_("Enter the name under which the partner expects the file, often “file”."))


def user_name(value: str, auth: str) -> None:
    """A name without ``:``, where it is needed."""
    check.one_line(value)
    if auth == "basic" and not value:
        raise ValidationError(_("Enter the user name, or choose another authentication."))
    if ":" in value:
        raise ValidationError(_("A user name for HTTP cannot hold a colon."))


def token(value: Secret, auth: str) -> None:
    """One line, where it is needed."""
    check.secret(value)
    if auth == "bearer" and not value:
        raise ValidationError(_("Enter the token, or choose another authentication."))


def token_header(value: str) -> None:
    """A header name, or nothing."""
    if value and not HEADER_NAME.fullmatch(value):
        raise ValidationError(_("“%s” is not a header name: letters, digits and hyphens only.") % value)
    if value.lower() in OURS or value.lower() == "content-type":
        raise ValidationError(_("“%s” is set for each file and cannot carry the token.") % value)
