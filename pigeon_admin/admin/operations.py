"""What a person may do to deliveries, from a row, from its page, or in bulk."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pigeon_admin.delivery import control
from pigeon_admin.models import Delivery
from pigeon_admin.models.outbox import outbox_alias
from pigeon_admin.nudge import nudge_on_commit

PERMISSION = "pigeon_admin.change_delivery"
State = Delivery.State


@dataclass(frozen=True)
class Operation:
    """``name``: its URL, and its function in ``delivery.control``. ``labels``: its button, by the states that offer it."""

    name: str
    labels: dict[str, str | Promise]
    hint: str | Promise


ANEW = gettext_lazy("Write anew and send")
OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation(
            "retry",
            {
                State.FAILED: gettext_lazy("Retry"),
                State.WAITING: gettext_lazy("Retry now"),
                State.SENT: gettext_lazy("Send again"),
                State.CANCELLED: gettext_lazy("Send again"),
            },
            gettext_lazy("Send the same files now, with the present settings of the destination."),
        ),
        Operation(
            "rebuild",
            {State.FAILED: ANEW, State.WAITING: ANEW, State.SENT: ANEW, State.CANCELLED: ANEW},
            gettext_lazy("Write the files again from the object as it is now, then send them."),
        ),
        Operation(
            "cancel",
            {State.FAILED: gettext_lazy("Cancel"), State.WAITING: gettext_lazy("Cancel")},
            gettext_lazy("Do not send it. It can still be sent later."),
        ),
    )
}


def may_operate(request: HttpRequest) -> bool:
    """This person may retry and cancel deliveries."""
    return request.user.has_perm(PERMISSION)


def buttons(
    delivery: Delivery, site_name: str, query: str = "", *, names: tuple[str, ...] = ("retry", "rebuild", "cancel")
) -> SafeString:
    """Submit buttons for the form around them, which carries the CSRF token; ``query`` ("?…") says where to return to."""
    offered = [
        (
            reverse(f"admin:pigeon_admin_delivery_{operation.name}", args=[delivery.pk], current_app=site_name) + query,
            operation.hint,
            f"{operation.labels[delivery.state]}: {delivery}",
            operation.labels[delivery.state],
        )
        for operation in map(OPERATIONS.__getitem__, names)
        if delivery.state in operation.labels
    ]
    if not offered:
        return SafeString("")
    pattern = (
        '<button type="submit" class="pigeon-button" formmethod="post" formaction="{}" title="{}" aria-label="{}">{}</button>'
    )
    return format_html('<span class="pigeon-buttons">{}</span>', format_html_join(" ", pattern, offered))


def operate(request: HttpRequest, name: str, deliveries: QuerySet[Delivery]) -> None:
    """Do it, and tell the person to how many it was done, and why not to the others."""
    level, text = told(name, getattr(control, name)(deliveries))
    if name != "cancel":
        nudge_on_commit(outbox_alias())
    messages.add_message(request, level, text)


def told(name: str, counts: control.Counts) -> tuple[int, str]:
    """The level and text of the message that says what was done."""
    done = counts.done
    parts = []
    if done and name == "retry":
        parts.append(ngettext("%d will be tried again now", "%d will be tried again now", done) % done)
    elif done and name == "rebuild":
        parts.append(ngettext("%d will be written anew and sent now", "%d will be written anew and sent now", done) % done)
    elif done:
        parts.append(ngettext("%d was cancelled", "%d were cancelled", done) % done)
    parts += [_("%(count)d could not: %(why)s") % {"count": count, "why": why} for why, count in counts.refused.items()]
    if not parts:
        return messages.INFO, _("There was nothing to do.")
    return messages.WARNING if counts.refused else messages.SUCCESS, "; ".join(parts) + "."
