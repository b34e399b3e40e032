"""Mute, and keys sent to the other party."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant
from cti.calls.actions import Mute, PressKey
from cti.calls.facts import CallId
from cti.verbs.model import Command, Progress, Situation, Verb
from cti.verbs.parties import acting_leg, open_call, other_party


@dataclass(frozen=True, slots=True)
class MuteCall:
    """The others hear the agent no more, or again."""

    call: CallId
    muted: bool


@dataclass(frozen=True, slots=True)
class SendKeys:
    """The other party gets keys as if pressed at the agent's phone. What they are is written nowhere."""

    call: CallId
    keys: str


def begin_mute(situation: Situation, command: Command[MuteCall], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    leg = acting_leg(situation, call, command)
    return Progress((Mute(command.command, leg.record.channel, command.asked.muted),))


def begin_keys(situation: Situation, command: Command[SendKeys], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    leg = acting_leg(situation, call, command)
    other = other_party(situation, leg)
    return Progress(tuple(PressKey(command.command, other.record.channel, key) for key in command.asked.keys))


MUTE = Verb("mute", MuteCall, begin_mute, answered=True)
KEYS = Verb("send_keys", SendKeys, begin_keys, within_s=10.0, answered=True, secret=True)
