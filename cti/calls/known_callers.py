"""Agents whom a caller knows: who spoke with them last, and who owns their work order.

Callers are told apart by a key that is not their number. Each method gives what changed of the journal's
state; None for a key to be deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.model import AgentId, OneOf, RoutingStep

LAST_AGENT, OWNER = "last_agent/", "owner/"
KEPT = 20_000
"""How many callers are remembered, of each kind; the oldest are forgotten."""

Changes = dict[str, Any]


class KnownCallers:
    def __init__(self) -> None:
        self._last: dict[str, AgentId] = {}
        self._owners: dict[str, tuple[str, AgentId]] = {}
        """By caller: the latest work order and its owner."""

    def restore(self, state: Mapping[str, Mapping[str, object]]) -> None:
        """Takes up what the journal's state has under both prefixes."""
        for key, body in state.items():
            if key.startswith(LAST_AGENT):
                self._last[key.removeprefix(LAST_AGENT)] = str(body["agent"])
            elif key.startswith(OWNER):
                entry = str(body["work_order"]), str(body["agent"])
                self._owners[key.removeprefix(OWNER)] = entry

    def spoke(self, caller: str | None, agent: AgentId | None) -> Changes:
        """A call with the caller is over."""
        if caller is None or agent is None or self._last.get(caller) == agent:
            return {}
        self._last.pop(caller, None)
        self._last[caller] = agent
        changes: Changes = {LAST_AGENT + caller: {"agent": agent}}
        if len(self._last) > KEPT:
            oldest = next(iter(self._last))
            del self._last[oldest]
            changes[LAST_AGENT + oldest] = None
        return changes

    def owns(self, caller: str | None, work_order: str, agent: AgentId | None) -> Changes:
        """A work order of the caller's was opened by the agent."""
        if caller is None or agent is None:
            return {}
        self._owners.pop(caller, None)
        self._owners[caller] = work_order, agent
        changes: Changes = {OWNER + caller: {"work_order": work_order, "agent": agent}}
        if len(self._owners) > KEPT:
            oldest = next(iter(self._owners))
            del self._owners[oldest]
            changes[OWNER + oldest] = None
        return changes

    def wrote(self, work_order: str, agent: AgentId | None) -> Changes:
        """Somebody wrote the work order and owns it from now on. People write seldom: it is searched for."""
        for caller, (known, owner) in self._owners.items():
            if known == work_order and agent is not None and owner != agent:
                return self.owns(caller, work_order, agent)
        return {}

    def steps(
        self, caller: str | None, last_agent_ttl_s: float, owner_ttl_s: float
    ) -> tuple[RoutingStep, ...]:
        """For whom the caller is kept at first; a time of 0: for nobody."""
        last = self._last.get(caller) if caller is not None else None
        _, owner = self._owners.get(caller, ("", None)) if caller is not None else ("", None)
        wanted = ((last, last_agent_ttl_s), (owner if owner != last else None, owner_ttl_s))
        return tuple(RoutingStep(OneOf((agent,)), ttl_s) for agent, ttl_s in wanted if agent and ttl_s > 0)
