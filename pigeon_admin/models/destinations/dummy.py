"""Sends nothing: records what would have been sent."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations.base import Destination
from pigeon_admin.models.destinations.urls import DestinationUrl
from pigeon_admin.transports.dummy import DummyTransport


class DummyDestination(Destination):
    """For trying rules out."""

    url_schemes = ("dummy",)

    class Meta:
        verbose_name = _("dummy destination")
        verbose_name_plural = _("dummy destinations")

    def transport(self) -> DummyTransport:
        return DummyTransport(name=self.slug)

    @classmethod
    def fields_from_url(cls, url: DestinationUrl) -> dict[str, Any]:
        """``dummy:`` or ``dummy://name``."""
        return {}
