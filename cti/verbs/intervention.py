"""What a supervisor does to an agent's state, and to a call that does not end by itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from acd import events as acd
from acd.model import AgentId, AgentState, Instant
from acd.refusals import InvalidTransition
from acd.states import AGENT
from acd.triggers import AgentTrigger
from cti.calls.actions import EndLeg
from cti.calls.facts import CallId
from cti.verbs.model import DONE, Command, Progress, Situation, Verb
from cti.verbs.parties import open_call
from cti.views import Refused


class Forced(StrEnum):
    READY = "ready"
    NOT_READY = "not_ready"
    LOGGED_OUT = "logged_out"


@dataclass(frozen=True, slots=True)
class ForceState:
    """While the agent is offered a call or on one, it holds from the end of that call."""

    agent: AgentId
    state: Forced
    reason: str | None = None
    """With `not_ready`: why."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """Every leg of the call ends, also one that Asterisk knows nothing of any more."""

    call: CallId


_TRIGGERS = {
    Forced.READY: AgentTrigger.READY,
    Forced.NOT_READY: AgentTrigger.NOT_READY,
    Forced.LOGGED_OUT: AgentTrigger.LOG_OUT,
}


def begin_force(situation: Situation, command: Command[ForceState], at: Instant) -> Progress:
    asked = command.asked
    known = situation.agents.get(asked.agent)
    if known is None or known.state is AgentState.LOGGED_OUT:
        raise Refused("not_logged_in", f"Agent {asked.agent} is not logged in.", "agent")
    if asked.state is Forced.NOT_READY and asked.reason not in situation.reasons:
        raise Refused("unknown_reason", "There is no such not-ready reason.", "reason")
    if asked.state is Forced.READY and known.seat not in situation.reachable:
        raise Refused("phone_unreachable", f"The phone of {known.seat} cannot be reached.")
    try:
        AGENT.allows(asked.agent, known.state, _TRIGGERS[asked.state])
    except InvalidTransition as error:
        raise Refused("not_allowed_now", f"Agent {asked.agent} is {known.state}.") from error
    event: acd.Event
    match asked.state:
        case Forced.READY:
            event = acd.AgentReady(at, command.command, asked.agent)
        case Forced.NOT_READY:
            event = acd.AgentNotReady(at, command.command, asked.agent, asked.reason or "")
        case Forced.LOGGED_OUT:
            event = acd.AgentLoggedOut(at, command.command, asked.agent)
    later = known.state in (AgentState.RESERVED, AgentState.BUSY)
    return Progress(
        events=(event,),
        call=known.contact,
        result={"holds": "after_the_call" if later else "now"},
        outcome=DONE.outcome,
    )


def begin_end(situation: Situation, command: Command[EndCall], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    return Progress(actions=tuple(EndLeg(command.command, leg) for leg in call.live))


def follow_end(situation: Situation, command: Command[EndCall], _at: Instant) -> Progress | None:
    return DONE if command.asked.call not in situation.calls.calls else None


FORCE_STATE = Verb("force_state", ForceState, begin_force)
END_CALL = Verb("end_call", EndCall, begin_end, follow_end)
