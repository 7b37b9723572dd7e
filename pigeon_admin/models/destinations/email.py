"""E-mail with the files attached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations import field_checks as check
from pigeon_admin.models.destinations.base import Destination
from pigeon_admin.models.destinations.urls import DestinationUrl
from pigeon_admin.transports.email import EmailTransport


class EmailDestination(Destination):
    """People, or machines, that read mail."""

    url_schemes = ("mailto",)

    recipients = models.TextField(_("recipients"), help_text=_("One address a line."))
    sender = models.CharField(_("sender"), max_length=320, blank=True, help_text=_("Empty: DEFAULT_FROM_EMAIL."))
    subject = models.CharField(
        _("subject"), max_length=500, default="{subject}", help_text=_("{subject} stands for the object's name.")
    )
    body = models.TextField(_("text"), blank=True)

    class Meta:
        verbose_name = _("e-mail destination")
        verbose_name_plural = _("e-mail destinations")

    def transport(self) -> EmailTransport:
        return EmailTransport(
            recipients=tuple(self.recipient_list()),
            sender=self.sender,
            subject=self.subject,
            body=self.body,
            timeout=self.timeout,
        )

    def recipient_list(self) -> list[str]:
        """The addresses, one a line or after commas."""
        return [address.strip() for line in self.recipients.splitlines() for address in line.split(",") if address.strip()]

    @classmethod
    def fields_from_url(cls, url: DestinationUrl) -> dict[str, Any]:
        """``mailto:one@example.org,two@example.org?subject=...``"""
        unknown = set(url.query) - {"subject", "body"}
        if unknown:
            raise ValidationError(_("Of what follows the “?”, only subject and body are understood."), code="url")
        return {"recipients": url.path.replace(",", "\n"), **url.query}

    def field_checks(self) -> Mapping[str, Callable[[], None]]:
        return {"recipients": self.check_recipients, "sender": self.check_sender, "subject": lambda: check.one_line(self.subject)}

    def check_recipients(self) -> None:
        if not self.recipient_list():
            raise ValidationError(_("Enter at least one address."))
        for address in self.recipient_list():
            check_address(address)

    def check_sender(self) -> None:
        if self.sender:
            check_address(self.sender)


def check_address(address: str) -> None:
    """Accepts "name@example.org" and "Name <name@example.org>"."""
    check.one_line(address)
    try:
        validate_email(parseaddr(address)[1])
    except ValidationError:
        raise ValidationError(_("“%s” is not an e-mail address.") % address) from None
