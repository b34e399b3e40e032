"""Supervision: beside an agent's calls by phone, in another way, no more, or in the agent's place."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import AgentId, AgentState, Instant, SeatId
from cti.calls.actions import RingSupervisor
from cti.calls.facts import LegId
from cti.calls.supervision import (
    Afterwards,
    Began,
    Doing,
    Ended,
    Mode,
    ModeChanged,
    Stopping,
    Supervision,
    TakingOver,
)
from cti.verbs.model import DONE, Command, Failed, Progress, Situation, Verb
from cti.views import Refused

RING_S = 30.0
"""How long the supervisor's phone rings."""


@dataclass(frozen=True, slots=True)
class Supervise:
    """Ring the phone at `seat`, and put who takes it beside the agent's calls."""

    agent: AgentId
    seat: SeatId
    mode: Mode
    afterwards: Afterwards
    leg: LegId | None = None
    """The phone's leg when it is there already, because a feature code was dialled."""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSupervision:
    supervision: LegId
    mode: Mode


@dataclass(frozen=True, slots=True)
class StopSupervision:
    supervision: LegId


@dataclass(frozen=True, slots=True)
class TakeOverCall:
    """The agent's leg leaves, the supervisor's is connected with the citizen."""

    supervision: LegId


def begin(situation: Situation, command: Command[Supervise], at: Instant) -> Progress:
    asked = command.asked
    _check_agent(situation, asked)
    _check_seat(situation, asked)
    name = asked.leg or f"supervision-{command.command}"
    supervision = Supervision(
        supervision=name,
        by=command.by,
        seat=asked.seat,
        agent=asked.agent,
        mode=asked.mode,
        afterwards=asked.afterwards,
        started_at=at,
        channel=asked.channel,
        connected=asked.leg is not None,
    )
    ring = RingSupervisor(command.command, name, asked.seat, asked.agent, RING_S)
    return Progress(
        actions=() if asked.leg is not None else (ring,),
        supervise=(Began(supervision),),
        stage="ringing",
        result={"supervision": name},
    )


def _check_agent(situation: Situation, asked: Supervise) -> None:
    known = situation.agents.get(asked.agent)
    if known is None or known.state is AgentState.LOGGED_OUT:
        raise Refused("not_logged_in", f"Agent {asked.agent} is not logged in.", "agent")
    if known.seat == asked.seat:
        raise Refused("own_seat", "An agent cannot be supervised from the agent's own seat.", "seat")


def _check_seat(situation: Situation, asked: Supervise) -> None:
    supervisions, seat = situation.supervisions, asked.seat
    if seat not in supervisions.seats:
        raise Refused("unknown_seat", f"There is no seat {seat}.", "seat")
    for agent, known in situation.agents.items():
        sits_here = known.seat == seat and known.state is not AgentState.LOGGED_OUT
        if sits_here and agent not in situation.supervisors:
            raise Refused("seat_taken", f"Agent {agent}, who is no supervisor, sits at {seat}.", "seat")
    if supervisions.at_seat(seat) is not None:
        raise Refused("seat_in_use", f"From seat {seat} somebody is supervised already.", "seat")
    if asked.leg is not None:
        return
    if situation.calls.state.is_engaged(seat):
        raise Refused("seat_in_use", f"The phone at {seat} is on a call.", "seat")
    if seat not in situation.reachable:
        raise Refused("phone_unreachable", f"The phone at {seat} cannot be rung.", "seat")


def follow(situation: Situation, command: Command[Supervise], _at: Instant) -> Progress | None:
    name = command.result["supervision"]
    supervision = situation.supervisions.open.get(name)
    if supervision is None:
        return Progress(outcome=Failed("phone_not_answered", "Nobody took the supervisor's phone."))
    if not supervision.connected:
        return None
    return Progress(call=supervision.call, outcome=DONE.outcome)


def _open(situation: Situation, name: LegId) -> Supervision:
    supervision = situation.supervisions.open.get(name)
    if supervision is None:
        raise Refused("unknown_supervision", f"There is no supervision {name}.", "supervision")
    return supervision


def begin_change(situation: Situation, command: Command[ChangeSupervision], _at: Instant) -> Progress:
    supervision = _open(situation, command.asked.supervision)
    if supervision.taking:
        raise Refused("not_allowed_now", "The call is being taken over.")
    change = ModeChanged(supervision.supervision, command.asked.mode)
    return Progress(supervise=(change,), call=supervision.call, result={"agent": supervision.agent})


def follow_change(situation: Situation, command: Command[ChangeSupervision], _at: Instant) -> Progress | None:
    supervision = situation.supervisions.open.get(command.asked.supervision)
    if supervision is None:
        return Progress(outcome=Failed("supervision_over", "The supervision ended meanwhile."))
    if supervision.mode is not command.asked.mode:
        return Progress(outcome=Failed("changed_again", "Another command changed it meanwhile."))
    if supervision.mode is Mode.BARGE and supervision.doing is not Doing.WHISPER:
        return DONE if supervision.spied is None or supervision.bridge is not None else None
    return None if supervision.supervision in situation.supervisions.under_way else DONE


def begin_stop(situation: Situation, command: Command[StopSupervision], _at: Instant) -> Progress:
    supervision = _open(situation, command.asked.supervision)
    return Progress(
        supervise=(Stopping(supervision.supervision),),
        call=supervision.call,
        result={"agent": supervision.agent},
    )


def follow_stop(situation: Situation, command: Command[StopSupervision], _at: Instant) -> Progress | None:
    return DONE if command.asked.supervision not in situation.supervisions.open else None


def begin_take_over(situation: Situation, command: Command[TakeOverCall], _at: Instant) -> Progress:
    supervision = _open(situation, command.asked.supervision)
    if supervision.spied is None or not supervision.connected or supervision.stopping is not None:
        raise Refused("not_allowed_now", "There is no call to take over: the agent is on none now.")
    return Progress(
        supervise=(TakingOver(supervision.supervision),),
        call=supervision.call,
        result={"agent": supervision.agent},
    )


def follow_take_over(situation: Situation, command: Command[TakeOverCall], _at: Instant) -> Progress | None:
    if command.asked.supervision in situation.supervisions.open:
        return None
    if situation.supervisions.ended.get(command.asked.supervision) in (Ended.TOOK_OVER, Ended.AGENT_LEFT):
        return DONE
    return Progress(outcome=Failed("call_over", "The call ended before it was taken over."))


SUPERVISE = Verb("supervise", Supervise, begin, follow, within_s=RING_S + 5)
CHANGE_SUPERVISION = Verb("change_supervision", ChangeSupervision, begin_change, follow_change)
STOP_SUPERVISION = Verb("stop_supervision", StopSupervision, begin_stop, follow_stop)
TAKE_OVER = Verb("take_over", TakeOverCall, begin_take_over, follow_take_over)
