"""Hold and retrieve: the other party hears music, the agent silence."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant
from cti.calls.actions import HangUp, Place, SendLeg, SetFact
from cti.calls.facts import CallId
from cti.calls.records import HoldKind
from cti.calls.state import Leg, OpenCall
from cti.verbs.model import DONE, Command, Failed, Progress, Situation, Verb
from cti.verbs.parties import acting_leg, at_rest, open_call, other_party, together
from cti.views import Refused

GONE = Progress(outcome=Failed("party_gone", "One of the two hung up first."))


@dataclass(frozen=True, slots=True)
class Hold:
    call: CallId


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Take up who is on hold; whoever is rung to be asked is called off. Who is parked is taken up with a
    command of its own.
    """

    call: CallId


def set_aside(cause: str, leg: Leg, other: Leg) -> tuple[SetFact | SendLeg, ...]:
    """`other` hears music until the agent of `leg` comes back; the agent hears nothing."""
    return (
        SetFact(cause, other.record.leg, "HL_HELD_BY", leg.record.leg),
        SetFact(cause, leg.record.leg, "HL_HOLDS", other.record.leg),
        SendLeg(cause, other.record.channel, Place.HELD, leg.record.channel, Place.ASIDE),
    )


def take_up(cause: str, leg: Leg, other: Leg) -> tuple[SetFact | SendLeg, ...]:
    """The agent of `leg` is connected with `other`, wherever both are."""
    return (
        SetFact(cause, leg.record.leg, "HL_PEER", other.record.channel),
        SetFact(cause, leg.record.leg, "HL_HOLDS", ""),
        SendLeg(cause, leg.record.channel, Place.CONNECT),
    )


def call_off(cause: str, situation: Situation, call: OpenCall) -> tuple[HangUp, ...]:
    """Nobody is rung for the call any more, nor is who is asked for and does not ring yet."""
    return tuple(HangUp(cause, leg) for leg in situation.calls.state.rung(call))


def begin_hold(situation: Situation, command: Command[Hold], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    leg = acting_leg(situation, call, command)
    at_rest(situation, command, leg)
    if situation.calls.state.held_by(call, leg) and leg.bridge is None:
        raise Refused("already_held", "The call is on hold already.")
    other = other_party(situation, leg)
    return Progress(
        set_aside(command.command, leg, other), result={"leg": leg.record.leg, "held": other.record.leg}
    )


def follow_hold(situation: Situation, command: Command[Hold], _at: Instant) -> Progress | None:
    call = situation.calls.calls.get(command.asked.call)
    legs = situation.calls.state.legs
    leg, held = legs.get(command.result["leg"]), command.result["held"]
    if call is None or leg is None or held not in legs:
        return GONE
    on_hold = any(h.leg == held and h.ended_at is None for h in call.record.holds)
    return DONE if on_hold and leg.bridge is None else None


def begin_retrieve(situation: Situation, command: Command[Retrieve], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    leg = acting_leg(situation, call, command)
    at_rest(situation, command, leg)
    if leg.bridge is not None:
        own = [h for h in call.record.holds if h.leg == leg.record.leg and h.ended_at is None]
        if any(hold.kind is HoldKind.PHONE for hold in own):
            raise Refused("held_by_phone", "The phone itself holds the call; take it up there.")
        raise Refused("connected", "The agent is connected with somebody: swap, or end that first.")
    held = situation.calls.state.held_by(call, leg)
    if not held:
        raise Refused("nobody_held", "Nobody is on hold.")
    return Progress(
        (*take_up(command.command, leg, held[-1]), *call_off(command.command, situation, call)),
        result={"leg": leg.record.leg, "held": held[-1].record.leg},
    )


def follow_retrieve(situation: Situation, command: Command[Retrieve], _at: Instant) -> Progress | None:
    legs = situation.calls.state.legs
    if command.result["leg"] not in legs or command.result["held"] not in legs:
        return GONE
    return DONE if together(situation, command.result["leg"], command.result["held"]) else None


HOLD = Verb("hold", Hold, begin_hold, follow_hold)
RETRIEVE = Verb("retrieve", Retrieve, begin_retrieve, follow_retrieve)
