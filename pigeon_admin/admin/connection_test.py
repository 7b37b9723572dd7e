"""The connection test of a destination: its steps in plain words, and the host key to accept."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import PigeonError
from pigeon_admin.models import Destination
from pigeon_admin.transports.base import Step, Transport
from pigeon_admin.transports.host_keys import HostKey, key_of, pinned

SESSION_KEY = "pigeon_admin_test"  # the destination that a “Save and test” asked to be tested on the next page


@dataclass
class KeyQuestion:
    """A host key that a person must judge: ``seen`` now, ``accepted`` earlier (none: the first time)."""

    seen: HostKey
    accepted: tuple[HostKey, ...]


def run_steps(transport: Transport, seconds: float) -> list[Step]:
    """The steps of ``transport.check()``, given up after ``seconds``: a sly server can make each of them wait."""
    steps: list[Step] = []

    def work() -> None:
        try:
            for step in transport.check():
                steps.append(step)
        except PigeonError as error:
            steps.append(Step(_("Test"), False, str(error)))
        except Exception as error:  # a bug in a transport must show here, not as a server error
            steps.append(
                Step(
                    _("Test"),
                    False,
                    _("Unexpected %(kind)s. Tell the programmer of this destination.") % {"kind": type(error).__name__},
                )
            )
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, name="pigeon-connection-test", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        late = (
            _("No answer within %d seconds. Is the server down, or a firewall in between? Otherwise raise the timeout.") % seconds
        )
        return [*steps, Step(_("Wait for the server"), False, late)]
    return steps


def key_question(destination: Destination, transport: Transport, steps: list[Step]) -> KeyQuestion | None:
    """The key to accept, where this kind pins host keys and the server shows one that is not pinned."""
    fetch = getattr(transport, "fetch_host_key", None)
    if fetch is None or not hasattr(destination, "host_key"):
        return None
    try:
        accepted = pinned(destination.host_key)
        seen: HostKey = fetch()
    except PigeonError:
        return None  # the steps have said it already
    if any(key.fingerprint == seen.fingerprint for key in accepted):
        return None
    # A server has a key of each algorithm. One of another algorithm than the accepted key is news only if a step failed over it.
    known = not accepted or any(key.algorithm in ("", seen.algorithm) for key in accepted)
    if not known and not any(seen.fingerprint in step.detail for step in steps if not step.ok):
        return None
    return KeyQuestion(seen, accepted)


class ConnectionTests:
    """Gives a destination's admin the pages of the connection test."""

    def get_urls(self):
        prefix = "pigeon_admin_destination"
        return [
            path("<path:object_id>/test/", self.admin_site.admin_view(self.test_view), name=f"{prefix}_test"),
            path("<path:object_id>/accept-key/", self.admin_site.admin_view(self.accept_key_view), name=f"{prefix}_accept_key"),
            *super().get_urls(),
        ]

    def destination_or_404(self, request, object_id) -> Destination:
        destination = Destination.objects.filter(pk=unquote(object_id)).first() if unquote(object_id).isdecimal() else None
        if destination is None:
            raise Http404(object_id)
        if not self.admin_site.get_model_admin(type(destination)).has_change_permission(request, destination):
            raise PermissionDenied
        return destination

    def test_view(self, request, object_id):
        """POST, or the page right after “Save and test”: run the test. A plain GET only offers it."""
        destination = self.destination_or_404(request, object_id)
        asked = request.session.pop(SESSION_KEY, None) == destination.pk
        context = {
            **self.admin_site.each_context(request),
            "title": _("Connection test: %s") % destination,
            "opts": self.opts,
            "destination": destination,
            "kind": destination._meta.verbose_name,
            "tested": request.method == "POST" or asked,
            "media": self.media,
        }
        if context["tested"]:
            started = time.monotonic()
            context |= self.outcome(destination)
            context["seconds"] = time.monotonic() - started
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pigeon_admin/destination/test.html", context)

    def outcome(self, destination: Destination) -> dict:
        """``steps``, ``passed`` and ``question`` of a test run now."""
        try:
            transport = destination.transport()
        except PigeonError as error:
            return {"steps": [Step(_("Prepare"), False, str(error))], "passed": False, "question": None}
        steps = run_steps(transport, destination.timeout)
        passed = bool(steps) and all(step.ok for step in steps)
        late = bool(steps) and steps[-1].label == _("Wait for the server")
        return {
            "steps": steps,
            "passed": passed,
            "question": None if passed or late else key_question(destination, transport, steps),
        }

    def accept_key_view(self, request, object_id):
        """Pin the key that the person has seen, not whichever the server shows by now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        destination = self.destination_or_404(request, object_id)
        words = request.POST.get("host_key", "").split()
        try:
            key = key_of(*words) if len(words) == 2 and hasattr(destination, "host_key") else None
        except PigeonError:
            key = None
        if key is None:
            messages.error(request, _("This is not a host key. Test the connection again."))
        else:
            destination.host_key = key.line
            destination.save(update_fields=["host_key", "modified_at"])
            self.log_change(request, destination, f"Accepted the host key {key.fingerprint}.")
            messages.success(request, _("The host key %s is accepted from now on. Tested again with it:") % key.fingerprint)
            request.session[SESSION_KEY] = destination.pk
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:pigeon_admin_destination_test", args=[destination.pk]))


class TestAfterSaving:
    """Gives the form of a destination its “Save and test connection” button."""

    def tested(self, request, obj):
        request.session[SESSION_KEY] = obj.pk
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:pigeon_admin_destination_test", args=[obj.pk]))

    def response_add(self, request, obj, post_url_continue=None):
        return self.tested(request, obj) if "_test" in request.POST else super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self.tested(request, obj) if "_test" in request.POST else super().response_change(request, obj)
