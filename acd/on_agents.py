"""What follows from each event about an agent.

Here as for every event, the tables are asked about everything that is going to be touched before it is
touched, so an event that does not fit has changed nothing.
"""

from __future__ import annotations

from acd.consequences import (
    PHONE_UNREACHABLE,
    check_seat_free,
    go_on,
    known_agent,
    leave_work,
    occupy,
    sit_down,
    wish,
)
from acd.events import (
    AgentEngaged,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentMoved,
    AgentNotReady,
    AgentPhoneBack,
    AgentPhoneLost,
    AgentReady,
    AgentReleased,
    AgentRestored,
    WrapUpExtended,
)
from acd.floor import Floor
from acd.model import AgentState, ContactState, OfferOutcome, OfferState
from acd.states import AGENT
from acd.triggers import AgentTrigger, ContactTrigger, OfferTrigger

LOGGED_IN = "logged_in"
"""Why an agent who has just logged in is not ready."""


def agent_logged_in(floor: Floor, event: AgentLoggedIn) -> None:
    agent = known_agent(floor, event.agent)
    AGENT.allows(agent.agent, agent.state, AgentTrigger.LOG_IN, agent.history)
    check_seat_free(floor, event.seat, event.agent)
    sit_down(agent, event.seat)
    floor.move_agent(agent, AgentTrigger.LOG_IN, AgentState.NOT_READY, LOGGED_IN)


def agent_logged_out(floor: Floor, event: AgentLoggedOut) -> None:
    agent = known_agent(floor, event.agent)
    if not AGENT.allows(agent.agent, agent.state, AgentTrigger.LOG_OUT, agent.history):
        return
    if agent.state in (AgentState.RESERVED, AgentState.BUSY):
        wish(floor, agent, AgentTrigger.LOG_OUT, AgentState.LOGGED_OUT, None)
    else:
        leave_work(agent)
        floor.move_agent(agent, AgentTrigger.LOG_OUT, AgentState.LOGGED_OUT)


def agent_moved(floor: Floor, event: AgentMoved) -> None:
    agent = known_agent(floor, event.agent)
    AGENT.allows(agent.agent, agent.state, AgentTrigger.MOVED, agent.history)
    if event.seat != agent.seat:
        check_seat_free(floor, event.seat, event.agent)
        floor.change_seat(agent, event.seat)


def agent_phone_lost(floor: Floor, event: AgentPhoneLost) -> None:
    agent = known_agent(floor, event.agent)
    if not AGENT.allows(agent.agent, agent.state, AgentTrigger.PHONE_LOST, agent.history):
        return
    if agent.state is AgentState.READY:
        floor.move_agent(agent, AgentTrigger.PHONE_LOST, AgentState.NOT_READY, PHONE_UNREACHABLE)
        return
    if agent.next_state is AgentState.READY:
        wish(floor, agent, AgentTrigger.PHONE_LOST, AgentState.NOT_READY, PHONE_UNREACHABLE)
    if agent.offer is not None:
        floor.withdraw_offer(floor.offers[agent.offer], OfferTrigger.WITHDRAWN, OfferOutcome.FAILED)


def agent_phone_back(floor: Floor, event: AgentPhoneBack) -> None:
    agent = known_agent(floor, event.agent)
    if not AGENT.allows(agent.agent, agent.state, AgentTrigger.PHONE_BACK, agent.history):
        return
    if agent.state is AgentState.NOT_READY:
        if agent.reason == PHONE_UNREACHABLE:
            floor.move_agent(agent, AgentTrigger.PHONE_BACK, AgentState.READY)
        return
    if agent.next_reason != PHONE_UNREACHABLE:
        return
    offer = floor.offers.get(agent.offer) if agent.offer is not None else None
    if offer is not None and offer.state is OfferState.ENDING and offer.outcome is OfferOutcome.FAILED:
        offer.outcome = OfferOutcome.CANCELLED  # its end is no longer held against the agent
    wish(floor, agent, AgentTrigger.PHONE_BACK, AgentState.READY, None)


def agent_ready(floor: Floor, event: AgentReady) -> None:
    agent = known_agent(floor, event.agent)
    if not AGENT.allows(agent.agent, agent.state, AgentTrigger.READY, agent.history):
        return
    if agent.state in (AgentState.RESERVED, AgentState.BUSY):
        wish(floor, agent, AgentTrigger.READY, AgentState.READY, None)
    else:
        leave_work(agent)
        agent.idle_since = event.at
        floor.move_agent(agent, AgentTrigger.READY, AgentState.READY)


def agent_not_ready(floor: Floor, event: AgentNotReady) -> None:
    agent = known_agent(floor, event.agent)
    AGENT.allows(agent.agent, agent.state, AgentTrigger.NOT_READY, agent.history)
    if agent.state in (AgentState.RESERVED, AgentState.BUSY):
        wish(floor, agent, AgentTrigger.NOT_READY, AgentState.NOT_READY, event.reason)
    else:
        leave_work(agent)
        floor.move_agent(agent, AgentTrigger.NOT_READY, AgentState.NOT_READY, event.reason)


def wrap_up_extended(floor: Floor, event: WrapUpExtended) -> None:
    agent = known_agent(floor, event.agent)
    AGENT.allows(agent.agent, agent.state, AgentTrigger.WRAP_UP_EXTENDED, agent.history)
    assert agent.until is not None
    until = agent.until + max(0.0, event.seconds)
    ceiling_s = agent.policy.max_wrap_up_s
    if ceiling_s is not None:
        until = max(agent.until, min(until, agent.since + ceiling_s))
    if until > agent.until:
        floor.move_agent(agent, AgentTrigger.WRAP_UP_EXTENDED, AgentState.WRAP_UP, until=until)


def agent_engaged(floor: Floor, event: AgentEngaged) -> None:
    agent = known_agent(floor, event.agent)
    if AGENT.allows(agent.agent, agent.state, AgentTrigger.ENGAGED, agent.history):
        occupy(floor, agent, AgentTrigger.ENGAGED, None)


def agent_released(floor: Floor, event: AgentReleased) -> None:
    agent = known_agent(floor, event.agent)
    if not AGENT.allows(agent.agent, agent.state, AgentTrigger.RELEASED, agent.history):
        return
    contact = floor.contacts.get(agent.contact) if agent.contact else None
    if contact is not None and contact.agent == agent.agent and contact.state is ContactState.CONNECTED:
        floor.figures.ended(contact.queue)
        floor.forget(contact, ContactTrigger.RELEASED)
        if contact.contact in floor.callbacks:
            agent.wrap_up_s = 0.0  # the citizen was not reached: there is nothing to wrap up
    if agent.wrap_up_s > 0:
        ceiling_s = agent.policy.max_wrap_up_s
        wrap_up_s = agent.wrap_up_s if ceiling_s is None else min(agent.wrap_up_s, ceiling_s)
        agent.wrap_up_until = event.at + wrap_up_s
        agent.wrap_up_s = 0.0
    if agent.worked:
        agent.idle_since = event.at
    go_on(floor, agent, AgentTrigger.RELEASED)


def agent_restored(floor: Floor, event: AgentRestored) -> None:
    agent = floor.agents.get(event.agent)
    state, reason = event.state, event.reason
    if state in (AgentState.READY, AgentState.RESERVED):
        state, reason = event.next_state, event.next_reason  # nothing goes on that it waits for
    if agent is None or state is AgentState.LOGGED_OUT:
        return
    if not AGENT.allows(agent.agent, agent.state, AgentTrigger.RESTORED, agent.history):
        return
    check_seat_free(floor, event.seat, event.agent)
    uncounted_since = agent.uncounted_since
    sit_down(agent, event.seat)
    if state in (AgentState.BUSY, AgentState.WRAP_UP):
        agent.next_state, agent.next_reason = event.next_state, event.next_reason
    agent.idle_since = event.since
    agent.worked = state is AgentState.BUSY
    until = None
    if state is AgentState.WRAP_UP:
        until = event.at if event.until is None else event.until
    reason = reason if state is AgentState.NOT_READY else None
    floor.move_agent(agent, AgentTrigger.RESTORED, state, reason, until, event.since)
    if uncounted_since is not None:
        agent.counted_at = min(event.at, uncounted_since)
