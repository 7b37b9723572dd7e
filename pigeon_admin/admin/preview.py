"""Preview of a rule: pick an object, see the verdict and the documents, send it now."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from pigeon_admin import api
from pigeon_admin.admin import operations
from pigeon_admin.admin.previewing import Preview, events_of
from pigeon_admin.exceptions import PigeonError
from pigeon_admin.models import Rule

LISTED = 20
LATEST = 100


def preview_urls(rule_admin):
    """URLs for the ``get_urls`` of the admin of all rules."""
    pages = PreviewPages(rule_admin)
    wrap = rule_admin.admin_site.admin_view
    return [
        path("<int:rule_id>/preview/", wrap(pages.preview), name="pigeon_admin_rule_preview"),
        path("<int:rule_id>/send/", wrap(pages.send), name="pigeon_admin_rule_send"),
    ]


class PreviewPages:
    """The two views; reading a preview (GET) writes nothing."""

    def __init__(self, rule_admin) -> None:
        self.rule_admin = rule_admin
        self.site = rule_admin.admin_site

    def preview(self, request, rule_id):
        rule, objects = self.permitted(request, rule_id)
        query = request.GET.get("q", "").strip()
        obj = None
        if request.GET.get("object"):
            obj = by_pk(objects, request.GET["object"])
            if obj is None:
                messages.warning(request, _("There is no object with the id “%s”.") % request.GET["object"])
        elif query and (obj := by_pk(objects, query)) is not None:
            query = ""
        context = self.context(request, rule, objects.model) | {
            "query": query,
            "found": [] if obj else self.find(request, objects, query),
            "object": obj,
            "preview": Preview(rule, obj) if obj else None,
        }
        return TemplateResponse(request, "admin/pigeon_admin/rule/preview.html", context)

    def send(self, request, rule_id):
        """Send one object now; asks again when it does not match."""
        rule, objects = self.permitted(request, rule_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not operations.may_operate(request):
            raise PermissionDenied
        obj = by_pk(objects, request.POST.get("object", ""))
        if obj is None:
            raise Http404(_("There is no such object."))
        here = reverse("admin:pigeon_admin_rule_preview", args=[rule.pk], current_app=self.site.name)
        here += "?" + urlencode({"object": obj.pk})
        if obstacle := why_not(rule):
            messages.error(request, obstacle)
            return HttpResponseRedirect(here)
        preview = Preview(rule, obj)
        if not preview.matched and "anyway" not in request.POST:
            context = self.context(request, rule, objects.model) | {"object": obj, "preview": preview, "here": here}
            return TemplateResponse(request, "admin/pigeon_admin/rule/send_confirmation.html", context)
        try:
            api.push_now(rule, [obj])
        except PigeonError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(here)
        deliveries = reverse("admin:pigeon_admin_delivery_changelist", current_app=self.site.name)
        messages.success(request, _("“%s” is sent as soon as a worker is free.") % obj)
        return HttpResponseRedirect(deliveries + "?" + urlencode({"object": f"{rule.model}:{obj.pk}", "rule": rule.pk}))

    def permitted(self, request, rule_id):
        """The rule, and the objects of its model that this person may see."""
        rule = get_object_or_404(Rule, pk=rule_id)
        if not self.rule_admin.has_view_permission(request, rule):
            raise PermissionDenied
        model = rule.model_class
        if model is None:
            raise Http404(_("“%s” is not installed on this site any more.") % rule.model)
        if self.site.is_registered(model):
            host_admin = self.site.get_model_admin(model)
            if not host_admin.has_view_permission(request):
                raise PermissionDenied
            return rule, host_admin.get_queryset(request)
        codes = [f"{model._meta.app_label}.{get_permission_codename(action, model._meta)}" for action in ("view", "change")]
        if not any(request.user.has_perm(code) for code in codes):
            raise PermissionDenied
        return rule, model._base_manager.all()

    def find(self, request, objects, query: str) -> list[models.Model]:
        """Objects that the text names: by the host's own admin search if it has one, else by their names; latest first."""
        latest = objects.order_by("-pk")
        if not query:
            return list(latest[:LISTED])
        model = objects.model
        host_admin = self.site.get_model_admin(model) if self.site.is_registered(model) else None
        if host_admin is not None and host_admin.get_search_fields(request):
            found, duplicates = host_admin.get_search_results(request, latest, query)
            return list((found.distinct() if duplicates else found)[:LISTED])
        return [obj for obj in latest[:LATEST] if query.casefold() in str(obj).casefold()][:LISTED]

    def context(self, request, rule: Rule, model: type[models.Model]) -> dict[str, object]:
        request.current_app = self.site.name
        return {
            **self.site.each_context(request),
            "title": _("Preview of “%s”") % rule.name,
            "opts": self.rule_admin.opts,
            "media": self.rule_admin.media,
            "rule": rule,
            "content": model._meta,
            "destinations": list(rule.destinations.non_polymorphic().filter(archived_at=None)),
            "events": list(events_of(rule)),
            "obstacle": why_not(rule),
            "may_send": operations.may_operate(request),
        }


def why_not(rule: Rule) -> str:
    """Why nothing can be sent by this rule now, or ""."""
    if rule.archived_at is not None:
        return _("This rule is archived: it can be previewed, but not sent.")
    if rule.state != Rule.State.LIVE:
        return _("This rule is a draft: it can be previewed, but not sent. Make it live to send.")
    if not rule.destinations.filter(archived_at=None).exists():
        return _("This rule has no destination: choose one to send.")
    return ""


def by_pk(objects, value: str) -> models.Model | None:
    """The object with this primary key as a person types it, or None."""
    try:
        return objects.filter(pk=value).first()
    except (ValueError, TypeError, ValidationError, OverflowError):
        return None
