"""SFTP, with the server's host key pinned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations import field_checks as check
from pigeon_admin.models.destinations.base import Destination
from pigeon_admin.models.destinations.urls import DestinationUrl
from pigeon_admin.models.secrets import SecretField
from pigeon_admin.transports.sftp import SftpTransport


class SftpDestination(Destination):
    """One account on an SSH server."""

    url_schemes = ("sftp",)

    host = models.CharField(_("host"), max_length=255)
    port = models.PositiveIntegerField(_("port"), default=22)
    username = models.CharField(_("user name"), max_length=255)
    password = SecretField(_("password"))
    private_key = SecretField(_("private key"), help_text=_("OpenSSH or PEM format. Used before the password."))
    passphrase = SecretField(_("passphrase of the key"))
    directory = models.CharField(
        _("directory"), max_length=500, blank=True, help_text=_("Where to put files. Empty: where the login leads.")
    )
    host_key = models.TextField(
        _("host key"),
        blank=True,
        help_text=_("The server's public key. Test the connection to see its fingerprint, and accept it there."),
    )

    class Meta:
        verbose_name = _("SFTP destination")
        verbose_name_plural = _("SFTP destinations")

    def transport(self) -> SftpTransport:
        return SftpTransport(
            host=self.host,
            port=self.port,
            username=self.username,
            password=self.password.reveal(),
            private_key=self.private_key.reveal(),
            passphrase=self.passphrase.reveal(),
            directory=self.directory,
            host_key=self.host_key,
            timeout=self.timeout,
        )

    @classmethod
    def fields_from_url(cls, url: DestinationUrl) -> dict[str, Any]:
        """A path is absolute; ``/~/path`` is relative to the login's folder."""
        url.refuse_query()
        path = url.path.rstrip("/")
        return {
            "host": url.need_host(),
            "port": url.port or 22,
            "username": url.username,
            "password": url.password,
            "directory": "" if path == "/~" else path.removeprefix("/~/"),
        }

    def field_checks(self) -> Mapping[str, Callable[[], None]]:
        return {
            "host": lambda: check.host(self.host),
            "port": lambda: check.port(self.port),
            "username": lambda: check.one_line(self.username),
            "password": lambda: check.secret(self.password),
            "private_key": lambda: check.private_key(self.private_key, self.passphrase),
            "directory": lambda: check.directory(self.directory),
            "host_key": lambda: check.host_key(self.host_key),
        }
