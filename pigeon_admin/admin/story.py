"""The story of one delivery: what was sent, why, where to, and what happened at each try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from pigeon_admin.admin import operations
from pigeon_admin.admin.wording import exact, relative_html, span, state_html
from pigeon_admin.models import Attempt, Delivery, Package

ATTEMPTS_SHOWN = 200


def story_of(request: HttpRequest, delivery: Delivery, site_name: str) -> dict[str, Any]:
    """Template context of the page of ``delivery``."""
    package = delivery.package
    names = ("retry", "rebuild", "cancel")
    times = {name: relative_html(getattr(delivery, name)) for name in ("due_at", "settled_at", "created_at")}
    return {
        "delivery": delivery,
        "package": package,
        "state": state_html(delivery.state, delivery.get_state_display()),
        "times": times | {"built_at": relative_html(package.built_at)},
        "object_url": object_url(request, package, site_name),
        "rule_url": page_url(request, "rule", package.rule_id, site_name),
        "destination_url": page_url(request, "destination", delivery.destination_id, site_name),
        "buttons": operations.buttons(delivery, site_name, "?_page=1", names=names) if operations.may_operate(request) else "",
        "attempts": [told(attempt) for attempt in delivery.attempts.order_by("-pk")[:ATTEMPTS_SHOWN]],
        "siblings": siblings_of(package, delivery),
        "files": files_of(request, package, site_name),
        "why": package.verdict or {},
    }


def package_story(request: HttpRequest, package: Package, site_name: str) -> dict[str, Any]:
    """Template context of the page of ``package``."""
    return {
        "package": package,
        "times": {name: relative_html(getattr(package, name)) for name in ("created_at", "changed_at", "built_at")},
        "object_url": object_url(request, package, site_name),
        "rule_url": page_url(request, "rule", package.rule_id, site_name),
        "siblings": siblings_of(package),
        "files": files_of(request, package, site_name),
        "why": package.verdict or {},
    }


def siblings_of(package: Package, but: Delivery | None = None) -> list[dict[str, Any]]:
    """Rows for the deliveries of one package."""
    return [
        {
            "delivery": delivery,
            "state": state_html(delivery.state, delivery.get_state_display()),
            "settled": relative_html(delivery.settled_at),
        }
        for delivery in Delivery.objects.filter(package=package).select_related("destination").order_by("pk")
        if delivery != but
    ]


def told(attempt: Attempt) -> dict[str, Any]:
    """One row of the attempts table."""
    return {
        "attempt": attempt,
        "started": exact(attempt.started_at),
        "took": span(attempt.finished_at - attempt.started_at) if attempt.finished_at else "–",
        "good": attempt.outcome == Attempt.Outcome.SENT,
        "proof": list(proof_lines(attempt.proof)),
    }


def proof_lines(proof: Any, label: str = "") -> Iterator[tuple[str, str]]:
    """What the partner's server said, flattened to (label, value) lines."""
    if isinstance(proof, Mapping):
        for key, value in proof.items():
            words = str(key).replace("_", " ")
            yield from proof_lines(value, f"{label} › {words}" if label else words)
    elif isinstance(proof, list | tuple):
        for position, value in enumerate(proof, 1):
            yield from proof_lines(value, f"{label} {position}" if len(proof) > 1 else label)
    elif proof not in (None, ""):
        yield label, {True: _("yes"), False: _("no")}.get(proof, str(proof)) if isinstance(proof, bool) else str(proof)


def files_of(request: HttpRequest, package: Package, site_name: str) -> list[dict[str, Any]]:
    """The frozen files, each with its link if this person may see it."""
    may_see = request.user.has_perm("pigeon_admin.view_package")
    name = "admin:pigeon_admin_package_file"
    return [
        {**document, "url": reverse(name, args=[package.pk, position], current_app=site_name) if may_see else ""}
        for position, document in enumerate(package.documents or [])
    ]


def page_url(request: HttpRequest, model: str, pk: int, site_name: str) -> str:
    """The page of a rule or destination, or "" where this person may not see it."""
    if not (request.user.has_perm(f"pigeon_admin.view_{model}") or request.user.has_perm(f"pigeon_admin.change_{model}")):
        return ""
    return reverse(f"admin:pigeon_admin_{model}_change", args=[pk], current_app=site_name)


def object_url(request: HttpRequest, package: Package, site_name: str) -> str:
    """The page of the object in this admin, or "" where there is none or this person may not see it."""
    label, _dot, name = package.model.lower().partition(".")
    if not (request.user.has_perm(f"{label}.view_{name}") or request.user.has_perm(f"{label}.change_{name}")):
        return ""
    try:
        return reverse(f"admin:{label}_{name}_change", args=[package.object_pk], current_app=site_name)
    except NoReverseMatch:
        return ""
