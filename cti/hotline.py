"""The service as the API sees it: `ServicePort` over the running `Service`."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from acd.effects import AgentChanged
from acd.model import AgentId, AgentState, Instant, QueueId, SeatId, Skill
from cti.audit import DONE, AuditHead, ToAudit
from cti.calls.state import OpenCall
from cti.figures import (
    AgentFiguresView,
    AgentIntervalView,
    FigureBoard,
    IntervalView,
    QueueView,
    SkillView,
)
from cti.records_json import encode
from cti.service import Service
from cti.verbs.campaigns import AddToCampaign, Mistake, mistakes
from cti.verbs.model import Order
from cti.verbs.port import Feed, Orderer
from cti.verbs.records import CommandRecord
from cti.views import AgentView, CallView, DialledToday, Health, Refused, SeatView, SupervisionView, WaitView

LOOK_AGAIN_S = 0.05
UNDER_WAY = (AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP)


@dataclass(frozen=True, slots=True)
class Names:
    """What people call things, beside their ids."""

    queues: dict[QueueId, str]
    agents: dict[AgentId, str]
    skills: dict[Skill, str]
    whole: str
    """The name of all queues together."""


class ArchiveStatus(Protocol):
    """How far the archive follows the journal."""

    @property
    def reachable(self) -> bool: ...
    @property
    def applied_seq(self) -> int:
        """The number of the last entry that is in the archive."""

    def backlog(self) -> int: ...


class KnownWorkOrders(Protocol):
    async def require(self, asked: object) -> None:
        """Raises `Refused` when a command is about a work order that there is not."""

    async def missing(self, named: Collection[str]) -> set[str]:
        """Those of these that there are not, as far as anybody can say."""


class Hotline:
    """Live views and commands."""

    def __init__(
        self,
        service: Service,
        names: Names,
        archive: ArchiveStatus,
        feed: Feed,
        secret: bytes,
        work_orders: KnownWorkOrders,
    ) -> None:
        """`secret` keeps what was asked from being found out by trying, where only its digest is kept."""
        self._service = service
        self.feed = feed
        self._secret = secret
        self._work_orders = work_orders
        self._runtime = service.runtime
        self._figures = FigureBoard(service.runtime.router)
        self._names = names
        self._archive = archive

    def rename(self, names: Names) -> None:
        """From now on these are shown; what was removed is, until it is done with."""
        before = self._names
        self._names = Names(
            before.queues | names.queues, before.agents | names.agents, names.skills, names.whole
        )

    def agents(self) -> Sequence[AgentView]:
        """Those of the configuration, and who was removed from it and is still logged in."""
        return [self._agent(agent) for agent in self._shown_agents()]

    def _shown_agents(self) -> list[AgentId]:
        leaving = [
            agent
            for agent, known in self._runtime.agents.items()
            if known.seat is not None and agent not in self._runtime.policy.agents
        ]
        return [*self._runtime.policy.agents, *leaving]

    def _agent(self, agent: AgentId) -> AgentView:
        known = self._runtime.agents.get(agent)
        name = self._names.agents.get(agent, agent)
        until = self._runtime.desk.pins.locked_until(agent, None, self._service.now())
        locked = _time(until) if until is not None else None
        if known is None or known.seat is None:
            since = known.since if known else self._service.started_at
            return AgentView(
                agent=agent,
                name=name,
                seat=None,
                state=AgentState.LOGGED_OUT,
                reason=None,
                since=_time(since),
                until=None,
                call=None,
                seat_reachable=None,
                pins_locked_until=locked,
            )
        return AgentView(
            agent=agent,
            name=name,
            seat=known.seat,
            state=known.state,
            reason=known.reason,
            since=_time(known.since),
            until=_time(known.until) if known.until is not None else None,
            call=known.contact or self._call_at(known),
            seat_reachable=self._runtime.desk.phones.reachable(known.seat),
            next_state=known.next_state if known.state in UNDER_WAY else None,
            next_reason=known.next_reason if known.state in UNDER_WAY else None,
            pins_locked_until=locked,
        )

    def seats(self) -> Sequence[SeatView]:
        """In the order of the configuration."""
        desk = self._runtime.desk
        return [
            SeatView(
                seat=seat.seat,
                agent=desk.agent_at.get(seat.seat),
                registered=seat.registered,
                reachable=seat.reachable,
                since=_time(seat.since) if seat.since is not None else None,
                user_agent=seat.phone.user_agent or None if seat.phone else None,
                contact=seat.phone.contact if seat.phone else None,
                rtt_s=seat.phone.rtt_s if seat.phone else None,
                call=seat.sound.call if seat.sound else None,
                measured_at=_time(seat.sound.at) if seat.sound else None,
                sound=seat.sound.sound if seat.sound else None,
            )
            for seat in desk.phones.seats.values()
        ]

    def _call_at(self, agent: AgentChanged) -> str | None:
        if agent.state is not AgentState.BUSY:
            return None
        for call_id, call in self._runtime.calls.calls.items():
            if any(leg.seat == agent.seat and leg.ended_at is None for leg in call.record.legs):
                return call_id
        return None

    def queues(self) -> Sequence[QueueView]:
        now = self._service.now()
        by_queue: dict[QueueId, list[OpenCall]] = {queue: [] for queue in self._runtime.policy.queues}
        for call in self._calls():
            if call.record.queue is not None:  # a queue that was removed is shown until it is empty
                by_queue.setdefault(call.record.queue, []).append(call)
        name = self._names.queues.get
        return [self._figures.queue(each, name(each, each), calls, now) for each, calls in by_queue.items()]

    def total(self) -> QueueView:
        return self._figures.queue(None, self._names.whole, self._calls(), self._service.now())

    def skills(self) -> Sequence[SkillView]:
        now = self._service.now()
        return [
            self._figures.skill(each, name, self._calls(), now) for each, name in self._names.skills.items()
        ]

    def agent_figures(self) -> Sequence[AgentFiguresView]:
        name = self._names.agents.get
        return [self._figures.agent(each, name(each, each)) for each in self._shown_agents()]

    def queue_intervals(self, queue: QueueId | None) -> Sequence[IntervalView]:
        if queue is not None and queue not in self._names.queues:
            raise Refused("unknown_queue", f"There is no queue {queue}.", "queue")
        return self._figures.queue_intervals(queue)

    def skill_intervals(self, skill: Skill) -> Sequence[IntervalView]:
        if skill not in self._names.skills:
            raise Refused("unknown_skill", f"There is no skill {skill}.", "skill")
        return self._figures.skill_intervals(skill)

    def agent_intervals(self, agent: AgentId) -> Sequence[AgentIntervalView]:
        if agent not in self._names.agents:
            raise Refused("unknown_agent", f"There is no agent {agent}.", "agent")
        return self._figures.agent_intervals(agent)

    def _calls(self) -> Collection[OpenCall]:
        return self._runtime.calls.calls.values()

    def open_calls(self) -> Sequence[CallView]:
        return [self._call(call) for call in self._runtime.calls.calls.values()]

    def _call(self, call: OpenCall) -> CallView:
        record = call.record
        talking_to = call.segment
        offered = next((o for o in record.offers if o.outcome is None), None)
        return CallView(
            call=record.call,
            direction=record.direction.value,
            hotline=record.hotline,
            queue=record.queue,
            state=call.state,
            number=record.number,
            agent=talking_to.agent if talking_to else offered.agent if offered else record.agent,
            seat=talking_to.seat if talking_to else offered.seat if offered else record.seat,
            started_at=_time(record.started_at),
            queued_at=_time(record.queued_at) if record.queued_at is not None else None,
            answered_at=_time(record.answered_at) if record.answered_at is not None else None,
            wait=self._wait(record.call),
            parties=tuple(
                leg.agent
                for leg in record.legs
                if leg.agent is not None and leg.ended_at is None and leg.answered_at is not None
            ),
        )

    def _wait(self, call: str) -> WaitView | None:
        position = self._runtime.router.position(call)
        if position is None:
            return None
        estimate = self._runtime.router.estimate(call)
        if estimate is None:
            return WaitView(position, None, None)
        return WaitView(position, estimate.wait_s, estimate.error_s)

    def dialled_today(self, campaign: str) -> DialledToday | None:
        return self._service.runtime.dialler.today(campaign, self._service.now())

    def health(self) -> Health:
        return Health(
            asterisk_connected=self._service.connected,
            routing=self._service.routing,
            database_reachable=self._archive.reachable,
            journal_backlog=self._archive.backlog(),
            started_at=_time(self._service.started_at),
        )

    async def order(self, asked: object, by: Orderer, cause: str, key: str | None) -> CommandRecord:
        await self._work_orders.require(asked)
        words = json.dumps([type(asked).__name__, by.agent, encode(asked)], sort_keys=True)
        digest = hmac.new(self._secret, b"command:" + words.encode(), hashlib.sha256).hexdigest()
        order = Order(
            at=self._service.now(),
            cause=cause,
            command=uuid.uuid4().hex,
            by=by.name,
            supervisor=by.supervisor,
            agent=by.agent,
            key=key,
            digest=digest,
            asked=asked,
        )
        known = self.command(await self._service.order(order))
        assert known is not None
        return known

    async def mistakes(self, asked: AddToCampaign) -> Sequence[Mistake]:
        named = {each.work_order for each in asked.citizens if each.work_order is not None}
        missing = await self._work_orders.missing(named)
        return mistakes(self._runtime.router, asked, self._service.now(), missing)

    def command(self, command: str) -> CommandRecord | None:
        return self._runtime.commands.record(command)

    def open_supervisions(self) -> Sequence[SupervisionView]:
        return [
            SupervisionView(
                supervision=each.supervision,
                by=each.by,
                seat=each.seat,
                agent=each.agent,
                mode=each.mode,
                afterwards=each.afterwards,
                state=each.state,
                call=each.call,
                started_at=_time(each.started_at),
            )
            for each in self._runtime.supervisions.open.values()
        ]

    def audit_head(self) -> AuditHead:
        return self._runtime.trail.head

    async def audit(
        self,
        who: str,
        action: str,
        cause: str,
        *,
        outcome: str = DONE,
        whom: str | None = None,
        call: str | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        at = self._service.now()
        await self._service.command(ToAudit(at, cause, who, action, outcome, whom, call, dict(detail or {})))

    async def log_in(self, agent: AgentId, seat: SeatId, cause: str, pin: str | None = None) -> AgentView:
        await self._service.log_in(agent, seat, cause, pin)
        return self._agent(agent)

    async def unlock_pin(self, agent: AgentId, cause: str) -> AgentView:
        if agent not in self._runtime.policy.agents:
            raise Refused("unknown_agent", f"There is no agent {agent}.", "agent")
        await self._service.unlock_pin(agent, cause)
        return self._agent(agent)

    async def move(self, agent: AgentId, seat: SeatId, cause: str) -> AgentView:
        await self._service.move(agent, seat, cause)
        return self._agent(agent)

    async def extend_wrap_up(self, agent: AgentId, seconds: float, cause: str) -> AgentView:
        await self._service.extend_wrap_up(agent, seconds, cause)
        return self._agent(agent)

    async def log_out(self, agent: AgentId, cause: str) -> AgentView:
        await self._service.log_out(agent, cause)
        return self._agent(agent)

    async def ready(self, agent: AgentId, cause: str) -> AgentView:
        await self._service.ready(agent, cause)
        return self._agent(agent)

    async def not_ready(self, agent: AgentId, reason: str, cause: str) -> AgentView:
        await self._service.not_ready(agent, reason, cause)
        return self._agent(agent)

    async def fill_work_order(
        self,
        work_order: str,
        category: str,
        summary: str,
        disposition: str,
        by: str,
        cause: str,
        *,
        supervisor: bool = False,
    ) -> None:
        if not summary.strip():
            raise Refused("summary_empty", "The summary must say what the citizen asked for.", "summary")
        await self._service.fill_work_order(
            work_order, category, summary, disposition, by, cause, supervisor=supervisor
        )

    async def archived(self, within_s: float) -> bool:
        upto = self._service.journal.written_seq
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                # Looked at, since the projection has an event loop of its own.
                while self._archive.applied_seq < upto:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_AGAIN_S)
        return self._archive.applied_seq >= upto


def _time(at: Instant) -> datetime:
    return datetime.fromtimestamp(at, UTC)
