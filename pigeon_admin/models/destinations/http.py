"""HTTP or HTTPS: one request a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations import field_checks as check
from pigeon_admin.models.destinations import http_checks
from pigeon_admin.models.destinations.base import Destination
from pigeon_admin.models.destinations.urls import DestinationUrl
from pigeon_admin.models.secrets import SecretField
from pigeon_admin.transports.http import HttpTransport


class HttpDestination(Destination):
    """One address of a web server."""

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
        BEARER = "bearer", _("Token")

    url_schemes = ("http", "https")

    url = models.CharField(
        _("URL"),
        max_length=1000,
        help_text=_("Where {path} stands, the file's path goes: https://partner.example/in/{path}. Also {name}, {key}."),
    )
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.PUT)
    body = models.CharField(_("body"), max_length=10, choices=Body, default=Body.RAW)
    form_field = models.CharField(
        _("form field"), max_length=100, default="file", help_text=_("Name of the file in a multipart form.")
    )
    headers = models.JSONField(
        _("headers"),
        default=dict,
        blank=True,
        help_text=_('Such as {"X-Feed": "sports"}. No passwords here: they would be exported.'),
    )
    auth = models.CharField(_("authentication"), max_length=10, choices=Auth, default=Auth.NONE)
    username = models.CharField(_("user name"), max_length=255, blank=True)
    password = SecretField(_("password"))
    token = SecretField(_("token"))
    token_header = models.CharField(
        _("header of the token"),
        max_length=100,
        blank=True,
        help_text=_("Such as X-Api-Key. Empty: Authorization, with the word Bearer before the token."),
    )
    verify_certificate = models.BooleanField(_("verify the certificate"), default=True)
    ca_certificates = models.TextField(_("CA certificates"), blank=True, help_text=_("PEM. Empty: those of the system."))

    class Meta:
        verbose_name = _("HTTP destination")
        verbose_name_plural = _("HTTP destinations")

    def transport(self) -> HttpTransport:
        return HttpTransport(
            url=self.url,
            method=self.method,
            body=self.body,
            form_field=self.form_field,
            headers=dict(self.headers or {}),
            auth=self.auth,
            username=self.username,
            password=self.password.reveal(),
            token=self.token.reveal(),
            token_header=self.token_header,
            verify_certificate=self.verify_certificate,
            ca_certificates=self.ca_certificates,
            timeout=self.timeout,
        )

    @classmethod
    def fields_from_url(cls, url: DestinationUrl) -> dict[str, Any]:
        """User name and password become fields; the rest is the URL."""
        url.need_host()
        values: dict[str, Any] = {"url": url.without_login}
        if url.username or url.password:
            values |= {"auth": cls.Auth.BASIC, "username": url.username, "password": url.password}
        return values

    def field_checks(self) -> Mapping[str, Callable[[], None]]:
        return {
            "url": lambda: http_checks.url(self.url),
            "headers": lambda: http_checks.headers(self.headers),
            "form_field": lambda: http_checks.form_field(self.form_field, self.body),
            "username": lambda: http_checks.user_name(self.username, self.auth),
            "password": lambda: check.secret(self.password),
            "token": lambda: http_checks.token(self.token, self.auth),
            "token_header": lambda: http_checks.token_header(self.token_header),
            "ca_certificates": lambda: check.certificates(self.ca_certificates),
        }
