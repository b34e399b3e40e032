"""Which phones are rightly in one caller's call at once: an agent had one of them asked beside their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from lab.callers import CallerReport
from lab.phone_log import PhoneCall
from lab.witness import AsteriskSaw

CROSSING_S: Final = 1.0
"""What happens at two ends of a call within this time may cross on its way, on a busy machine."""


def conferred(asked: Collection[str], call: PhoneCall, others: Iterable[PhoneCall]) -> list[PhoneCall]:
    """The phones that were in the same call beside this one: the seat of one of the two was asked."""
    return [other for other in others if other is not call and (other.seat in asked or call.seat in asked)]


def connected_at(call: PhoneCall, at: float) -> bool:
    if call.answered_at is None or call.answered_at > at + CROSSING_S:
        return False
    return call.ended_at is None or call.ended_at >= at - CROSSING_S


def together_s(call: PhoneCall, caller: CallerReport) -> float:
    """How long the phone was connected while the caller was there; the phone was answered."""
    assert call.answered_at is not None
    end = caller.ended_at if call.ended_at is None else min(call.ended_at, caller.ended_at)
    return end - call.answered_at


def were_connected(saw: AsteriskSaw, number: str, seat: str) -> bool:
    """Whether Asterisk ever had the caller and the seat in one bridge."""
    calls = [call for call in saw.calls.values() if call.number == number]
    return any(
        seat in {saw.seats.get(leg) for leg in talk.legs}
        for call in calls
        for talk in call.talks
        if call.call in talk.legs
    )
