"""When a wrap-up begins, how long it goes on, and what ends it."""

from __future__ import annotations

import pytest

from acd.model import AgentPolicy, AgentState, QueuePolicy
from acd.refusals import InvalidTransition
from tests.unit.acd.floorplan import Center, policy


def test_a_call_is_followed_by_its_queues_wrap_up_and_then_by_work() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=30)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.leave("c1")
    assert center.agent("ann").state is AgentState.BUSY, "the phone is not free yet"
    center.wait(1)
    center.release("ann")
    assert (center.agent("ann").state, center.agent("ann").until) == (AgentState.WRAP_UP, center.now + 30)
    assert center.agent("ann").contact == "c1"
    center.wait(29.9)
    assert center.agent("ann").state is AgentState.WRAP_UP
    center.wait(0.1)
    assert center.agent("ann").state is AgentState.READY
    assert center.agent("ann").contact is None


def test_a_queue_without_wrap_up_gives_the_next_contact_at_once() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.queue("c2")
    center.leave("c1")
    center.release("ann")
    assert center.offer().contact == "c2"


def test_ready_ends_a_wrap_up_early() -> None:
    center = Center(policy())
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    center.queue("c2")
    center.ready("ann")
    assert center.offer().contact == "c2"


def test_a_break_asked_for_in_wrap_up_begins_at_once() -> None:
    center = Center(policy())
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    center.not_ready("ann", "lunch")
    assert (center.agent("ann").state, center.agent("ann").reason) == (AgentState.NOT_READY, "lunch")
    center.wait(60)
    assert center.agent("ann").state is AgentState.NOT_READY


def test_a_log_out_in_wrap_up_happens_at_once() -> None:
    center = Center(policy())
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    center.log_out("ann")
    assert center.agent("ann").state is AgentState.LOGGED_OUT
    assert center.router.next_deadline() is None


def test_a_wrap_up_interrupted_by_a_call_goes_on_until_its_time() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=30)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    end = center.now + 30
    center.wait(10)
    center.engage("ann")
    assert center.router.next_deadline() is None
    center.wait(10)
    center.release("ann")
    assert (center.agent("ann").state, center.agent("ann").until) == (AgentState.WRAP_UP, end)


def test_a_wrap_up_that_ran_out_during_another_call_is_over_with_it() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=30)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    center.engage("ann")
    center.wait(31)
    center.release("ann")
    assert center.agent("ann").state is AgentState.READY


def wrapping_up(max_wrap_up_s: float | None) -> Center:
    agents = {"ann": AgentPolicy("ann", {}, None, max_wrap_up_s)}
    center = Center(policy([QueuePolicy("q", wrap_up_s=20)], agents))
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    return center


def test_a_wrap_up_can_be_extended_and_ends_later() -> None:
    center = wrapping_up(None)
    end = center.now + 20
    center.wait(10)
    center.extend_wrap_up("ann", 15)
    assert center.agent("ann").until == end + 15
    center.wait(24.9)
    assert center.agent("ann").state is AgentState.WRAP_UP
    center.wait(0.1)
    assert center.agent("ann").state is AgentState.READY


def test_a_wrap_up_is_never_longer_than_the_agents_ceiling() -> None:
    center = wrapping_up(25)
    begin = center.now
    center.extend_wrap_up("ann", 15)
    assert center.agent("ann").until == begin + 25
    center.extend_wrap_up("ann", 15)
    assert center.said == ()
    assert wrapping_up(5).agent("ann").until == begin + 5


def test_only_a_wrap_up_can_be_extended() -> None:
    center = Center(policy())
    center.ready("ann")
    with pytest.raises(InvalidTransition, match="wrap_up_extended is not allowed"):
        center.extend_wrap_up("ann", 5)


def test_an_extended_wrap_up_interrupted_by_a_call_goes_on_until_its_new_end() -> None:
    center = wrapping_up(None)
    end = center.now + 30
    center.extend_wrap_up("ann", 10)
    center.engage("ann")
    center.wait(25)
    center.release("ann")
    assert (center.agent("ann").state, center.agent("ann").until) == (AgentState.WRAP_UP, end)


def test_a_wrap_up_below_a_second_is_one() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.5)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    assert center.agent("ann").until == center.now + 0.5


def test_a_wrap_up_can_be_extended_by_less_than_a_second_and_not_by_less_than_nothing() -> None:
    center = wrapping_up(None)
    end = center.agent("ann").until
    assert end is not None
    center.extend_wrap_up("ann", 0.5)
    assert center.agent("ann").until == end + 0.5
    center.extend_wrap_up("ann", -3)
    assert center.agent("ann").until == end + 0.5
