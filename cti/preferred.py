"""Agents whom a caller knows: who spoke with them last, and who has their open work order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from acd.model import AgentId, OneOf, RoutingStep
from cti.calls.records import CallRecord
from cti.records_json import JSON

LAST_AGENT = "last_agent/"
OPEN_ORDER = "open_order/"
KEPT = 20_000
"""So many callers and work orders are remembered; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A work order that is not settled yet."""

    caller: str
    owner: AgentId


class PreferredAgents:
    """By the caller's key (`cti.caller_key`), which is not their number."""

    def __init__(self, saved: Mapping[str, JSON]) -> None:
        """`saved`: what the journal's state has under `LAST_AGENT` and `OPEN_ORDER`."""
        self._last: dict[str, AgentId] = {}
        self._orders: dict[str, OpenOrder] = {}
        self._of_caller: dict[str, dict[str, None]] = {}
        """The open work orders of each caller, oldest first."""
        for key, body in saved.items():
            if not isinstance(body, Mapping):
                continue
            if key.startswith(LAST_AGENT):
                self._last[key.removeprefix(LAST_AGENT)] = str(body["agent"])
            elif key.startswith(OPEN_ORDER):
                order = OpenOrder(str(body["caller"]), str(body["owner"]))
                self._put(key.removeprefix(OPEN_ORDER), order)

    def steps(self, caller: str | None, owner_ttl_s: float, last_ttl_s: float) -> tuple[RoutingStep, ...]:
        """Whom a caller is kept for first: the owner of the newest open work order, then the last agent."""
        if caller is None:
            return ()
        orders = self._of_caller.get(caller)
        owner = self._orders[next(reversed(orders))].owner if orders and owner_ttl_s > 0 else None
        last = self._last.get(caller) if last_ttl_s > 0 else None
        wanted = ((owner, owner_ttl_s), (last if last != owner else None, last_ttl_s))
        return tuple(RoutingStep(OneOf((agent,)), ttl_s) for agent, ttl_s in wanted if agent is not None)

    def spoke(self, record: CallRecord, key: Callable[[str], str | None]) -> dict[str, JSON]:
        """A call is over; what the journal's state is to keep of it."""
        caller = key(record.number)
        if caller is None or record.agent is None or self._last.get(caller) == record.agent:
            return {}
        self._last.pop(caller, None)
        self._last[caller] = record.agent
        state: dict[str, JSON] = {LAST_AGENT + caller: {"agent": record.agent}}
        if len(self._last) > KEPT:
            oldest = next(iter(self._last))
            del self._last[oldest]
            state[LAST_AGENT + oldest] = None
        return state

    def order_opened(self, work_order: str, caller: str | None, owner: AgentId | None) -> dict[str, JSON]:
        """A call spawned its work order."""
        if caller is None or owner is None:
            return {}
        self._put(work_order, OpenOrder(caller, owner))
        state: dict[str, JSON] = {OPEN_ORDER + work_order: {"caller": caller, "owner": owner}}
        if len(self._orders) > KEPT:
            state |= self._dropped(next(iter(self._orders)))
        return state

    def order_written(self, work_order: str, *, settled: bool, by: str, is_agent: bool) -> dict[str, JSON]:
        """Somebody wrote it: an agent who did owns it, and one that is settled is nobody's any more."""
        order = self._orders.get(work_order)
        if order is None:
            return {}
        if settled:
            return self._dropped(work_order)
        if not is_agent or order.owner == by:
            return {}
        self._orders[work_order] = OpenOrder(order.caller, by)
        return {OPEN_ORDER + work_order: {"caller": order.caller, "owner": by}}

    def _put(self, work_order: str, order: OpenOrder) -> None:
        self._orders[work_order] = order
        self._of_caller.setdefault(order.caller, {})[work_order] = None

    def _dropped(self, work_order: str) -> dict[str, JSON]:
        order = self._orders.pop(work_order)
        left = self._of_caller[order.caller]
        del left[work_order]
        if not left:
            del self._of_caller[order.caller]
        return {OPEN_ORDER + work_order: None}
