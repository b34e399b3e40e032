"""Agents: in which state, how occupied, whether they may be asked."""

from __future__ import annotations

from collections.abc import Iterable

from acd.index import ReadyIndex, WaitingIndex
from acd.model import AgentState, ContactState, Instant, SeatId
from acd.ranking import idle_rank
from acd.records import Agent, Callback
from acd.states import AGENT
from acd.tallies import WorkTime
from acd.triggers import AgentTrigger
from acd.waiting_room import WaitingRoom

ON_CALLS = (AgentState.BUSY, AgentState.WRAP_UP)
AVAILABLE = (AgentState.READY, AgentState.RESERVED)
RESTING = "resting"
"""Reason of a ready agent whom the occupancy limit spares for the moment."""
PROMISED = "promised"
"""Reason of a ready agent who is kept free for a citizen who is being dialled."""
SPARED = (RESTING, PROMISED)
"""Who is ready for one of these reasons is asked for nobody else."""


class StaffRoom(WaitingRoom):
    """Agents change state here and nowhere else; indices, timers and the day's working time go along."""

    def move_agent(
        self,
        agent: Agent,
        trigger: AgentTrigger,
        state: AgentState,
        reason: str | None = None,
        until: Instant | None = None,
        since: Instant | None = None,
    ) -> None:
        """Puts the agent into a state that the table allows, and tells. `since`: when, if not now."""
        AGENT.check(agent.agent, agent.state, trigger, state)
        before = agent.state
        self.count_time(agent)
        if before is AgentState.READY:
            self._leave_ready(agent)
            if agent.promised is not None:
                self.callbacks[agent.promised].agent = None
                self.broken_promises[agent.promised] = None
                agent.promised = None
        if before is AgentState.WRAP_UP:
            self.timers.cancel(("wrap_up", agent.agent))
        if state is not before:
            agent.since = self.at if since is None else since
        agent.state, agent.reason, agent.until = state, reason, until
        if agent.serving is not None:
            if state is AgentState.WRAP_UP:
                agent.serves_now = True
            elif state is not AgentState.BUSY and state is not AgentState.RESERVED:
                self.end_handling(agent)
        if before is AgentState.LOGGED_OUT:
            self.enter_staff(agent)
        if state is AgentState.READY:
            agent.occupancy = occupancy(agent)
            if before in (AgentState.BUSY, AgentState.WRAP_UP):
                self._rest_if_due(agent)
            if agent.reason not in SPARED:
                self.enter_ready(agent)
        elif until is not None:
            self.timers.set(("wrap_up", agent.agent), until)
        self.tell_agent(agent, trigger)
        if state is AgentState.LOGGED_OUT:
            self._leave_staff(agent)

    def count_time(self, agent: Agent) -> None:
        """Adds the time since the last count to what the agent did in it."""
        since = agent.counted_at
        elapsed = self.at - since
        if elapsed <= 0:
            return
        agent.counted_at = self.at
        if agent.state in ON_CALLS:
            agent.handled_s += elapsed
            if agent.serves_now:
                agent.serving_s += elapsed
            self.figures.intervals.worked(agent.agent, since, self.at, on_calls=True)
        elif agent.state in AVAILABLE:
            agent.available_s += elapsed
            self.figures.intervals.worked(agent.agent, since, self.at, on_calls=False)
        self.figures.changes.note("agent", agent.agent)

    def note_taken(self, agent: Agent, at: Instant) -> None:
        """The agent took a contact."""
        agent.answered += self.figures.is_today(at)
        self.figures.changes.note("agent", agent.agent)
        self.figures.intervals.took(agent.agent, at)

    def end_handling(self, agent: Agent) -> None:
        """The agent is done with the contact in hand, if there is one."""
        if agent.serving is not None:
            self.figures.handled(agent.serving, agent.serving_s, self.at)
            agent.serving, agent.serving_s, agent.serves_now = None, 0.0, False

    def working_time(self, agent: Agent) -> tuple[float, float]:
        """Seconds handling calls and seconds available today, up to the present event."""
        elapsed = max(0.0, self.at - agent.counted_at)
        if agent.state in ON_CALLS:
            return agent.handled_s + elapsed, agent.available_s
        if agent.state in AVAILABLE:
            return agent.handled_s, agent.available_s + elapsed
        return agent.handled_s, agent.available_s

    def work_by_interval(self, agents: Iterable[Agent]) -> dict[int, WorkTime]:
        """What these agents did, together, in each interval, up to the present event."""
        found: dict[int, WorkTime] = {}
        for agent in agents:
            for number, interval in self.figures.intervals.kept.items():
                work = interval.agents.get(agent.agent)
                if work is not None:
                    found.setdefault(number, WorkTime()).add(work)
            if self.at <= agent.counted_at or agent.state not in ON_CALLS + AVAILABLE:
                continue
            for number, seconds in self.figures.intervals.stretches(agent.counted_at, self.at):
                on_calls = agent.state in ON_CALLS
                running = WorkTime(handled_s=seconds) if on_calls else WorkTime(available_s=seconds)
                found.setdefault(number, WorkTime()).add(running)
        return found

    def enter_ready(self, agent: Agent) -> None:
        self.ready.add(agent, idle_rank(agent))
        self.unsettled_agents[agent.agent] = None
        for reserve in self.policy.reserves:
            if reserve.skill in agent.policy.skills:
                others = self.ready.having(f"skill:{reserve.skill}")
                if len(others) == reserve.keep + 1:
                    self.unsettled_agents.update((name, None) for _, name in others)

    def _leave_ready(self, agent: Agent) -> None:
        if agent.reason == RESTING:
            self.timers.cancel(("rest", agent.agent))
        elif agent.reason != PROMISED:
            self.ready.remove(agent.agent)

    def _rest_if_due(self, agent: Agent) -> None:
        limit = self.policy.max_occupancy
        if limit is None or agent.occupancy <= limit:
            return
        rest_s = min(self.policy.max_rest_s, agent.handled_s / limit - agent.handled_s - agent.available_s)
        agent.reason, agent.until = RESTING, self.at + rest_s
        self.timers.set(("rest", agent.agent), agent.until)

    def end_rest(self, agent: Agent) -> None:
        AGENT.check(agent.agent, agent.state, AgentTrigger.RESTED, AgentState.READY)
        agent.reason = agent.until = None
        self.enter_ready(agent)
        self.tell_agent(agent, AgentTrigger.RESTED)

    def promise(self, agent: Agent, callback: Callback) -> None:
        """Keeps a ready agent free for the citizen of the callback."""
        AGENT.check(agent.agent, agent.state, AgentTrigger.PROMISED, AgentState.READY)
        self._leave_ready(agent)
        self.broken_promises.pop(callback.callback, None)
        agent.reason, agent.promised, callback.agent = PROMISED, callback.callback, agent.agent
        self.tell_agent(agent, AgentTrigger.PROMISED)

    def end_promise(self, callback: Callback) -> None:
        """Whoever is promised to the citizen of the callback, if anybody is, may be asked again."""
        self.broken_promises.pop(callback.callback, None)
        if callback.agent is None:
            return
        agent = self.agents[callback.agent]
        AGENT.check(agent.agent, agent.state, AgentTrigger.PROMISE_OVER, AgentState.READY)
        agent.reason = agent.promised = callback.agent = None
        self.enter_ready(agent)
        self.tell_agent(agent, AgentTrigger.PROMISE_OVER)

    def enter_staff(self, agent: Agent) -> None:
        assert agent.seat is not None
        self.seats[agent.seat] = agent.agent
        self.staff.add(agent, (0.0, agent.agent))
        for stage in self.waiting.matching(agent):
            if not stage.staffed:
                stage.staffed = True
                self._place_again(list(stage.skipped))

    def change_seat(self, agent: Agent, seat: SeatId) -> None:
        """The agent sits elsewhere; nothing else about them changes."""
        assert agent.seat is not None
        AGENT.check(agent.agent, agent.state, AgentTrigger.MOVED, agent.state)
        del self.seats[agent.seat]
        agent.seat = seat
        self.seats[seat] = agent.agent
        self.tell_agent(agent, AgentTrigger.MOVED)

    def _leave_staff(self, agent: Agent) -> None:
        assert agent.seat is not None
        self.staff.remove(agent.agent)
        del self.seats[agent.seat]
        agent.seat = None
        for stage in self.waiting.matching(agent):
            if stage.staffed and not self._anybody_for(stage.need):
                stage.staffed = False
                if not stage.final or stage.queue.overflow:
                    self._place_again([rank[3] for rank in stage.waiting])
        if agent.agent not in self.policy.agents:
            del self.agents[agent.agent]
            self.figures.changes.note("agent", agent.agent)

    def seat_everybody_again(self) -> None:
        """Rebuilds the indices after a change of policy, and has everything matched anew."""
        waiting = [contact for contact in self.contacts.values() if contact.state is ContactState.WAITING]
        for contact in waiting:
            self.leave_waiting(contact)
        for queue in [queue for queue in self.paces if queue not in self.queues]:
            del self.paces[queue]
        self.derive()
        self.ready, self.staff, self.waiting = ReadyIndex(), ReadyIndex(), WaitingIndex()
        self.unsettled_agents.clear()
        for agent in self.agents.values():
            if agent.state is not AgentState.LOGGED_OUT:
                self.staff.add(agent, (0.0, agent.agent))
            if agent.state is AgentState.READY and agent.reason not in SPARED:
                self.enter_ready(agent)
        for contact in waiting:
            self.enter_waiting(contact)
        self.unsettled_contacts.clear()


def occupancy(agent: Agent) -> float:
    """Share of the working time counted today that was spent on contacts and other calls; 0 before any."""
    worked = agent.handled_s + agent.available_s
    return agent.handled_s / worked if worked else 0.0
