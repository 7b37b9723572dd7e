"""The concrete kinds of a polymorphic model, also those of other apps."""

from __future__ import annotations

from django.db import models


def concrete_kinds(base: type[models.Model]) -> list[type[models.Model]]:
    """Every installed concrete subclass, deepest included, in the order of their definition."""
    found: list[type[models.Model]] = []
    for child in base.__subclasses__():
        if not child._meta.abstract and not child._meta.proxy and not child._meta.swapped:
            found.append(child)
        found.extend(kind for kind in concrete_kinds(child) if kind not in found)
    return found
