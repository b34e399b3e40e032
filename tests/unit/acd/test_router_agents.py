"""Log in and out, ready and not ready, busy, and what is asked for in between."""

from __future__ import annotations

import pytest

from acd.effects import AgentChanged
from acd.events import AgentLoggedIn, AgentLoggedOut, AgentNotReady, AgentReady, ContactQueued
from acd.model import AgentState, ContactState, OfferOutcome, QueuePolicy
from acd.refusals import InvalidTransition, UnknownEntity
from tests.unit.acd.floorplan import Center, policy

NOT_READY, READY, RESERVED = AgentState.NOT_READY, AgentState.READY, AgentState.RESERVED
BUSY, WRAP_UP, LOGGED_OUT = AgentState.BUSY, AgentState.WRAP_UP, AgentState.LOGGED_OUT


def test_an_agent_who_logs_in_is_not_ready_until_they_say_so() -> None:
    center = Center(policy())
    center.queue("c1")
    center.log_in("ann", "seat-1")
    assert (center.agent("ann").state, center.agent("ann").reason) == (NOT_READY, "logged_in")
    assert center.agent("ann").seat == "seat-1"
    assert center.router.agent_at("seat-1") == "ann"
    center.ready("ann")
    assert center.offer().agent == "ann"


def test_a_seat_holds_one_agent() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.log_in("ann", "seat-1")
    with pytest.raises(InvalidTransition, match="seat seat-1 is taken by agent ann"):
        center.log_in("bob", "seat-1")
    center.log_out("ann")
    center.log_in("bob", "seat-1")
    assert center.agent("bob").seat == "seat-1"


def test_an_agent_cannot_log_in_twice_or_work_without_logging_in() -> None:
    center = Center(policy())
    with pytest.raises(InvalidTransition, match="agent ann is logged_out: ready is not allowed"):
        center.router.handle(AgentReady(center.now, "x", "ann"))
    with pytest.raises(InvalidTransition):
        center.router.handle(AgentNotReady(center.now, "x", "ann", "lunch"))
    center.log_in("ann")
    with pytest.raises(InvalidTransition, match="log_in is not allowed"):
        center.log_in("ann", "another-seat")


def test_an_agent_or_queue_that_is_not_configured_is_named() -> None:
    center = Center(policy())
    with pytest.raises(UnknownEntity, match="agent 'zoe' is not in the routing policy"):
        center.router.handle(AgentLoggedIn(center.now, "x", "zoe", "seat-1"))
    with pytest.raises(UnknownEntity, match="queue 'nowhere' is not in the routing policy"):
        center.router.handle(ContactQueued(center.now, "x", "c1", "nowhere", 0, center.now))


def test_log_out_told_again_changes_nothing() -> None:
    center = Center(policy())
    assert center.router.handle(AgentLoggedOut(center.now, "x", "ann")) == ()


def test_another_reason_is_told_but_being_ready_already_is_not() -> None:
    center = Center(policy())
    center.ready("ann")
    assert center.ready("ann") == ()
    center.not_ready("ann", "lunch")
    since = center.now
    center.wait(5)
    center.not_ready("ann", "training")
    changed = center.heard(AgentChanged)[0]
    assert (changed.reason, changed.since) == ("training", since)


def test_a_phone_that_is_free_ends_the_contact_even_if_the_caller_stays_on_the_line() -> None:
    center = Center(policy())
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    assert center.router.contact("c1") is None
    assert center.router.queue_figures("q").talking == 0
    assert center.leave("c1") == ()


def test_a_break_asked_for_during_a_call_begins_after_its_wrap_up() -> None:
    center = Center(policy())
    center.ready("ann")
    center.connect("c1", "ann")
    center.not_ready("ann", "lunch")
    assert (center.agent("ann").state, center.agent("ann").next_state) == (BUSY, NOT_READY)
    assert center.heard(AgentChanged)[0].next_reason == "lunch"
    center.release("ann")
    assert (center.agent("ann").state, center.agent("ann").next_state) == (WRAP_UP, NOT_READY)
    center.wait(10)
    assert (center.agent("ann").state, center.agent("ann").reason) == (NOT_READY, "lunch")


def test_a_break_asked_for_while_the_phone_rings_begins_when_the_caller_hangs_up() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.not_ready("ann", "lunch")
    assert center.agent("ann").state is RESERVED
    center.leave("c1")
    center.end(offer)
    assert (center.agent("ann").state, center.agent("ann").reason) == (NOT_READY, "lunch")


def test_a_break_asked_for_can_be_taken_back() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.not_ready("ann", "lunch")
    center.ready("ann")
    assert center.agent("ann").next_state is READY
    assert center.ready("ann") == (), "nothing is told twice"
    center.release("ann")
    assert center.agent("ann").state is READY


def test_a_log_out_during_a_call_happens_after_it_without_wrap_up() -> None:
    center = Center(policy())
    center.ready("ann")
    center.connect("c1", "ann")
    center.log_out("ann")
    assert (center.agent("ann").state, center.agent("ann").next_state) == (BUSY, LOGGED_OUT)
    assert center.contact("c1").state is ContactState.CONNECTED
    center.release("ann")
    assert center.agent("ann").state is LOGGED_OUT
    assert center.agent("ann").seat is None
    assert center.heard(AgentChanged)[0].seat == "seat-ann", "who reads it knows which seat is free"


def test_a_log_out_while_the_phone_rings_happens_when_the_offer_has_ended() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.log_out("ann")
    center.end(offer, OfferOutcome.NO_ANSWER)
    assert center.agent("ann").state is LOGGED_OUT
    assert center.contact("c1").state is ContactState.WAITING


def test_a_call_of_the_agents_own_makes_them_busy_and_gives_the_former_state_back() -> None:
    center = Center(policy())
    center.ready("ann")
    center.engage("ann")
    assert center.agent("ann").state is BUSY
    assert center.engage("ann") == ()
    center.release("ann")
    assert center.agent("ann").state is READY
    center.not_ready("ann", "lunch")
    center.engage("ann")
    assert center.agent("ann").next_state is NOT_READY
    center.release("ann")
    assert (center.agent("ann").state, center.agent("ann").reason) == (NOT_READY, "lunch")


def test_a_phone_nobody_is_logged_in_at_or_known_to_be_free_changes_nothing() -> None:
    center = Center(policy())
    assert center.engage("ann") == ()
    assert center.release("ann") == ()
    center.ready("ann")
    assert center.release("ann") == ()


def test_counts_by_state_are_of_those_who_have_what_the_queue_requires() -> None:
    center = Center(
        policy(
            [QueuePolicy("en", required_skills={"english": 3})],
            {"ann": {"english": 4}, "bob": {"english": 2}, "cyd": {"english": 3}},
        )
    )
    center.ready("ann", "bob")
    counts = center.router.agents_of("en")
    assert (counts[READY], counts[LOGGED_OUT], counts[BUSY]) == (1, 1, 0)
    assert not any(center.router.agents_of("nowhere").values())


def test_agents_of_a_queue_are_counted_each() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    center.ready("ann", "bob")
    counts = center.router.agents_of("q")
    assert (counts[AgentState.READY], counts[AgentState.LOGGED_OUT]) == (2, 1)
