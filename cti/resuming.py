"""What the service takes up after a restart, and how agents stand then. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from acd.effects import AgentChanged
from acd.events import AgentRestored
from acd.model import AgentState, Instant, Policy, QueueId
from cti.audit import AuditHead
from cti.calls.facts import CallId, LegId
from cti.calls.records import CallRecord
from cti.calls.supervision import Supervision
from cti.plan import InForce
from cti.records_json import JSON


@dataclass(slots=True)
class Resume:
    """What the journal knows from before a restart."""

    agents: list[AgentChanged] = field(default_factory=list)
    open_calls: list[CallRecord] = field(default_factory=list)
    done_legs: list[LegId] = field(default_factory=list)
    figures: dict[str, JSON] = field(default_factory=dict)
    """Today's figures, as `acd.router.Router.restore_figures` takes them; none for a new journal."""
    pins: dict[str, JSON] = field(default_factory=dict)
    """Wrong PINs, as `PinGuard.restore` takes them."""
    preferred: dict[str, JSON] = field(default_factory=dict)
    """Whom callers know, as `PreferredAgents` takes it."""
    places: dict[str, JSON] = field(default_factory=dict)
    """Places of callers who were cut off, as `KeptPlaces` takes them."""
    commands: dict[str, JSON] = field(default_factory=dict)
    """Commands of the last day, as `Commands.restore` takes them."""
    supervisions: list[Supervision] = field(default_factory=list)
    audit: AuditHead = field(default_factory=lambda: AuditHead("unnamed"))
    callbacks: dict[str, JSON] = field(default_factory=dict)
    """Open callbacks, as `CallbackBook.restore` takes them."""
    dialler: dict[str, JSON] = field(default_factory=dict)
    """What was dialled today, as `Dialler.restore` takes it."""


def agents_restored(resume: Resume, in_force: InForce, now: Instant) -> Iterator[AgentRestored]:
    """Who was logged in, without those who, or whose seat, the configuration does not know any more."""
    # Whom an agent called back is known to the router by the callback.
    queue_of = {
        name: record.queue for record in resume.open_calls for name in (record.call, record.callback or "")
    }
    for agent in resume.agents:
        if agent.state is AgentState.LOGGED_OUT or agent.seat is None:
            continue
        if agent.agent not in in_force.policy.agents or agent.seat not in in_force.plan.seats:
            continue
        yield _restored(agent, queue_of, in_force.policy, now)


def _restored(
    agent: AgentChanged, queue_of: Mapping[CallId, QueueId | None], policy: Policy, now: Instant
) -> AgentRestored:
    """The agent as they may be taken to stand until a snapshot says who is on a call.

    One whose call ended while the service was away gets the whole wrap-up from now on: of the call's
    queue or, for a call that is not known any more, the longest of all. A ringing phone left them ready. What
    they asked for during the call, or the ringing, comes next.
    """
    assert agent.seat is not None
    state, until = agent.state, agent.until
    if state is AgentState.RESERVED:
        state = AgentState.READY
    elif state is AgentState.BUSY:
        terms = policy.queues
        queue = terms.get(queue_of.get(agent.contact or "") or "")
        longest_s = max((each.wrap_up_s for each in terms.values()), default=0.0)
        wrap_up_s = longest_s if queue is None else queue.wrap_up_s
        ceiling_s = policy.agents[agent.agent].max_wrap_up_s
        wrap_up_s = wrap_up_s if ceiling_s is None else min(wrap_up_s, ceiling_s)
        state, until = (AgentState.WRAP_UP, now + wrap_up_s) if agent.contact else (AgentState.READY, None)
    return AgentRestored(
        now,
        "resume",
        agent.agent,
        agent.seat,
        state,
        agent.reason,
        agent.since,
        until,
        agent.next_state,
        agent.next_reason,
    )
