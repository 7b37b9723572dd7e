"""What people call an object."""

from __future__ import annotations

from django.db import models

from pigeon_admin.exceptions import one_line


def name_of(instance: models.Model) -> str:
    """One line of at most 200 characters; the host's ``__str__`` may fail or answer what no database takes, and a save must not fail."""
    try:
        name = one_line(str(instance), 200)
    except Exception:
        name = ""
    return (name or f"{instance._meta.verbose_name} {instance.pk}")[:200]
