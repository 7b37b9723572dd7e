"""The base of all destinations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import classproperty
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from polymorphic.models import PolymorphicModel

from pigeon_admin.models.destinations.urls import DestinationUrl
from pigeon_admin.models.naming import Archivable, Named
from pigeon_admin.models.secrets import SecretField
from pigeon_admin.transports.base import Transport


class Destination(Named, Archivable, PolymorphicModel):
    """A subclass adds typed fields, ``transport()``, and the URL schemes it reads with ``fields_from_url()``."""

    url_schemes: tuple[str, ...] = ()

    timeout = models.PositiveIntegerField(
        _("timeout"), default=30, help_text=_("Seconds to wait for the partner's server before giving up.")
    )
    notes = models.TextField(_("notes"), blank=True, help_text=_("For your colleagues: contact, contract, opening hours."))

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering = ["name", "pk"]

    def transport(self) -> Transport:
        """The thing that talks to this partner, with the current credentials; raises ConfigurationError or SecretError."""
        raise NotImplementedError

    @classproperty
    def secret_fields(cls) -> tuple[str, ...]:
        """Names of the fields that are encrypted, never shown, never exported."""
        return tuple(field.name for field in cls._meta.get_fields() if isinstance(field, SecretField))

    @classmethod
    def kinds(cls) -> Iterator[type[Destination]]:
        """This class and all below it that have a table, those of other apps too."""
        if not cls._meta.abstract:
            yield cls
        for subclass in cls.__subclasses__():
            yield from subclass.kinds()

    @classmethod
    def fields_from_url(cls, url: DestinationUrl) -> dict[str, Any]:
        """Field values from a URL of one of ``url_schemes``; raises ValidationError."""
        raise NotImplementedError

    @classmethod
    def from_url(cls, url: str, **fields: Any) -> Destination:
        """An unsaved destination from ``ftp://user:password@host:21/path`` and the like; ``fields`` win over what the URL says.

        The class follows from the scheme. Raises ValidationError in words, which never repeat the password.
        """
        parsed = DestinationUrl.parse(url)
        known: set[str] = set()
        for kind in cls.kinds():
            known.update(kind.url_schemes)
            if parsed.scheme in kind.url_schemes:
                return kind(**{**kind.named_after(parsed), **kind.fields_from_url(parsed), **fields})
        raise ValidationError(
            _("“%(scheme)s” is not a kind of destination. An address begins with one of: %(known)s."),
            code="scheme",
            params={"scheme": parsed.scheme or _("nothing"), "known": ", ".join(f"{scheme}:" for scheme in sorted(known))},
        )

    @classmethod
    def named_after(cls, url: DestinationUrl) -> dict[str, str]:
        """A name for people and a slug, from host and path."""
        name = f"{url.host}{url.path.rstrip('/')}".strip("/") or url.scheme
        return {
            "name": name[:200],
            "slug": slugify(f"{url.scheme} {name}".replace("/", " ").replace(".", " ").replace("@", " "))[:100] or url.scheme,
        }

    def clean(self) -> None:
        super().clean()
        errors: dict[str, ValidationError] = {}
        for name, check in {"timeout": self.check_timeout, **self.field_checks()}.items():
            try:
                check()
            except ValidationError as error:
                errors[name] = error
        if errors:
            raise ValidationError(errors)

    def check_timeout(self) -> None:
        if isinstance(self.timeout, int) and not 1 <= self.timeout <= 3600:
            raise ValidationError(_("Between 1 and 3600 seconds."))

    def field_checks(self) -> Mapping[str, Callable[[], None]]:
        """Field name -> function that raises ValidationError; a subclass adds its own."""
        return {}
