"""The seats' phones as Asterisk shows them: registered, reachable, since when, how good. Pure.

A seat's phone is reachable while at least one of its registrations answers, or has not been asked yet. Before
Asterisk was looked at for the first time nothing is known, and nothing is concluded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from acd.model import Instant, SeatId
from cti.calls.facts import CallId, PbxSnapshot, Phone, PhoneChanged, PhonesSeen
from cti.calls.quality import Sound


@dataclass(frozen=True, slots=True)
class CallSound:
    """How good the present or last call at a seat sounds, as of a time."""

    call: CallId
    at: Instant
    sound: Sound


@dataclass(slots=True)
class SeatPhone:
    """One seat's phone."""

    seat: SeatId
    phones: dict[str, Phone] = field(default_factory=dict)
    """Its registrations by contact, the newest last; usually one."""
    reachable: bool | None = None
    """None: Asterisk has not been looked at yet."""
    since: Instant | None = None
    """Since when it is reachable, or is not; None: from before Asterisk was looked at."""
    sound: CallSound | None = None

    @property
    def registered(self) -> bool:
        return bool(self.phones)

    @property
    def phone(self) -> Phone | None:
        """The registration that counts: the newest that answers, else the newest."""
        answering = [phone for phone in self.phones.values() if phone.reachable is not False]
        candidates = answering or list(self.phones.values())
        return candidates[-1] if candidates else None


@dataclass(frozen=True, slots=True)
class Turn:
    """A seat's phone can be rung from now on, or cannot."""

    seat: SeatId
    reachable: bool
    away_s: float | None
    """For one that is back: how long it was away, as far as that was seen."""


class SeatBook:
    """Every seat's phone."""

    def __init__(self, seats: Iterable[SeatId]) -> None:
        self.seats = {seat: SeatPhone(seat) for seat in seats}

    def reachable(self, seat: SeatId) -> bool | None:
        """Whether the seat's phone can be rung; None when that is not known."""
        known = self.seats.get(seat)
        return known.reachable if known is not None else None

    def changed(self, fact: PhoneChanged) -> list[Turn]:
        """Takes one change of a phone in."""
        seat = self.seats.get(fact.phone.seat)
        if seat is None:
            return []
        known = seat.phones.pop(fact.phone.contact, None)
        if not fact.gone:
            seat.phones[fact.phone.contact] = _merged(known, fact.phone)
        return self._turn(seat, fact.at)

    def snapshot(self, fact: PbxSnapshot) -> list[Turn]:
        """Takes what Asterisk shows: every seat is known afterwards."""
        turns: list[Turn] = []
        for seat in self.seats.values():
            seat.phones = {phone.contact: phone for phone in fact.phones if phone.seat == seat.seat}
            turns += self._turn(seat, fact.at)
        return turns

    def sounded(self, seat: SeatId, call: CallId, at: Instant, sound: Sound) -> None:
        """Takes how good a call at a seat sounds, or sounded."""
        if seat in self.seats:
            self.seats[seat].sound = CallSound(call, at, sound)

    def seen(self, fact: PhonesSeen) -> None:
        """Takes the details of registrations that are known."""
        for phone in fact.phones:
            seat = self.seats.get(phone.seat)
            if seat is not None and phone.contact in seat.phones:
                known = seat.phones[phone.contact]
                seat.phones[phone.contact] = replace(
                    known, rtt_s=phone.rtt_s, user_agent=phone.user_agent or known.user_agent
                )

    def _turn(self, seat: SeatPhone, at: Instant) -> list[Turn]:
        reachable = any(phone.reachable is not False for phone in seat.phones.values())
        before, since = seat.reachable, seat.since
        if reachable is before:
            return []
        seat.reachable, seat.since = reachable, None if before is None else at
        return [Turn(seat.seat, reachable, at - since if reachable and since is not None else None)]


def _merged(known: Phone | None, phone: Phone) -> Phone:
    """What a change tells, and of the rest what was known before."""
    if known is None:
        return phone
    return replace(
        phone,
        reachable=known.reachable if phone.reachable is None else phone.reachable,
        rtt_s=known.rtt_s if phone.reachable is None else phone.rtt_s,
        user_agent=phone.user_agent or known.user_agent,
    )
