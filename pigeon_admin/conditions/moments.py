"""Dates and times that a person typed, as ranges of moments."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime, parse_time
from django.utils.translation import gettext as _

from pigeon_admin.conditions.coercion import instant
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.ranges import Range
from pigeon_admin.exceptions import ConditionError

DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?", re.ASCII)


def read_date(text: str) -> date | None:
    """The date in ``text``, or None."""
    match = DATE.fullmatch(text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def day(of: date) -> Range:
    """The whole day in the site's time zone, be it 23, 24 or 25 hours long."""
    if of == date.max:  # "for ever": there is no day after it
        return Range(instant(of), datetime.max.replace(tzinfo=instant(of).tzinfo))
    return Range(instant(of), instant(of + timedelta(days=1)), high_open=True)


def a_date(path: FieldPath, text: str) -> Range:
    """A range of one date."""
    found = read_date(text.strip())
    if found is None:
        raise ConditionError(_("“%(text)s” is not a date. Write it like 2026-12-31.") % {"text": text}, part="value")
    return Range(found, found)


def a_datetime(path: FieldPath, text: str) -> Range:
    """The moment, or the whole day where no time is given; without an offset, in the site's time zone."""
    text = text.strip()
    try:
        if found := read_date(text):
            return day(found)
        if DATETIME.fullmatch(text) and (moment := parse_datetime(text)):
            exact = instant(moment)
            return Range(exact, exact)
    except ValueError:
        pass
    except OverflowError:
        raise ConditionError(_("“%(text)s” is too far away.") % {"text": text}, part="value") from None
    message = _("“%(text)s” is not a date. Write it like 2026-12-31 or 2026-12-31 18:00.")
    raise ConditionError(message % {"text": text}, part="value")


def a_time(path: FieldPath, text: str) -> Range:
    """A range of one time of day."""
    text = text.strip()
    found: time | None = None
    try:
        found = parse_time(text) if TIME.fullmatch(text) else None
    except ValueError:
        pass
    if found is None:
        raise ConditionError(_("“%(text)s” is not a time of day. Write it like 18:00.") % {"text": text}, part="value")
    return Range(found, found)


def local_date(moment: datetime) -> date:
    """The date that ``moment`` falls on in the site's time zone."""
    return moment.date() if moment.tzinfo is None else moment.astimezone(timezone.get_default_timezone()).date()
