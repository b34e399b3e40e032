"""Opening hours as the dialplan computes with them: days and seconds as whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from acd.model import Calendar

_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Span:
    """Open from one second of a weekday's local time to another; 0 is Monday."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class CountedCalendar:
    id: str
    utc_offset_s: int
    holidays: tuple[int, ...]
    """Days since 1970-01-01 on which it is closed."""
    spans: tuple[Span, ...]


def counted(name: str, calendar: Calendar) -> CountedCalendar:
    """The calendar in whole numbers."""
    return CountedCalendar(
        id=name,
        utc_offset_s=round(calendar.utc_offset_s),
        holidays=tuple(date.fromisoformat(day).toordinal() - _EPOCH_DAY for day in calendar.holidays),
        spans=tuple(
            Span(weekday, round(hours.opens_s), round(hours.closes_s))
            for hours in calendar.hours
            for weekday in hours.weekdays
        ),
    )
