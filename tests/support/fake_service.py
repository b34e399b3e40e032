"""A `ServicePort` in memory, held to the same contract tests as the real service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from acd.model import AgentState
from config.models import Site
from cti.audit import DONE, AuditEntry, AuditHead, ToAudit, Trail
from cti.feed import EventFeed
from cti.figures import AgentFiguresView, AgentIntervalView, IntervalView, QueueView, SkillView
from cti.records_json import Draft, Entry, decode, encode
from cti.verbs.callbacks import unknown_work_order
from cti.verbs.campaigns import AddToCampaign, Mistake
from cti.verbs.port import Orderer
from cti.verbs.records import CommandRecord
from cti.verbs.table import VERBS
from cti.views import AgentView, CallView, DialledToday, Health, Refused, SeatView, SupervisionView

Filled = tuple[str, str, str, str, str, str]
"""Work order, category, summary, disposition, by, cause."""


class FakeJournal:
    """What `EventFeed` reads, in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.trimmed_upto = 0

    @property
    def last_seq(self) -> int:
        return self.trimmed_upto + len(self.entries)

    def read(self, after: int, limit: int) -> list[Entry]:
        return [entry for entry in self.entries if entry.seq > after][:limit]

    def append(self, draft: Draft) -> int:
        self.entries.append(Entry(self.last_seq + 1, draft.at, draft.kind, draft.key, draft.body))
        return self.last_seq

    def trim(self) -> None:
        self.trimmed_upto, self.entries = self.last_seq, []


class FakeService:
    """Agents log in and out as in the real one; calls, figures and health are what a test puts there."""

    def __init__(self, site: Site) -> None:
        now = datetime.now(UTC)
        self._site_seats = [seat.id for seat in site.seats]
        self._seats = set(self._site_seats)
        self.phones: dict[str, SeatView] = {}
        self.pins: dict[str, str] = {}
        self._reasons = {reason.id for reason in site.not_ready_reasons}
        self._queues = {queue.id: queue.name for queue in site.queues}
        self._skills = {skill.id: skill.name for skill in site.skills}
        self._agents = {
            agent.id: AgentView(
                agent=agent.id,
                name=agent.name,
                seat=None,
                state=AgentState.LOGGED_OUT,
                reason=None,
                since=now,
                until=None,
                call=None,
                seat_reachable=None,
            )
            for agent in site.agents
        }
        self.calls: list[CallView] = []
        self.given_figures: dict[str | None, dict[str, Any]] = {}
        self.given_intervals: list[IntervalView] = []
        self.work_order_owner: dict[str, str] = {}
        self.filled: list[Filled] = []
        self.causes: list[str] = []
        self.project: Callable[[Filled], None] | None = None
        """Called with each work order that was filled in, as the journal's projection would be; None: the
        archive is far behind."""
        self.journal = FakeJournal()
        self.feed = EventFeed(self.journal)
        self.orders: list[tuple[object, Orderer]] = []
        """What was asked for with commands, and by whom."""
        self.supervisions: list[SupervisionView] = []
        self.dialled: dict[str, DialledToday] = {}
        self.audited: list[ToAudit] = []
        self.trail = Trail(AuditHead("fake"))
        self.keep_audit: Callable[[AuditEntry], None] = lambda _: None
        """Given each entry, as the journal's projection would be."""
        self._commands: dict[str, CommandRecord] = {}
        self.state_of_health = Health(
            asterisk_connected=True,
            routing=True,
            database_reachable=True,
            journal_backlog=0,
            started_at=now,
        )

    def agents(self) -> Sequence[AgentView]:
        return tuple(self._agents.values())

    def queues(self) -> Sequence[QueueView]:
        return tuple(
            QueueView(queue=queue, name=name, agents=self._by_state(), **self.given_figures.get(queue, {}))
            for queue, name in self._queues.items()
        )

    def total(self) -> QueueView:
        given = self.given_figures.get(None, {})
        return QueueView(queue=None, name="全部", agents=self._by_state(), **given)

    def skills(self) -> Sequence[SkillView]:
        return [
            SkillView(skill=skill, name=name, agents=dict.fromkeys(AgentState, 0))
            for skill, name in self._skills.items()
        ]

    def agent_figures(self) -> Sequence[AgentFiguresView]:
        return [AgentFiguresView(agent=view.agent, name=view.name) for view in self._agents.values()]

    def queue_intervals(self, queue: str | None) -> Sequence[IntervalView]:
        if queue is not None and queue not in self._queues:
            raise Refused("unknown_queue", f"There is no queue {queue}.", "queue")
        return self.given_intervals

    def skill_intervals(self, skill: str) -> Sequence[IntervalView]:
        if skill not in self._skills:
            raise Refused("unknown_skill", f"There is no skill {skill}.", "skill")
        return self.given_intervals

    def agent_intervals(self, agent: str) -> Sequence[AgentIntervalView]:
        self._known(agent)
        return [
            AgentIntervalView(begins=each.begins, ends=each.ends, answered=each.answered)
            for each in self.given_intervals
        ]

    def open_calls(self) -> Sequence[CallView]:
        return tuple(self.calls)

    def dialled_today(self, campaign: str) -> DialledToday | None:
        return self.dialled.get(campaign)

    def health(self) -> Health:
        return self.state_of_health

    def open_supervisions(self) -> Sequence[SupervisionView]:
        return tuple(self.supervisions)

    def audit_head(self) -> AuditHead:
        return self.trail.head

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
        at = datetime.now(UTC).timestamp()
        self.audited.append(ToAudit(at, cause, who, action, outcome, whom, call, dict(detail or {})))
        draft, _ = self.trail.add(self.audited[-1])
        self.keep_audit(decode(AuditEntry, draft.body))

    async def log_in(self, agent: str, seat: str, cause: str, pin: str | None = None) -> AgentView:
        view = self._known(agent)
        if pin is not None and self.pins.get(agent) != pin:
            raise Refused("wrong_pin", "This is not the agent's PIN.", "pin")
        if seat not in self._seats:
            raise Refused("unknown_seat", f"There is no seat {seat}.", "seat")
        if view.state is not AgentState.LOGGED_OUT:
            raise Refused(
                "agent_already_logged_in", f"Agent {agent} is logged in at seat {view.seat}.", "agent"
            )
        for other in self._agents.values():
            if other.seat == seat:
                raise Refused("seat_taken", f"Seat {seat} is taken by agent {other.agent}.", "seat")
        return self._set(view, cause, seat=seat, state=AgentState.NOT_READY, seat_reachable=True)

    def seats(self) -> Sequence[SeatView]:
        at = {view.seat: view.agent for view in self._agents.values() if view.seat is not None}
        known = SeatView("", None, False, None, None, None, None, None)
        return [
            replace(self.phones.get(seat, known), seat=seat, agent=at.get(seat)) for seat in self._site_seats
        ]

    async def unlock_pin(self, agent: str, cause: str) -> AgentView:
        self.put(agent, pins_locked_until=None)
        return self._agents[agent]

    async def move(self, agent: str, seat: str, cause: str) -> AgentView:
        view = self._logged_in(agent)
        if seat not in self._seats:
            raise Refused("unknown_seat", f"There is no seat {seat}.", "seat")
        if any(other.seat == seat and other.agent != agent for other in self._agents.values()):
            raise Refused("seat_taken", f"Another agent is logged in at {seat}.", "seat")
        return self._set(view, cause, seat=seat, state=view.state, reason=view.reason)

    async def extend_wrap_up(self, agent: str, seconds: float, cause: str) -> AgentView:
        view = self._logged_in(agent)
        if view.state is not AgentState.WRAP_UP or view.until is None:
            raise Refused("not_in_wrap_up", f"Agent {agent} is {view.state}, not in wrap-up.")
        until = view.until + timedelta(seconds=seconds)
        self._agents[agent] = replace(view, until=until)
        return self._agents[agent]

    async def log_out(self, agent: str, cause: str) -> AgentView:
        view = self._logged_in(agent)
        state = AgentState.LOGGED_OUT
        return self._set(view, cause, seat=None, state=state, reason=None, seat_reachable=None)

    async def ready(self, agent: str, cause: str) -> AgentView:
        return self._set(self._logged_in(agent), cause, state=AgentState.READY, reason=None)

    async def not_ready(self, agent: str, reason: str, cause: str) -> AgentView:
        view = self._logged_in(agent)
        if reason not in self._reasons:
            raise Refused("unknown_reason", f"There is no not-ready reason {reason}.", "reason")
        return self._set(view, cause, state=AgentState.NOT_READY, reason=reason)

    def put(self, agent: str, **given: Any) -> None:
        """Makes an agent be as a test needs them."""
        self._agents[agent] = replace(self._known(agent), **given)

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
        if work_order not in self.work_order_owner:
            raise Refused("unknown_work_order", f"There is no work order {work_order}.", "work_order")
        if not supervisor and self.work_order_owner[work_order] != by:
            raise Refused("not_their_work_order", f"Work order {work_order} is not {by}'s.")
        filled = (work_order, category, summary, disposition, by, cause)
        self.filled.append(filled)
        if self.project is not None:
            self.project(filled)

    async def archived(self, within_s: float) -> bool:
        return self.project is not None

    async def order(self, asked: object, by: Orderer, cause: str, key: str | None) -> CommandRecord:
        rows = getattr(asked, "citizens", (asked,))
        for about in rows:
            work_order = getattr(about, "work_order", None)
            if work_order not in (None, *self.work_order_owner):
                raise Refused("unknown_work_order", f"There is no work order {work_order}.", "work_order")
        digest = repr((asked, by.agent))
        for known in self._commands.values():
            if key is not None and (known.by, known.key) == (by.name, key):
                if known.digest != digest:
                    raise Refused("idempotency_key_reused", "This key came with another request before.")
                return known
        self.orders.append((asked, by))
        self.causes.append(cause)
        record = CommandRecord(
            command=f"command-{len(self._commands) + 1}",
            verb=next(verb.name for verb in VERBS if verb.asks is type(asked)),
            by=by.name,
            accepted_at=datetime.now(UTC).timestamp(),
            cause=cause,
            supervisor=by.supervisor,
            agent=by.agent,
            call=getattr(asked, "call", None),
            key=key,
            digest=digest,
        )
        self.tell(record)
        return record

    async def mistakes(self, asked: AddToCampaign) -> Sequence[Mistake]:
        found = []
        if asked.queue not in self._queues:
            there_are = ", ".join(self._queues)
            sentence = f"There is no queue {asked.queue}; there are {there_are}."
            found.append(Mistake(None, Refused("unknown_queue", sentence, "queue")))
        for row, citizen in enumerate(asked.citizens, start=1):
            if citizen.owner not in (None, *self._agents):
                sentence = f"There is no agent {citizen.owner}; name one that there is, or none."
                found.append(Mistake(row, Refused("unknown_agent", sentence, "owner")))
            if citizen.work_order not in (None, *self.work_order_owner):
                found.append(Mistake(row, unknown_work_order(citizen.work_order or "")))
        return found

    def command(self, command: str) -> CommandRecord | None:
        return self._commands.get(command)

    def tell(self, record: CommandRecord) -> None:
        """A command stands like this from now on; those who follow the events hear of it."""
        self._commands[record.command] = record
        self.publish("command", record.command, record)

    def publish(self, kind: str, key: str, record: object) -> None:
        draft = Draft(datetime.now(UTC).timestamp(), kind, key, encode(record))
        self.feed.publish(self.journal.append(draft), [draft])

    def _known(self, agent: str) -> AgentView:
        if agent not in self._agents:
            raise Refused("unknown_agent", f"There is no agent {agent}.", "agent")
        return self._agents[agent]

    def _logged_in(self, agent: str) -> AgentView:
        view = self._known(agent)
        if view.state is AgentState.LOGGED_OUT:
            raise Refused("not_logged_in", f"Agent {agent} is not logged in.", "agent")
        return view

    def _set(
        self,
        view: AgentView,
        cause: str,
        *,
        state: AgentState,
        seat: str | None = "",
        reason: str | None = None,
        seat_reachable: bool | None = True,
    ) -> AgentView:
        self.causes.append(cause)
        changed = replace(
            view,
            state=state,
            seat=view.seat if seat == "" else seat,
            reason=reason,
            seat_reachable=seat_reachable,
            since=datetime.now(UTC),
        )
        self._agents[view.agent] = changed
        return changed

    def _by_state(self) -> dict[AgentState, int]:
        states = [view.state for view in self._agents.values()]
        return {state: states.count(state) for state in set(states)}
