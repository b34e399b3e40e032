"""Phones that died while their agent talked: the citizen waits again instead of hearing silence. Pure.

A phone counts as dead when Asterisk cannot reach it and nothing was heard from it between two looks. Either
alone is no reason: a phone that is muted may send nothing, and one that does not answer OPTIONS may still
carry the call.
"""

from __future__ import annotations

from acd.model import Instant
from cti.calls.actions import Action, HangUp, Place, SendLeg
from cti.calls.facts import LegId, LegMeasured
from cti.calls.model import CallModel
from cti.seats import SeatBook
from cti.step import Notice, Step

REGISTERED_S = 3600.0
"""The longest that a phone may take to register again (pjsip.conf, `maximum_expiration`)."""
SILENT_S = 1.5
"""So long nothing may come from a phone that cannot be reached."""


class SilentPhones:
    """Counts what comes from phones that cannot be reached while they talk."""

    def __init__(self, calls: CallModel, phones: SeatBook) -> None:
        self._calls = calls
        self._phones = phones
        self._heard: dict[LegId, tuple[Instant, int]] = {}
        """Packets from a suspect, and since when there are no more."""
        self._unsure_until: Instant = float("-inf")

    def clock_set(self, at: Instant) -> None:
        """A clock that is set ends registrations: for a while a phone without one is not taken for dead."""
        self._unsure_until = at + REGISTERED_S

    def suspects(self, at: Instant) -> list[tuple[LegId, str]]:
        """Connected legs of phones that cannot be reached, with Asterisk's names of their channels."""
        found = [(leg, channel) for leg, channel in self._calls.state.talking() if self._is_suspect(leg, at)]
        self._heard = {leg: self._heard[leg] for leg, _ in found if leg in self._heard}
        return found

    def measured(self, fact: LegMeasured, step: Step) -> None:
        """Takes a look in. At the second one without a packet more the agent's leg is ended."""
        if fact.final or not self._is_suspect(fact.leg, fact.at):
            return
        said = fact.quality.said if fact.quality is not None else None
        packets = said.packets if said is not None else 0
        since, before = self._heard.get(fact.leg, (fact.at, -1))
        if packets != before:
            self._heard[fact.leg] = fact.at, packets
        elif fact.at - since >= SILENT_S:
            del self._heard[fact.leg]
            step.actions += self._let_go(fact, step)

    def _is_suspect(self, leg: LegId, at: Instant) -> bool:
        place = self._calls.state.place_of(leg)
        if place is None or self._phones.reachable(place[0]) is not False:
            return False
        return at >= self._unsure_until or self._phones.seats[place[0]].registered

    def _let_go(self, fact: LegMeasured, step: Step) -> list[Action]:
        state = self._calls.state
        leg = state.legs[fact.leg]
        call = state.call_of(leg)
        if call is None:
            return []
        told: dict[str, str | float | None] = {
            "seat": leg.record.seat,
            "agent": leg.record.agent,
            "call": call.record.call,
        }
        step.notices.append(Notice("phone_died_in_call", fact.cause, told))
        ends: list[Action] = [HangUp(fact.cause, fact.leg)]
        citizen = state.citizen_leg(call)
        waits = citizen is not None and call.caller == citizen.record.leg and call.record.queue is not None
        if citizen is not None and waits and state.beside(leg) == [citizen]:
            ends.insert(0, SendLeg(fact.cause, citizen.record.channel, Place.WAITING))
        return ends
