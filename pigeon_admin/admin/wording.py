"""Times, sizes and states of the ledger in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def span(length: timedelta) -> str:
    """How long, in its largest unit: “40 s”, “4 min”, “2 h”, “3 days”. Never negative."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return _("%d s") % seconds
    if seconds < 3600:
        return _("%d min") % (seconds // 60)
    if seconds < 48 * 3600:
        return _("%d h") % (seconds // 3600)
    days = seconds // 86400
    return ngettext("%d day", "%d days", days) % days


def exact(moment: datetime) -> str:
    """Date and time to the second, in the current time zone."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return f"{date_format(local, 'DATE_FORMAT')}, {local:%H:%M:%S}"


def relative(moment: datetime | None, now: datetime | None = None) -> str:
    """“in 4 min”, “4 min ago” or “now”; "–" for None."""
    if moment is None:
        return "–"
    distance = moment - (now or timezone.now())
    if abs(distance) < timedelta(seconds=1):
        return _("now")
    if distance > timedelta():
        return _("in %s") % span(distance)
    return _("%s ago") % span(-distance)


def relative_html(moment: datetime | None, now: datetime | None = None) -> SafeString | str:
    """``relative`` with the exact time for machines, and for people who hover over it."""
    if moment is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(timespec="seconds"), exact(moment), relative(moment, now)
    )


def state_html(state: str, word: str) -> SafeString:
    """A coloured dot with the word beside it: colour alone tells nobody enough."""
    return format_html('<span class="pigeon-state pigeon-{}">{}</span>', state, word)


def shortened(text: str, length: int = 90) -> SafeString | str:
    """The text on one line; what does not fit is shown on hover."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    return format_html('<span title="{}">{}…</span>', line, line[: length - 1].rstrip())


def about_html(url: str, name: str, rest: str) -> SafeString:
    """The first cell of a ledger row: the object as the link to the row's page, and below it whom it is for."""
    return format_html('<a href="{}">{}</a><span class="pigeon-below">{}</span>', url, shortened(name, 80) or "–", rest)
