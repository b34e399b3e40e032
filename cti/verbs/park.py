"""Park, pick up, and hand on to what follows a call."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant
from cti.calls.actions import HangUp, Place, SendLeg
from cti.calls.facts import CallId
from cti.calls.records import HoldKind
from cti.verbs.model import DONE, Command, Failed, Progress, Situation, Verb
from cti.verbs.parties import Party, To, acting_leg, at_rest, new_leg, open_call, ring, together
from cti.views import Refused

CITIZEN_GONE = Progress(outcome=Failed("citizen_gone", "The citizen hung up first."))


@dataclass(frozen=True, slots=True)
class Park:
    """The citizen hears music until anybody picks them up; the agent is done with the call."""

    call: CallId


@dataclass(frozen=True, slots=True)
class PickUp:
    """The agent's phone rings for this citizen, who waits in a queue or is parked."""

    call: CallId


@dataclass(frozen=True, slots=True)
class SendToRating:
    """The citizen goes on to what follows a call of their line: a rating, if it has one, or the farewell."""

    call: CallId


def begin_park(situation: Situation, command: Command[Park], _at: Instant) -> Progress:
    call, cause = open_call(situation, command.asked.call), command.command
    leg = acting_leg(situation, call, command)
    citizen = situation.calls.state.citizen_leg(call)
    if citizen is None or not citizen.was_connected:
        raise Refused("no_citizen", "There is no citizen in the call who could be parked.")
    at_rest(situation, command, leg, citizen)
    return Progress(
        (SendLeg(cause, citizen.record.channel, Place.PARKED), HangUp(cause, leg.record.leg)),
        result={"leg": leg.record.leg, "citizen": citizen.record.leg},
    )


def follow_park(situation: Situation, command: Command[Park], _at: Instant) -> Progress | None:
    call = situation.calls.calls.get(command.asked.call)
    if call is None or command.result["citizen"] not in call.live:
        return CITIZEN_GONE
    return DONE if call.hold is not None and call.hold.kind is HoldKind.PARKED else None


def begin_pick_up(situation: Situation, command: Command[PickUp], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    citizen = situation.calls.state.citizen_leg(call)
    if command.agent is None:
        raise Refused("agent_needed", "Say who picks the citizen up: give `agent`.", "agent")
    parked = call.hold is not None and call.hold.kind is HoldKind.PARKED
    waits = call.place == "waiting" and (call.record.answered_at is None or call.waits)
    if citizen is None or citizen.bridge is not None or not (parked or waits):
        raise Refused("not_waiting", "That citizen neither waits in a queue nor is parked.", "call")
    return Progress(
        (
            ring(
                situation,
                command,
                call,
                Party(To.AGENT, command.agent),
                Place.CONNECT,
                citizen.record.channel,
            ),
        ),
        result={"citizen": citizen.record.leg},
    )


def follow_pick_up(situation: Situation, command: Command[PickUp], _at: Instant) -> Progress | None:
    citizen = command.result["citizen"]
    if together(situation, new_leg(command), citizen):
        return DONE
    if situation.calls.is_over(citizen):
        return CITIZEN_GONE
    if situation.calls.is_over(new_leg(command)):
        return Progress(outcome=Failed("not_taken", "The phone was not answered; the citizen waits on."))
    return None


def begin_rating(situation: Situation, command: Command[SendToRating], _at: Instant) -> Progress:
    call, cause = open_call(situation, command.asked.call), command.command
    leg = acting_leg(situation, call, command)
    citizen = situation.calls.state.citizen_leg(call)
    if citizen is None or not citizen.was_connected or call.caller is None:
        raise Refused("no_citizen", "There is no citizen who called in the call.")
    at_rest(situation, command, leg, citizen)
    return Progress(
        (SendLeg(cause, citizen.record.channel, Place.AFTER), HangUp(cause, leg.record.leg)),
        result={"leg": leg.record.leg, "citizen": citizen.record.leg},
    )


def follow_rating(situation: Situation, command: Command[SendToRating], _at: Instant) -> Progress | None:
    citizen = situation.calls.state.legs.get(command.result["citizen"])
    if citizen is None:
        return CITIZEN_GONE
    return DONE if citizen.bridge is None and situation.calls.is_over(command.result["leg"]) else None


PARK = Verb("park", Park, begin_park, follow_park)
PICK_UP = Verb("pick_up", PickUp, begin_pick_up, follow_pick_up, within_s=60.0)
RATE = Verb("send_to_rating", SendToRating, begin_rating, follow_rating)
