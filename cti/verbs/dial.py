"""Dial out: the agent's phone rings first, then the citizen's, who sees the hotline's number."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant
from cti.calls.actions import DialFromSeat
from cti.verbs.model import DONE, Command, Failed, Progress, Situation, Verb
from cti.verbs.parties import Party, To, free_seat, new_leg
from cti.views import Refused

DIALLING = "dialling"


@dataclass(frozen=True, slots=True)
class DialOut:
    number: str
    work_order: str | None = None
    """The work order that the call is about (回访)."""


def begin(situation: Situation, command: Command[DialOut], _at: Instant) -> Progress:
    if command.agent is None:
        raise Refused("agent_needed", "Say who dials: give `agent`.", "agent")
    leg = new_leg(command)
    dial = DialFromSeat(
        cause=command.command,
        leg=leg,
        seat=free_seat(situation, Party(To.AGENT, command.agent)),
        number=command.asked.number,
        ring_timeout_s=situation.switchboard.ring_timeout_s,
        work_order=command.asked.work_order or "",
        auto_answer=command.agent == command.by,
    )
    return Progress((dial,), call=leg, result={"call": leg})


def follow(situation: Situation, command: Command[DialOut], _at: Instant) -> Progress | None:
    call = situation.calls.calls.get(new_leg(command))
    if call is not None:
        if call.record.answered_at is not None:
            return DONE
        return Progress(stage=DIALLING) if command.stage != DIALLING else None
    if not situation.calls.is_over(new_leg(command)):
        return None
    if command.stage == DIALLING:
        return Progress(outcome=Failed("not_reached", "Nobody answered at the number."))
    return Progress(outcome=Failed("not_taken", "The agent's phone was not answered."))


DIAL_OUT = Verb("dial_out", DialOut, begin, follow, within_s=120.0)
