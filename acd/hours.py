"""When a queue is open, and what holds in it at night. Local time is UTC plus the calendar's own offset."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import floor

from acd.model import Calendar, Instant, QueuePolicy

DAY_S = 86_400.0
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LOOK_AHEAD_DAYS = 370


def is_open(calendar: Calendar, at: Instant) -> bool:
    """Whether `at` falls into the opening hours; the second at which they end does not."""
    local = at + calendar.utc_offset_s
    day = floor(local / DAY_S)
    second = local - day * DAY_S
    return any(opens <= second < closes for opens, closes in _spans(calendar, day))


def next_change(calendar: Calendar, at: Instant) -> Instant | None:
    """When it next opens or closes after `at`; None when that is more than a year away."""
    now_open = is_open(calendar, at)
    today = floor((at + calendar.utc_offset_s) / DAY_S)
    for day in range(today, today + _LOOK_AHEAD_DAYS):
        begin = day * DAY_S - calendar.utc_offset_s
        for edge in sorted({begin + edge for span in _spans(calendar, day) for edge in span} | {begin}):
            if edge > at and is_open(calendar, edge) != now_open:
                return edge
    return None


def at_night(terms: QueuePolicy) -> QueuePolicy:
    """The queue in night mode."""
    return replace(terms, required_skills=terms.night_skills or {}, requirement=None, steps=())


def in_force(terms: QueuePolicy, at: Instant) -> QueuePolicy:
    """The queue's terms at that time."""
    if terms.calendar is None or terms.night_skills is None or is_open(terms.calendar, at):
        return terms
    return at_night(terms)


def is_closed(terms: QueuePolicy, at: Instant) -> bool:
    """Whether nobody is served: closed by the calendar, without a night mode."""
    return terms.calendar is not None and terms.night_skills is None and not is_open(terms.calendar, at)


def _spans(calendar: Calendar, day: int) -> list[tuple[float, float]]:
    """Opening hours of one local day, counted from 1970-01-01."""
    then = date.fromordinal(_EPOCH_DAY + day)
    if then.isoformat() in calendar.holidays:
        return []
    return [(span.opens_s, span.closes_s) for span in calendar.hours if then.weekday() in span.weekdays]
