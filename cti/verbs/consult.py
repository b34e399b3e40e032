"""Consult: ask a third party while the other one hears music; then hand over, come back, or go to and fro."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant
from cti.calls.actions import HangUp, Place, SendLeg, SetFact
from cti.calls.facts import CallId
from cti.calls.state import Leg, OpenCall
from cti.verbs.hold import GONE, call_off, set_aside, take_up
from cti.verbs.model import DONE, Command, Failed, Progress, Situation, Verb
from cti.verbs.parties import (
    Party,
    acting_leg,
    at_rest,
    beside,
    lines_of,
    new_leg,
    open_call,
    other_party,
    ring,
    together,
)
from cti.views import Refused

NOT_TAKEN = Failed("not_taken", "Nobody answered; the citizen is still on hold.")
CALLED_OFF = Failed("called_off", "The held party was taken up again before anybody answered.")


@dataclass(frozen=True, slots=True)
class Consult:
    call: CallId
    party: Party


@dataclass(frozen=True, slots=True)
class Complete:
    """The held party and the consulted one, perhaps on the phone's second line, are connected, and the agent
    is done with the call.
    """

    call: CallId


@dataclass(frozen=True, slots=True)
class Cancel:
    """The consulted party, who may still ring, or be on the phone's second line, is let go, and the held one
    taken up.
    """

    call: CallId


@dataclass(frozen=True, slots=True)
class Swap:
    """The one whom the agent talks with is held, and the held one taken up."""

    call: CallId


def begin_consult(situation: Situation, command: Command[Consult], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    leg = acting_leg(situation, call, command)
    at_rest(situation, command, leg)
    held = situation.calls.state.held_by(call, leg)
    if leg.bridge is not None and held:
        raise Refused("already_consulting", "One party is on hold already.")
    party = ring(situation, command, call, command.asked.party, Place.CONSULT, leg.record.channel)
    aside = () if held else set_aside(command.command, leg, other_party(situation, leg))
    return Progress((*aside, party), result={"leg": leg.record.leg})


def follow_consult(situation: Situation, command: Command[Consult], _at: Instant) -> Progress | None:
    if together(situation, new_leg(command), command.result["leg"]):
        return DONE
    if situation.calls.is_over(command.result["leg"]):
        return Progress((HangUp(command.command, new_leg(command)),), outcome=GONE.outcome)
    if not situation.calls.is_over(new_leg(command)):
        return None
    leg = situation.calls.leg(command.result["leg"])
    # An agent who is on the way to where they ask from is in the earlier bridge yet.
    stays = leg is None or leg.bound_for is Place.ASIDE or not (leg.bridge or leg.bound_for)
    return Progress(outcome=NOT_TAKEN if stays else CALLED_OFF)


def _between(
    situation: Situation, call: OpenCall, command: Command[Complete] | Command[Swap], leg: Leg
) -> tuple[Leg, Leg]:
    """Whom the agent's leg talks with, and whom the agent holds. Raises `Refused`."""
    held = situation.calls.state.held_by(call, leg)
    at_rest(situation, command, leg, *held)
    if not held or leg.bridge is None:
        raise Refused("not_consulting", "The agent does not talk with one party while another is on hold.")
    return other_party(situation, leg), held[-1]


def begin_complete(situation: Situation, command: Command[Complete], _at: Instant) -> Progress:
    call, cause = open_call(situation, command.asked.call), command.command
    lines = lines_of(situation, call, acting_leg(situation, call, command))
    talking = next((line for line in lines if line.bridge is not None), lines[0])
    consulted, held = _between(situation, call, command, talking)
    citizen = situation.calls.state.citizen_leg(call)
    if consulted is citizen:
        consulted, held = held, consulted  # swapped: it is still the consulted one who takes the citizen over
    # Whoever of the two is held is held by the other from now on, so that nobody goes back to the queue.
    return Progress(
        (
            SetFact(cause, held.record.leg, "HL_HELD_BY", consulted.record.leg),
            SetFact(cause, consulted.record.leg, "HL_HELD_BY", held.record.leg),
            *take_up(cause, consulted, held),
            *(HangUp(cause, line.record.leg) for line in lines),
        ),
        result={"consulted": consulted.record.leg, "held": held.record.leg},
    )


def follow_complete(situation: Situation, command: Command[Complete], _at: Instant) -> Progress | None:
    one, other = command.result["consulted"], command.result["held"]
    if situation.calls.is_over(one) or situation.calls.is_over(other):
        return GONE
    return DONE if together(situation, one, other) else None


def begin_cancel(situation: Situation, command: Command[Cancel], _at: Instant) -> Progress:
    call, cause = open_call(situation, command.asked.call), command.command
    leg = acting_leg(situation, call, command)
    at_rest(situation, command, leg)
    held = situation.calls.state.held_by(call, leg)
    if not held:
        raise Refused("not_consulting", "Nobody is on hold.")
    second = lines_of(situation, call, leg)[1:]
    return Progress(
        (
            *take_up(cause, leg, held[-1]),
            *(HangUp(cause, each.record.leg) for each in [*beside(situation, leg), *second]),
            *call_off(cause, situation, call),
        ),
        result={"leg": leg.record.leg, "held": held[-1].record.leg},
    )


def follow_cancel(situation: Situation, command: Command[Cancel], _at: Instant) -> Progress | None:
    leg, held = command.result["leg"], command.result["held"]
    if situation.calls.is_over(leg) or situation.calls.is_over(held):
        return GONE
    return DONE if together(situation, leg, held) else None


def begin_swap(situation: Situation, command: Command[Swap], _at: Instant) -> Progress:
    call, cause = open_call(situation, command.asked.call), command.command
    leg = acting_leg(situation, call, command)
    talks, held = _between(situation, call, command, leg)
    return Progress(
        (
            SetFact(cause, talks.record.leg, "HL_HELD_BY", leg.record.leg),
            SetFact(cause, leg.record.leg, "HL_PEER", held.record.channel),
            SetFact(cause, leg.record.leg, "HL_HOLDS", talks.record.leg),
            SendLeg(cause, talks.record.channel, Place.HELD, leg.record.channel, Place.CONNECT),
        ),
        result={"leg": leg.record.leg, "held": held.record.leg},
    )


def follow_swap(situation: Situation, command: Command[Swap], _at: Instant) -> Progress | None:
    leg, held = command.result["leg"], command.result["held"]
    if situation.calls.is_over(leg) or situation.calls.is_over(held):
        return GONE
    return DONE if together(situation, leg, held) else None


CONSULT = Verb("consult", Consult, begin_consult, follow_consult, within_s=60.0)
COMPLETE = Verb("complete", Complete, begin_complete, follow_complete)
CANCEL = Verb("cancel", Cancel, begin_cancel, follow_cancel)
SWAP = Verb("swap", Swap, begin_swap, follow_swap)
