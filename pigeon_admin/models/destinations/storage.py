"""Any Django storage of the site, or a folder of this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.storage import storages
from django.db import models
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.destinations import field_checks as check
from pigeon_admin.models.destinations.base import Destination
from pigeon_admin.models.destinations.urls import DestinationUrl
from pigeon_admin.transports.storage import StorageTransport


class StorageDestination(Destination):
    """A folder in a storage, or on this machine."""

    url_schemes = ("file", "storage")

    alias = models.CharField(
        _("storage"), max_length=100, blank=True, help_text=_("An alias in STORAGES. Empty: the folder below.")
    )
    folder = models.CharField(
        _("folder"), max_length=1000, blank=True, help_text=_("Absolute path on this machine, or folder in the storage.")
    )

    class Meta:
        verbose_name = _("storage destination")
        verbose_name_plural = _("storage destinations")

    def transport(self) -> StorageTransport:
        return StorageTransport(alias=self.alias, folder=self.folder)

    @classmethod
    def fields_from_url(cls, url: DestinationUrl) -> dict[str, Any]:
        """``file:///absolute/folder``, or ``storage://alias/folder``."""
        url.refuse_query()
        if url.scheme == "file":
            if url.host not in ("", "localhost"):
                raise ValidationError(
                    _("A folder of this machine is written with three slashes: file:///absolute/folder."), code="url"
                )
            return {"folder": url.path.rstrip("/") or "/"}
        # The host part of a URL has no capitals left, an alias may.
        alias = next((known for known in storages.backends if known.lower() == url.host), url.host)
        return {"alias": alias, "folder": url.path.strip("/")}

    def field_checks(self) -> Mapping[str, Callable[[], None]]:
        return {"alias": self.check_alias, "folder": self.check_folder}

    def check_alias(self) -> None:
        if self.alias and self.alias not in storages.backends:
            raise ValidationError(
                _("There is no storage “%(alias)s” in the settings. There are: %(known)s."),
                params={"alias": self.alias, "known": ", ".join(sorted(storages.backends))},
            )

    def check_folder(self) -> None:
        check.directory(self.folder)
        if self.alias and self.folder.startswith("/"):
            raise ValidationError(_("A folder in a storage does not begin with “/”."))
        if not self.alias and not self.folder.startswith("/"):
            raise ValidationError(_("Enter an absolute path, such as /srv/outgoing, or choose a storage."))
