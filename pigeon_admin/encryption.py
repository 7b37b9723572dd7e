"""Secrets at rest: MultiFernet tokens under the site's keys."""

from __future__ import annotations

import base64
import hashlib
import re

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings as django_settings

from pigeon_admin.conf import settings
from pigeon_admin.exceptions import SecretError

FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


def fernet() -> MultiFernet:
    """The keys in force, newest first: ``PIGEON_ADMIN["SECRET_KEYS"]``, else those derived from SECRET_KEY and its fallbacks."""
    keys: list[str | bytes] = list(settings.SECRET_KEYS) or [django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(key_of(key)) for key in keys])


def key_of(given: str | bytes) -> str | bytes:
    """A Fernet key as it is, anything else as a passphrase; Django allows its SECRET_KEY to be bytes."""
    text = given.decode("latin-1") if isinstance(given, bytes) else given
    return text if FERNET_KEY.fullmatch(text) else derived(text)


def derived(passphrase: str) -> bytes:
    """A Fernet key from any passphrase; the label keeps it apart from other uses of SECRET_KEY."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"pigeon_admin.secrets\0" + passphrase.encode()).digest())


def encrypt(text: str) -> str:
    """A token for ``text`` under the newest key; "" stays ""."""
    return fernet().encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """The text of a token; raises SecretError, which never holds any of it."""
    if not token:
        return ""
    try:
        return fernet().decrypt(token.encode()).decode()
    except (InvalidToken, ValueError):
        raise SecretError(
            "A stored password cannot be read any more: the key it was encrypted with is not in PIGEON_ADMIN['SECRET_KEYS']"
            " (or SECRET_KEY has changed). Enter the password again, or add the old key."
        ) from None
