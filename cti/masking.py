"""How a telephone number is written where the whole of it is not needed."""

from __future__ import annotations

_HIDDEN = "****"
_SHORTEST_SHOWN_IN_PART = 7
_FULL_LENGTH = 11
"""A mobile number, or an area code with a subscriber's number."""


def mask(number: str) -> str:
    """The number with its middle hidden: `13812341234` gives `138****1234`.

    From eleven characters on the four before the last four are hidden; shorter ones show their last two
    and what stands before six from the end; what is too short to hide anything in is hidden whole.
    """
    if not number:
        return ""
    if len(number) >= _FULL_LENGTH:
        return number[:-8] + _HIDDEN + number[-4:]
    if len(number) >= _SHORTEST_SHOWN_IN_PART:
        return number[:-6] + _HIDDEN + number[-2:]
    return _HIDDEN
