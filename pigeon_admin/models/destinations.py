"""Where packages go: one model a protocol, each with typed fields and ``transport()``."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from polymorphic.models import PolymorphicModel

from pigeon_admin.models.naming import Archivable, Named
from pigeon_admin.models.secrets import SecretField
from pigeon_admin.transports.base import Transport


class Destination(Named, Archivable, PolymorphicModel):
    """Base of all destinations. A subclass adds typed fields, ``transport()``, and the URL schemes it reads."""

    url_schemes: tuple[str, ...] = ()

    timeout = models.PositiveIntegerField(_("timeout"), default=30, help_text=_("Seconds to wait for the partner's server before giving up."))
    notes = models.TextField(_("notes"), blank=True, help_text=_("For your colleagues: contact, contract, opening hours."))

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering = ["name", "pk"]

    def transport(self) -> Transport:
        """The thing that talks to this partner, with the current credentials; raises ConfigurationError or SecretError."""
        raise NotImplementedError


class FtpDestination(Destination):
    """FTP, or FTP over TLS."""

    class Security(models.TextChoices):
        NONE = "none", _("None (plain FTP)")
        EXPLICIT = "explicit", _("TLS, explicit (AUTH TLS)")
        IMPLICIT = "implicit", _("TLS, implicit (port 990)")

    url_schemes = ("ftp", "ftps", "ftpes")

    host = models.CharField(_("host"), max_length=255)
    port = models.PositiveIntegerField(_("port"), default=21)
    username = models.CharField(_("user name"), max_length=255, default="anonymous")
    password = SecretField(_("password"))
    directory = models.CharField(_("directory"), max_length=500, blank=True, help_text=_("Where to put files. Empty: where the login leads."))
    security = models.CharField(_("encryption"), max_length=10, choices=Security, default=Security.NONE)
    passive = models.BooleanField(_("passive mode"), default=True)
    protect_data = models.BooleanField(_("encrypt data connections"), default=True, help_text=_("PROT P; only with TLS."))
    reuse_session = models.BooleanField(_("reuse the TLS session"), default=True, help_text=_("Many servers insist on it for data connections."))
    verify_certificate = models.BooleanField(_("verify the certificate"), default=True)
    ca_certificates = models.TextField(_("CA certificates"), blank=True, help_text=_("PEM. Empty: those of the system."))
    encoding = models.CharField(_("encoding of names"), max_length=30, default="utf-8")

    class Meta:
        verbose_name = _("FTP destination")
        verbose_name_plural = _("FTP destinations")


class SftpDestination(Destination):
    """SFTP, with the server's host key pinned."""

    url_schemes = ("sftp",)

    host = models.CharField(_("host"), max_length=255)
    port = models.PositiveIntegerField(_("port"), default=22)
    username = models.CharField(_("user name"), max_length=255)
    password = SecretField(_("password"))
    private_key = SecretField(_("private key"), help_text=_("OpenSSH or PEM format. Used before the password."))
    passphrase = SecretField(_("passphrase of the key"))
    directory = models.CharField(_("directory"), max_length=500, blank=True, help_text=_("Where to put files. Empty: where the login leads."))
    host_key = models.TextField(
        _("host key"), blank=True, help_text=_("The server's public key. Test the connection to see its fingerprint, and accept it there.")
    )

    class Meta:
        verbose_name = _("SFTP destination")
        verbose_name_plural = _("SFTP destinations")


class HttpDestination(Destination):
    """HTTP or HTTPS: one request a file."""

    class Method(models.TextChoices):
        PUT = "PUT", "PUT"
        POST = "POST", "POST"
        PATCH = "PATCH", "PATCH"

    class Body(models.TextChoices):
        RAW = "raw", _("The file itself")
        MULTIPART = "multipart", _("A form with the file (multipart)")

    class Auth(models.TextChoices):
        NONE = "none", _("None")
        BASIC = "basic", _("User name and password")
        BEARER = "bearer", _("Bearer token")

    url_schemes = ("http", "https")

    url = models.CharField(
        _("URL"), max_length=1000, help_text=_("Where {path} stands, the file's path goes: https://partner.example/in/{path}. Also {name}, {key}.")
    )
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.PUT)
    body = models.CharField(_("body"), max_length=10, choices=Body, default=Body.RAW)
    form_field = models.CharField(_("form field"), max_length=100, default="file", help_text=_("Name of the file in a multipart form."))
    headers = models.JSONField(_("headers"), default=dict, blank=True, help_text=_('Such as {"X-Feed": "sports"}. No passwords here: they would be exported.'))
    auth = models.CharField(_("authentication"), max_length=10, choices=Auth, default=Auth.NONE)
    username = models.CharField(_("user name"), max_length=255, blank=True)
    password = SecretField(_("password"))
    token = SecretField(_("token"))
    verify_certificate = models.BooleanField(_("verify the certificate"), default=True)
    ca_certificates = models.TextField(_("CA certificates"), blank=True, help_text=_("PEM. Empty: those of the system."))

    class Meta:
        verbose_name = _("HTTP destination")
        verbose_name_plural = _("HTTP destinations")


class StorageDestination(Destination):
    """Any Django storage of the site, or a folder of this machine."""

    url_schemes = ("file", "storage")

    alias = models.CharField(_("storage"), max_length=100, blank=True, help_text=_("An alias in STORAGES. Empty: the folder below."))
    folder = models.CharField(_("folder"), max_length=1000, blank=True, help_text=_("Absolute path on this machine, or folder in the storage."))

    class Meta:
        verbose_name = _("storage destination")
        verbose_name_plural = _("storage destinations")


class EmailDestination(Destination):
    """E-mail with the files attached."""

    url_schemes = ("mailto",)

    recipients = models.TextField(_("recipients"), help_text=_("One address a line."))
    sender = models.CharField(_("sender"), max_length=320, blank=True, help_text=_("Empty: DEFAULT_FROM_EMAIL."))
    subject = models.CharField(_("subject"), max_length=500, default="{subject}", help_text=_("{subject} stands for the object's name."))
    body = models.TextField(_("text"), blank=True)

    class Meta:
        verbose_name = _("e-mail destination")
        verbose_name_plural = _("e-mail destinations")


class DummyDestination(Destination):
    """Sends nothing: records what would have been sent."""

    url_schemes = ("dummy",)

    class Meta:
        verbose_name = _("dummy destination")
        verbose_name_plural = _("dummy destinations")
