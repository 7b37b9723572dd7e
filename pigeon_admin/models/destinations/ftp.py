"""FTP, or FTP over TLS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations import field_checks as check
from pigeon_admin.models.destinations.base import Destination
from pigeon_admin.models.destinations.urls import DestinationUrl
from pigeon_admin.models.secrets import SecretField
from pigeon_admin.transports.ftp import FtpTransport


class FtpDestination(Destination):
    """One account on an FTP server."""

    class Security(models.TextChoices):
        NONE = "none", _("None (plain FTP)")
        EXPLICIT = "explicit", _("TLS, explicit (AUTH TLS)")
        IMPLICIT = "implicit", _("TLS, implicit (port 990)")

    url_schemes = ("ftp", "ftps", "ftpes")

    host = models.CharField(_("host"), max_length=255)
    port = models.PositiveIntegerField(_("port"), default=21)
    username = models.CharField(_("user name"), max_length=255, default="anonymous")
    password = SecretField(_("password"))
    directory = models.CharField(
        _("directory"), max_length=500, blank=True, help_text=_("Where to put files. Empty: where the login leads.")
    )
    security = models.CharField(_("encryption"), max_length=10, choices=Security, default=Security.NONE)
    passive = models.BooleanField(_("passive mode"), default=True)
    protect_data = models.BooleanField(_("encrypt data connections"), default=True, help_text=_("PROT P; only with TLS."))
    reuse_session = models.BooleanField(
        _("reuse the TLS session"), default=True, help_text=_("Many servers insist on it for data connections.")
    )
    verify_certificate = models.BooleanField(_("verify the certificate"), default=True)
    ca_certificates = models.TextField(_("CA certificates"), blank=True, help_text=_("PEM. Empty: those of the system."))
    encoding = models.CharField(_("encoding of names"), max_length=30, default="utf-8")

    class Meta:
        verbose_name = _("FTP destination")
        verbose_name_plural = _("FTP destinations")

    def transport(self) -> FtpTransport:
        return FtpTransport(
            host=self.host,
            port=self.port,
            username=self.username,
            password=self.password.reveal(),
            directory=self.directory,
            security=self.security,
            passive=self.passive,
            protect_data=self.protect_data,
            reuse_session=self.reuse_session,
            verify_certificate=self.verify_certificate,
            ca_certificates=self.ca_certificates,
            encoding=self.encoding,
            timeout=self.timeout,
        )

    @classmethod
    def fields_from_url(cls, url: DestinationUrl) -> dict[str, Any]:
        """``ftp`` is plain, ``ftpes`` explicit TLS, ``ftps`` implicit TLS on port 990.

        A path is relative to the login's folder; two slashes make it absolute.
        """
        url.refuse_query()
        security = {"ftp": cls.Security.NONE, "ftpes": cls.Security.EXPLICIT, "ftps": cls.Security.IMPLICIT}[url.scheme]
        return {
            "host": url.need_host(),
            "port": url.port or (990 if url.scheme == "ftps" else 21),
            "username": url.username or "anonymous",
            "password": url.password,
            "directory": url.path[1:].rstrip("/") or url.path[1:],
            "security": security,
        }

    def field_checks(self) -> Mapping[str, Callable[[], None]]:
        return {
            "host": lambda: check.host(self.host),
            "port": lambda: check.port(self.port),
            "username": lambda: check.one_line(self.username),
            "password": lambda: check.secret(self.password),
            "directory": lambda: check.directory(self.directory),
            "ca_certificates": lambda: check.certificates(self.ca_certificates),
            "encoding": lambda: check.encoding(self.encoding),
        }
