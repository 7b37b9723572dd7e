"""The concrete kinds of a polymorphic model, also those of other apps."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db import models


def concrete_kinds(base: type[models.Model]) -> list[type[models.Model]]:
    """Every installed concrete subclass, deepest included, in the order of their definition."""
    found: list[type[models.Model]] = []
    for child in base.__subclasses__():
        if not child._meta.abstract and not child._meta.proxy and not child._meta.swapped:
            found.append(child)
        found.extend(kind for kind in concrete_kinds(child) if kind not in found)
    return found


class SharedPermissions(admin.ModelAdmin):
    """The permission for the base model (“Can change destination”) covers every kind; that for one kind is enough for it."""

    base_model: type[models.Model]

    def granted(self, request, action: str) -> bool:
        opts = self.base_model._meta
        return request.user.has_perm(f"{opts.app_label}.{get_permission_codename(action, opts)}")

    def has_add_permission(self, request):
        return super().has_add_permission(request) or self.granted(request, "add")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) or self.granted(request, "change")

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) or self.granted(request, "delete")

    def has_view_permission(self, request, obj=None):
        return super().has_view_permission(request, obj) or self.granted(request, "view")
