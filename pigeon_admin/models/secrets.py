"""A model field whose value is encrypted in the database and never shows itself."""

from __future__ import annotations

from typing import Any

from django.db import models

from pigeon_admin.encryption import decrypt, encrypt


class Secret:
    """An encrypted text. ``reveal()`` opens it, and nothing else does: ``str``, ``repr`` and templates show dots."""

    def __init__(self, token: str) -> None:
        self.token = token

    def reveal(self) -> str:
        """The plain text; raises SecretError when no key opens it."""
        return decrypt(self.token)

    def __bool__(self) -> bool:
        return bool(self.token)

    def __str__(self) -> str:
        return "••••••••" if self.token else ""

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.token == self.token

    def __hash__(self) -> int:
        return hash(self.token)


class SecretField(models.TextField):  # type: ignore[type-arg]
    """Assign a plain ``str`` or a ``Secret``; read back a ``Secret``. Opening is lazy, so a lost key breaks no list page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, SecretAttribute(self))

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Secret:
        return Secret(value or "")

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Secret):
            return value.token
        return encrypt(value) if isinstance(value, str) else value

    def to_python(self, value: Any) -> Any:
        """``full_clean`` writes back what this answers: a ``Secret`` must not become its dots."""
        return value if isinstance(value, Secret) else super().to_python(value)

    def value_to_string(self, obj: models.Model) -> str:
        """Nothing: dumpdata and other serializers must not carry secrets away, not even encrypted ones."""
        return ""


class SecretAttribute:
    """Turns whatever is assigned into a ``Secret`` at once, so that no plain text stays on the instance."""

    def __init__(self, field: SecretField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type) -> Any:
        if instance is None:
            return self
        if self.field.attname not in instance.__dict__:
            instance.refresh_from_db(fields=[self.field.attname])
        return instance.__dict__[self.field.attname]

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = Secret(encrypt(value)) if isinstance(value, str) else value or Secret("")
