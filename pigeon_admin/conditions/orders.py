"""Operators on what has an order: numbers, dates and times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from pigeon_admin.conditions.coercion import instant
from pigeon_admin.conditions.moments import day, local_date
from pigeon_admin.conditions.operator import Judge, Operator, Test, any_value, any_value_at
from pigeon_admin.conditions.paths import FieldPath
from pigeon_admin.conditions.ranges import Range
from pigeon_admin.conditions.superset import Superset
from pigeon_admin.conditions.values import PARSERS, a_duration, a_list, refused

ORDERED = frozenset({"number", "date", "datetime", "time"})
DATES = frozenset({"date", "datetime"})


def as_range(path: FieldPath, value: Any) -> Range:
    """The range that one parsed value stands for."""
    return value if isinstance(value, Range) else Range(value, value)


def a_range(path: FieldPath, text: str) -> Range:
    """The range that one typed value stands for: a point, or a day of moments."""
    return as_range(path, PARSERS[path.kind](path, text))


def from_to(path: FieldPath, text: str) -> Range:
    """The range between two values, both included."""
    texts = a_list(text)
    if len(texts) != 2:
        raise refused(_t("Write two values, the smaller first, one a line."))
    low, high = (a_range(path, text) for text in texts)
    if low.low > high.low:
        raise refused(_t("“%(low)s” is greater than “%(high)s”. Write the smaller value first."), low=texts[0], high=texts[1])
    return Range(low.low, high.high, high_open=high.high_open)


def in_range(path: FieldPath, wanted: Range) -> Judge:
    return any_value(path, wanted.test())


def range_query(path: FieldPath, wanted: Range, vendor: str, now: datetime) -> Superset:
    return wanted.query(path, vendor)


def compare(name: str, label: Any, bounds: Callable[[Range], Range]) -> Operator:
    return Operator(
        name=name,
        label=label,
        kinds=ORDERED,
        parse=lambda path, text: bounds(a_range(path, text)),
        judge=in_range,
        query=range_query,
        hint=_("A number, or a date like 2026-12-31 or 2026-12-31 18:00."),
    )


def remembered(test_at: Callable[[datetime], Test]) -> Callable[[datetime], Test]:
    """The test of the last moment once more while it is still that moment: one save asks it of many values, a sweep of many objects."""
    last: tuple[datetime, Test] | None = None

    def recall(moment: datetime) -> Test:
        nonlocal last
        known = last
        if known is None or known[0] is not moment:
            known = last = (moment, test_at(moment))
        return known[1]

    return recall


def relative(
    name: str,
    label: Any,
    moments: Callable[[datetime, Any], Range],
    dates: Callable[[Any, Any], Range],
    *,
    span: bool = True,
) -> Operator:
    """An operator on how far from now; ``moments`` and ``dates`` make the range from now (or today) and the span."""

    def at(path: FieldPath, wanted: timedelta, moment: datetime) -> Range:
        now = instant(moment)
        return dates(local_date(now), wanted) if path.kind == "date" else moments(now, wanted)

    return Operator(
        name=name,
        label=label,
        kinds=DATES,
        parse=a_duration if span else None,
        judge=lambda path, wanted: any_value_at(path, remembered(lambda moment: at(path, wanted, moment).test())),
        query=lambda path, wanted, vendor, now: at(path, wanted, now).query(path, vendor),
        hint=_("A span of time: 30 minutes, 2 hours, 3 days, 1 week.") if span else "",
        cost=1,
    )


ORDER_OPERATORS = [
    compare("greater", _("is greater (later) than"), lambda value: Range(low=value.high, low_open=not value.high_open)),
    compare("greater_or_equal", _("is at least (not before)"), lambda value: Range(low=value.low)),
    compare("less", _("is less (earlier) than"), lambda value: Range(high=value.low, high_open=True)),
    compare("less_or_equal", _("is at most (not after)"), lambda value: Range(high=value.high, high_open=value.high_open)),
    Operator(
        name="between",
        label=_("is between"),
        kinds=ORDERED,
        parse=from_to,
        judge=in_range,
        query=range_query,
        hint=_("Two values, the smaller first, one a line; both are included."),
    ),
    relative(
        "within_last",
        _("is within the last"),
        lambda now, span: Range(now - span, now),
        lambda today, span: Range(today - span, today),
    ),
    relative(
        "within_next",
        _("is within the next"),
        lambda now, span: Range(now, now + span),
        lambda today, span: Range(today, today + span),
    ),
    relative(
        "older_than",
        _("is longer ago than"),
        lambda now, span: Range(high=now - span, high_open=True),
        lambda today, span: Range(high=today - span, high_open=True),
    ),
    relative(
        "further_than",
        _("is further ahead than"),
        lambda now, span: Range(low=now + span, low_open=True),
        lambda today, span: Range(low=today + span, low_open=True),
    ),
    relative(
        "in_past",
        _("is in the past"),
        lambda now, span: Range(high=now),
        lambda today, span: Range(high=today, high_open=True),
        span=False,
    ),
    relative(
        "in_future",
        _("is in the future"),
        lambda now, span: Range(low=now, low_open=True),
        lambda today, span: Range(low=today, low_open=True),
        span=False,
    ),
    relative(
        "is_today",
        _("is today"),
        lambda now, span: day(local_date(now)),
        lambda today, span: Range(today, today),
        span=False,
    ),
]
