"""When a django-q2 schedule runs, in words."""

from __future__ import annotations

import re

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.models import Schedule


def in_words(schedule: Schedule) -> str:
    """“every minute”, “daily at 03:00”: times in the current time zone."""
    if schedule.repeats == 0 or schedule.next_run is None:
        return _("switched off")
    local = timezone.localtime(schedule.next_run) if timezone.is_aware(schedule.next_run) else schedule.next_run
    clock = f"{local:%H:%M}"
    kind = schedule.schedule_type
    if kind == Schedule.MINUTES:
        return every_minutes(schedule.minutes or 1)
    if kind == Schedule.CRON:
        return cron_in_words(schedule.cron or "")
    if kind == Schedule.HOURLY:
        return _("hourly, at minute %d") % local.minute
    day = {"weekday": date_format(local, "l"), "day": local.day, "date": date_format(local, "MONTH_DAY_FORMAT"), "clock": clock}
    words = {
        Schedule.ONCE: _("once, on %(date)s at %(clock)s"),
        Schedule.DAILY: _("daily at %(clock)s"),
        Schedule.WEEKLY: _("every %(weekday)s at %(clock)s"),
        Schedule.BIWEEKLY: _("every second %(weekday)s at %(clock)s"),
        Schedule.MONTHLY: _("monthly, on day %(day)s at %(clock)s"),
        Schedule.BIMONTHLY: _("every two months, on day %(day)s at %(clock)s"),
        Schedule.QUARTERLY: _("every three months, on day %(day)s at %(clock)s"),
        Schedule.YEARLY: _("yearly, on %(date)s at %(clock)s"),
    }
    return words[kind] % day if kind in words else schedule.get_schedule_type_display()


def every_minutes(minutes: int) -> str:
    """“every minute”, “every 5 minutes”, “every 2 hours”."""
    if minutes == 1:
        return _("every minute")
    if minutes % 60 == 0:
        hours = minutes // 60
        return ngettext("every hour", "every %(count)d hours", hours) % {"count": hours}
    return _("every %d minutes") % minutes


def cron_in_words(cron: str) -> str:
    """The two cron patterns that people write most; the others stay as they are."""
    if found := re.fullmatch(r"\*(?:/(\d+))? \* \* \* \*", cron):
        return every_minutes(int(found[1] or 1))
    if found := re.fullmatch(r"(\d+) (\d+) \* \* \*", cron):
        return _("daily at %s") % f"{int(found[2]):02}:{int(found[1]):02}"
    return _("cron: %s") % cron
