"""What several kinds of destinations ask of their fields, with errors in the words of the form."""

from __future__ import annotations

import codecs
import re
import ssl

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pigeon_admin.exceptions import ConfigurationError, SecretError
from pigeon_admin.models.secrets import Secret
from pigeon_admin.transports.base import need
from pigeon_admin.transports.host_keys import pinned
from pigeon_admin.transports.paths import has_control

HOST = re.compile(r"[^\s/@?#\[\]]+")


def host(value: str) -> None:
    """A name or an address: no scheme, port, path or blanks."""
    if "://" in value:
        raise ValidationError(_("Only the host, without “%s”.") % value[: value.index("://") + 3])
    if not HOST.fullmatch(value) or value.startswith((".", "-")) or ".." in value:
        raise ValidationError(_("A host is a name such as ftp.example.org, or an address such as 192.0.2.7, and nothing else."))
    if value.count(":") == 1:
        raise ValidationError(_("Only the host; the port has its own field."))


def port(value: int | None) -> None:
    """From 1 to 65535."""
    if isinstance(value, int) and not 1 <= value <= 65535:
        raise ValidationError(_("A port is a number between 1 and 65535."))


def one_line(value: str) -> None:
    """No line breaks or other control characters."""
    if has_control(value):
        raise ValidationError(_("There is a line break or another control character in it."))


def secret(value: Secret) -> None:
    """A password that can be read, on one line. What cannot be opened any more is not the form's fault: a new one may be on its way."""
    try:
        one_line(value.reveal())
    except SecretError as error:
        raise ValidationError(str(error)) from None


def directory(value: str) -> None:
    """A path without ``..``, backslashes or control characters."""
    one_line(value)
    if "\\" in value or ".." in value.split("/"):
        raise ValidationError(_("Folders are separated by “/”, and “..” is not allowed."))


def encoding(value: str) -> None:
    """A text encoding that Python knows."""
    try:
        known = codecs.lookup(value)
        "/".encode(known.name)
    except (LookupError, UnicodeError, ValueError):
        raise ValidationError(
            _("“%s” is not an encoding. Most servers use utf-8, older ones latin-1 or cp1252.") % value
        ) from None
    if "/a".encode(known.name) != b"/a":
        raise ValidationError(
            _("File names cannot be written in “%s”. Most servers use utf-8, older ones latin-1 or cp1252.") % value
        )


def certificates(value: str) -> None:
    """PEM certificates, or nothing."""
    if not value.strip():
        return
    if "PRIVATE KEY" in value:
        raise ValidationError(_("There is a private key in it. Paste the CA's certificates only."))
    try:
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, ValueError):
        raise ValidationError(
            _(
                "No certificate can be read. Paste it in PEM format, from “-----BEGIN CERTIFICATE-----” to “-----END CERTIFICATE-----”."
            )
        ) from None


def private_key(key: Secret, passphrase: Secret) -> None:
    """A private key that its passphrase opens, or nothing."""
    if not key:
        return
    try:
        asyncssh = need("asyncssh", "sftp")
        asyncssh.import_private_key(key.reveal(), passphrase.reveal() or None)
    except (ConfigurationError, SecretError) as error:
        raise ValidationError(str(error)) from None
    except asyncssh.KeyEncryptionError:
        raise ValidationError(_("The passphrase does not open this key.")) from None
    except (asyncssh.KeyImportError, ValueError):
        if passphrase or "ENCRYPTED" not in key.reveal():
            raise ValidationError(
                _("This is not a private key in OpenSSH or PEM format, or its passphrase is wrong. Paste the whole file.")
            ) from None
        raise ValidationError(_("This key needs its passphrase.")) from None


def host_key(value: str) -> None:
    """Public keys or fingerprints, one a line, or nothing."""
    try:
        pinned(value)
    except ConfigurationError as error:
        raise ValidationError(str(error)) from None
