"""Who is in a call and who can be rung, for the verbs that ask."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from acd.model import AgentId, AgentState, SeatId
from cti.calls.actions import Place, RingParty
from cti.calls.facts import CallId, LegId
from cti.calls.state import Leg, OpenCall
from cti.verbs.model import Command, Situation
from cti.views import Refused


class To(StrEnum):
    """What a party is named by."""

    AGENT = "agent"
    SEAT = "seat"
    NUMBER = "number"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Party:
    """Whom to ring, or the queue to wait in."""

    to: To
    name: str


def open_call(situation: Situation, call: CallId) -> OpenCall:
    """Raises `Refused` for a call that is over or never was."""
    found = situation.calls.calls.get(call)
    if found is None:
        raise Refused("unknown_call", f"There is no open call {call}.", "call")
    return found


def leg_of(situation: Situation, call: OpenCall, agent: AgentId) -> Leg | None:
    """The agent's answered leg in the call."""
    for leg_id in call.live:
        leg = situation.calls.state.legs[leg_id]
        if leg.record.agent == agent and leg.record.answered_at is not None:
            return leg
    return None


def lines_of(situation: Situation, call: OpenCall, leg: Leg) -> list[Leg]:
    """The leg, and those of the same phone's other lines in the call: connected, held or dialling."""
    legs = (situation.calls.state.legs[name] for name in call.live)
    return [leg, *(other for other in legs if other is not leg and other.record.seat == leg.record.seat)]


def acting_leg(situation: Situation, call: OpenCall, command: Command[Any]) -> Leg:
    """The leg of the agent as whom the command acts; a supervisor who names none acts as the agent who has
    the citizen in hand. Raises `Refused` when there is no such leg.
    """
    if command.agent is not None:
        leg = leg_of(situation, call, command.agent)
        if leg is None:
            raise Refused("not_in_call", f"Agent {command.agent} is not in call {call.record.call}.", "call")
        return leg
    leg = situation.calls.state.legs.get(call.handler) if call.handler is not None else None
    if leg is None:
        raise Refused("no_agent_in_call", f"No agent has call {call.record.call} in hand.", "call")
    return leg


def beside(situation: Situation, leg: Leg) -> list[Leg]:
    """The others in the leg's bridge without supervisors, who go where the agent goes."""
    supervisions = situation.supervisions.open
    return [each for each in situation.calls.state.beside(leg) if each.record.leg not in supervisions]


def other_party(situation: Situation, leg: Leg) -> Leg:
    """The one other party in the leg's bridge. Raises `Refused` when there is none or there are several."""
    others = beside(situation, leg)
    if not others:
        raise Refused("not_connected", "The agent is connected with nobody.")
    if len(others) > 1:
        raise Refused("in_conference", "This cannot be done within a conference.")
    return others[0]


def together(situation: Situation, one: LegId, other: LegId) -> bool:
    """Whether both are in the same bridge."""
    legs = situation.calls.state.legs
    first, second = legs.get(one), legs.get(other)
    return (
        first is not None
        and second is not None
        and first.bridge is not None
        and first.bridge == second.bridge
    )


def free_seat(situation: Situation, party: Party) -> SeatId:
    """The seat of an agent or a seat by its id, whose phone is on no call. Raises `Refused`."""
    if party.to is To.AGENT:
        known = situation.agents.get(party.name)
        if party.name not in situation.policy.agents:
            raise Refused("unknown_agent", f"There is no agent {party.name}.", "to")
        if known is None or known.seat is None:
            raise Refused("not_logged_in", f"Agent {party.name} is not logged in.", "to")
        if known.state in (AgentState.BUSY, AgentState.RESERVED):
            raise Refused("agent_busy", f"Agent {party.name} is {known.state}.", "to")
        seat = known.seat
    else:
        seat = party.name
        if seat not in situation.switchboard.seats:
            raise Refused("unknown_seat", f"There is no seat {seat}.", "to")
    if seat not in situation.reachable:
        raise Refused("phone_unreachable", f"The phone of seat {seat} cannot be reached.", "to")
    if situation.calls.state.in_use(seat):
        raise Refused("seat_busy", f"The phone of seat {seat} is in use.", "to")
    return seat


def ring(
    situation: Situation, command: Command[Any], call: OpenCall, party: Party, place: Place, peer: str
) -> RingParty:
    """Rings an agent, a seat or a number for the call, one at a time. Raises `Refused`."""
    if situation.calls.state.rung(call):
        raise Refused(
            "already_ringing",
            "Somebody is rung for this call already: wait until they answer or it is over, or call it off"
            " (`cancel`, `retrieve`).",
            "call",
        )
    board = situation.switchboard
    outside = party.to is To.NUMBER
    return RingParty(
        cause=command.command,
        leg=new_leg(command),
        endpoint=board.trunk if outside else free_seat(situation, party),
        number=party.name if outside else None,
        call=call.record.call,
        place=place,
        peer=peer,
        shown_number=board.caller_number if outside else call.record.number,
        ring_timeout_s=board.ring_timeout_s,
    )


def at_rest(situation: Situation, command: Command[Any], leg: Leg, *others: Leg) -> None:
    """Raises `Refused` while another command moves the leg, one connected with it, or one of the others.

    Sent to two places, a leg would leave the first as it comes there, and take whoever is there along.
    """
    if any(each.moves(command.at) for each in [leg, *beside(situation, leg), *others]):
        raise Refused(
            "command_under_way",
            "Another command moves this call at this moment: wait for its outcome, then look again.",
            "call",
        )


def new_leg(command: Command[Any]) -> LegId:
    """The id of the leg that a command rings: one for each command, so that it never rings twice."""
    return f"{command.command}-leg"
