"""The whole machine with two agents, and what it did with each event."""

from __future__ import annotations

from acd.effects import AgentChanged
from acd.model import AgentPolicy, AgentState, Policy, QueuePolicy
from cti.calls.actions import RingSeat
from cti.commands import BeReady, LogIn
from cti.plan import Plan
from cti.records_json import decode, decode_call
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.step import InboxEvent, Step
from cti.todays_figures import FIGURES
from tests.support.conversation import caller_arrives, snapshot

CALL = "hotline-1.1"
DAY_S = 86_400.0
SEATS = ("seat-01", "seat-02")


def policy() -> Policy:
    queues = {
        "general": QueuePolicy("general", wrap_up_s=10.0),
        "english": QueuePolicy("english", required_skills={"english": 3}),
    }
    agents = {"1001": AgentPolicy("1001", {"english": 4}), "1002": AgentPolicy("1002")}
    return Policy(queues, agents)


def plan() -> Plan:
    return Plan(SEATS, "trunk", {"1": "break"}, lambda at: (at // DAY_S * DAY_S, (at // DAY_S + 1) * DAY_S))


class Rig:
    def __init__(
        self, resume: Resume | None = None, *, now: float = 0.0, sees: bool = True, terms: Plan | None = None
    ) -> None:
        self.runtime = Runtime(terms or plan(), policy(), resume or Resume(), now)
        self.steps: list[Step] = [self.runtime.opening]
        if sees:
            self.tell(snapshot(at=now))

    def tell(self, *events: InboxEvent) -> list[Step]:
        steps = [self.runtime.step(event) for event in events]
        assert [story for step in steps for story in step.illegal] == []
        self.steps += steps
        return steps

    def actions(self, steps: list[Step], kind: type) -> list[object]:
        return [action for step in steps for action in step.actions if isinstance(action, kind)]

    def ready_agent(self, agent: str = "1001", seat: str = "seat-01", at: float = 0.0) -> None:
        self.tell(LogIn(at, "t", agent, seat), BeReady(at, "t", agent))

    def offer(self, at: float) -> RingSeat:
        """A caller arrives so as to be queued at `at` and a phone is rung for them."""
        [ring] = self.actions(self.tell(*caller_arrives(CALL, at - 3)), RingSeat)
        assert isinstance(ring, RingSeat)
        return ring

    def state(self, agent: str) -> AgentState:
        return self.runtime.agents[agent].state


def journal_of(rig: Rig) -> Resume:
    """What the journal knows when the service is killed now."""
    state: dict[str, object] = {}
    for step in rig.steps:
        state |= step.state
    live = {key: body for key, body in state.items() if body is not None}
    calls = [decode_call(d.body) for step in rig.steps for d in step.drafts if d.kind == "call"]
    return Resume(
        done_legs=[leg.leg for call in calls if call.ended_at is not None for leg in call.legs],
        agents=[decode(AgentChanged, b) for k, b in live.items() if k.startswith("agent/")],  # type: ignore[arg-type]
        open_calls=[decode_call(b) for k, b in live.items() if k.startswith("call/")],  # type: ignore[arg-type]
        figures={k.removeprefix(FIGURES): b for k, b in live.items() if k.startswith(FIGURES)},  # type: ignore[misc]
    )
