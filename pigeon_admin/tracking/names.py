"""What people call an object."""

from __future__ import annotations

from django.db import models


def name_of(instance: models.Model) -> str:
    """At most 200 characters; the host's ``__str__`` may fail, and a save must not."""
    try:
        name = str(instance)
    except Exception:
        name = ""
    return (name or f"{instance._meta.verbose_name} {instance.pk}")[:200]
