"""Who is in a call, for the verbs that ask."""

from __future__ import annotations

from typing import Any

from acd.model import AgentId
from cti.calls.facts import CallId
from cti.calls.records import LegRecord
from cti.calls.state import OpenCall
from cti.verbs.model import Command, Situation
from cti.views import Refused


def open_call(situation: Situation, call: CallId) -> OpenCall:
    """Raises `Refused` for a call that is over or never was."""
    found = situation.calls.calls.get(call)
    if found is None:
        raise Refused("unknown_call", f"There is no open call {call}.", "call")
    return found


def leg_of(call: OpenCall, agent: AgentId) -> LegRecord | None:
    """The agent's answered leg in the call."""
    for leg in call.record.legs:
        if leg.agent == agent and leg.leg in call.live and leg.answered_at is not None:
            return leg
    return None


def own_leg(call: OpenCall, command: Command[Any]) -> LegRecord:
    """The leg of the agent as whom the command acts. Raises `Refused` when there is none."""
    if command.agent is None:
        raise Refused("agent_needed", "Say as which agent: give `agent`.", "agent")
    leg = leg_of(call, command.agent)
    if leg is None:
        raise Refused("not_in_call", f"Agent {command.agent} is not in call {call.record.call}.", "call")
    return leg
