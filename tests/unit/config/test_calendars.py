"""The dialplan's arithmetic of opening hours says what the router says, at any moment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acd.hours import is_open
from acd.model import Calendar, OpeningHours
from config.calendars import CountedCalendar, counted

MINUTE_S = 60


def opens(calendar: CountedCalendar, at: int) -> bool:
    """As `hl-hours-<calendar>` in `flows.conf.j2` computes it, in whole numbers."""
    local = at + calendar.utc_offset_s
    clock = local % 86_400
    day = (local - clock) // 86_400
    weekday = (day + 3) % 7
    return day not in calendar.holidays and any(
        weekday == span.weekday and span.opens <= clock < span.closes for span in calendar.spans
    )


spans = st.builds(
    lambda days, edges: OpeningHours(tuple(days), min(edges) * 60.0, max(edges) * 60.0),
    st.sets(st.integers(0, 6), min_size=1).map(sorted),
    st.lists(st.integers(0, 1440), min_size=2, max_size=2, unique=True),
)
calendars = st.builds(
    lambda hours, holidays, offset: Calendar(tuple(hours), tuple(holidays), offset * 1800.0),
    st.lists(spans, max_size=4),
    st.lists(st.integers(1, 28).map(lambda day: f"2026-10-{day:02d}"), max_size=5),
    st.integers(-24, 28),
)
AUTUMN = 1_790_000_000
"""In September 2026."""


@given(calendars, st.integers(0, 120 * 24 * 60).map(lambda minute: AUTUMN + minute * MINUTE_S))
def test_the_dialplan_is_open_exactly_when_the_router_is(calendar: Calendar, at: int) -> None:
    for moment in (at, at - at % 60, at - at % 60 - 1):
        assert opens(counted("c", calendar), moment) == is_open(calendar, moment)
