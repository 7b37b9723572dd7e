"""Deleting what has been used would tear holes into the ledger, so here it is archived instead, and the pages say so."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from pigeon_admin.admin.wording import exact


class ArchivedFilter(admin.SimpleListFilter):
    """Hides what is archived, until somebody asks for it."""

    title = _("archived")
    parameter_name = "archived"

    def lookups(self, request, model_admin):
        return [("yes", _("Archived only")), ("all", _("With archived"))]

    def choices(self, changelist):
        everything, *others = super().choices(changelist)
        yield {**everything, "display": _("Not archived")}
        yield from others

    def queryset(self, request, queryset):
        if self.value() == "all":
            return queryset
        return queryset.filter(archived_at__isnull=self.value() != "yes")


class ArchivingAdmin(admin.ModelAdmin):
    """Says before deleting which objects go and which are only archived, and offers to restore those."""

    actions = ["archive", "restore", "delete_selected"]

    def why_kept(self, obj: models.Model) -> str:
        """Why this object cannot be deleted, in words; "" when it can."""
        return ""

    def consequences(self, obj: models.Model) -> str:
        """What else changes when this object goes, in words; "" when nothing does."""
        return ""

    # -- archive and restore

    def store(self, request, obj, message: str, **values: object) -> None:
        """Write the values and a line of history. Object by object, so that every signal fires."""
        for name, value in values.items():
            setattr(obj, name, value)
        obj.save(update_fields=[*values, "modified_at"])
        self.log_change(request, obj, message)

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request, queryset):
        chosen = [obj for obj in queryset if obj.archived_at is None]
        for obj in chosen:
            self.store(request, obj, "Archived.", archived_at=timezone.now())
        self.tell(request, len(chosen), ngettext("%d was archived.", "%d were archived.", len(chosen)))

    @admin.action(description=_("Restore from the archive"), permissions=["change"])
    def restore(self, request, queryset):
        chosen = [obj for obj in queryset if obj.archived_at is not None]
        for obj in chosen:
            self.store(request, obj, "Restored.", **self.restored_values())
        self.tell(request, len(chosen), ngettext("%d was restored.", "%d were restored.", len(chosen)))

    def restored_values(self) -> dict[str, object]:
        """What is written when an object leaves the archive."""
        return {"archived_at": None}

    def tell(self, request, number: int, text: str) -> None:
        """Answer an action, also when there was nothing to do."""
        if number:
            messages.success(request, text % number)
        else:
            messages.warning(request, _("Nothing to do for what was selected."))

    # -- delete

    @admin.action(description=_("Delete (or archive what has been used)"), permissions=["delete"])
    def delete_selected(self, request, queryset):
        return self.farewell(request, list(queryset), action="delete_selected")

    def delete_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return super().delete_view(request, object_id, extra_context)
        if not self.has_delete_permission(request, obj):
            raise PermissionDenied
        return self.farewell(request, [obj])

    def farewell(self, request, objects: list[models.Model], action: str = ""):
        """The page that says what will happen, and, once confirmed, that it did."""
        opts = getattr(self, "base_model", self.model)._meta
        changelist = reverse(f"{self.admin_site.name}:{opts.app_label}_{opts.model_name}_changelist")
        if request.method == "POST" and request.POST.get("post"):
            self.part_with(request, objects)
            return HttpResponseRedirect(changelist)
        told = [(obj, self.why_kept(obj), self.consequences(obj)) for obj in objects]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Delete or archive") if action else (_("Archive instead of delete") if told[0][1] else _("Are you sure?")),
            "opts": opts,
            "objects": told,
            "kept": [entry for entry in told if entry[1]],
            "deleted": [entry for entry in told if not entry[1]],
            "action": action,
            "changelist": changelist,
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pigeon_admin/archive_confirmation.html", context)

    def part_with(self, request, objects):
        """Delete each object that nothing holds, archive the others."""
        for obj in objects:
            name = str(obj)
            try:
                if not self.why_kept(obj):
                    with transaction.atomic():
                        self.log_deletions(request, [obj])
                        obj.delete()
                    messages.success(request, _("“%s” was deleted.") % name)
                    continue
            except models.ProtectedError:
                pass  # used for the first time while somebody read the confirmation
            self.store(request, obj, "Archived.", archived_at=obj.archived_at or timezone.now())
            messages.success(request, _("“%s” was archived: its record stays, and it can be restored.") % name)

    # -- the page of an archived object

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and obj.archived_at is not None:
            context["archived_at"] = exact(obj.archived_at)
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    def response_change(self, request, obj):
        if "_restore" in request.POST and obj.archived_at is not None:
            self.store(request, obj, "Restored.", **self.restored_values())
            messages.success(request, _("“%s” was restored.") % obj)
            return HttpResponseRedirect(request.path)
        return super().response_change(request, obj)
