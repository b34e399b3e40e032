"""Hang up: an agent leaves a call, or a supervisor ends it for everybody."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant
from cti.calls.actions import HangUp
from cti.calls.facts import CallId
from cti.verbs.model import DONE, Command, Progress, Situation, Verb
from cti.verbs.parties import acting_leg, leg_of, lines_of, open_call


@dataclass(frozen=True, slots=True)
class HangUpCall:
    """As an agent: that agent's leg ends, on both lines of the phone. As nobody's phone: every leg does."""

    call: CallId


def begin(situation: Situation, command: Command[HangUpCall], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    legs = list(call.live)
    if command.agent is not None:
        lines = lines_of(situation, call, acting_leg(situation, call, command))
        legs = [line.record.leg for line in lines]
    return Progress(actions=tuple(HangUp(command.command, leg) for leg in legs))


def follow(situation: Situation, command: Command[HangUpCall], _at: Instant) -> Progress | None:
    call = situation.calls.calls.get(command.asked.call)
    if call is None or (command.agent is not None and leg_of(situation, call, command.agent) is None):
        return DONE
    return None


HANG_UP = Verb("hang_up", HangUpCall, begin, follow)
