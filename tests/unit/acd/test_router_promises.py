"""Customer first: an agent who is promised to a citizen goes away while the citizen's phone still rings."""

from __future__ import annotations

import json

import pytest

from acd.effects import CallbackChanged, ContactDiverted, MakeOffer
from acd.model import (
    AttemptOutcome,
    CallbackMode,
    CallbackState,
    QueuePolicy,
)
from acd.router import Router
from tests.unit.acd.floorplan import Center, policy
from tests.unit.acd.test_router_dialled import FIRST, TERMS, answers, center, promised

LEAVES = pytest.mark.parametrize("leaves", ["log_out", "not_ready", "lose_phone", "engage"])


def kept_for(floor: Center, callback: str) -> str:
    """Who is promised to the citizen of the callback."""
    [agent] = [each.agent for each in floor.router.agents() if promised(floor, each.agent) == callback]
    return agent


@LEAVES
def test_another_free_agent_is_promised_at_once(leaves: str) -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann", "bob")
    floor.request_callback("k1", mode=FIRST)
    first = kept_for(floor, "k1")
    getattr(floor, leaves)(first)
    other = kept_for(floor, "k1")
    assert other != first
    assert not floor.heard(CallbackChanged), "the citizen's phone rings on"
    floor.queue("c9")
    assert not floor.heard(MakeOffer), "a caller does not take that one away either"
    answers(floor, "k1")
    assert (floor.offer().agent, floor.offer().contact) == (other, "c1")


def test_the_longest_idle_is_promised() -> None:
    floor = center(("ann", "bob", "cyd"))
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    for agent in ("cyd", "bob"):
        floor.wait(1)
        floor.ready(agent)
    floor.log_out("ann")
    assert kept_for(floor, "k1") == "cyd"


@LEAVES
def test_while_nobody_is_free_the_phone_rings_on_and_the_next_agent_is_promised_before_all_who_wait(
    leaves: str,
) -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.request_callback("k2", mode=FIRST)
    floor.queue("c9", priority=50)
    getattr(floor, leaves)("ann")
    assert not floor.heard(CallbackChanged)
    assert floor.callback("k1").state is CallbackState.DIALLING
    floor.wait(10)
    floor.ready("bob")
    assert kept_for(floor, "k1") == "bob"
    assert not floor.heard(MakeOffer)
    assert floor.callback("k2").state is CallbackState.WAITING, "nobody else is dialled for them"
    answers(floor, "k1")
    assert floor.offer().agent == "bob"


def test_the_same_agent_is_promised_again_when_they_are_back_in_time() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.engage("ann")
    floor.release("ann")
    assert kept_for(floor, "k1") == "ann"


def test_when_nobody_is_back_in_time_the_citizen_who_answers_hears_so() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.log_out("ann")
    floor.wait(10)
    answers(floor, "k1")
    [diverted] = [each for each in floor.wait(2) if isinstance(each, ContactDiverted)]
    assert (diverted.contact, diverted.target) == ("c1", "sorry")


def test_who_answered_comes_before_a_phone_that_still_rings_and_that_before_callers() -> None:
    floor = center(("ann", "bob", "cyd"))
    floor.ready("ann", "bob")
    floor.request_callback("k1", mode=FIRST)
    floor.request_callback("k2", mode=FIRST)
    floor.queue("c9")
    floor.log_out("ann")
    floor.log_out("bob")
    answers(floor, "k1")
    assert not floor.heard(MakeOffer)
    floor.ready("cyd")
    assert floor.offer().contact == "c1"
    floor.ready("ann")
    assert not floor.heard(MakeOffer)
    assert kept_for(floor, "k2") == "ann"
    floor.ready("bob")
    assert floor.offer().contact == "c9"


def test_agents_are_promised_in_the_order_in_which_the_first_ones_went_away() -> None:
    floor = center(("ann", "bob", "cyd"))
    floor.ready("ann", "bob")
    floor.request_callback("k1", mode=FIRST)
    floor.request_callback("k2", mode=FIRST)
    floor.log_out(kept_for(floor, "k2"))
    floor.log_out(kept_for(floor, "k1"))
    floor.ready("cyd")
    assert kept_for(floor, "k2") == "cyd"


@pytest.mark.parametrize("skills", [{}, {"law": 2}], ids=["without the skill", "with too little of it"])
def test_an_agent_of_another_queue_is_not_promised(skills: dict[str, int]) -> None:
    rules = policy(
        [QueuePolicy("law", {"law": 3}, callbacks=TERMS), QueuePolicy("q")],
        {"ann": {"law": 3}, "bob": skills},
    )
    floor = Center(rules)
    floor.ready("ann", "bob")
    floor.request_callback("k1", "law", mode=FIRST)
    floor.log_out("ann")
    assert promised(floor, "bob") is None
    floor.queue("c9")
    assert floor.offer().agent == "bob"


def test_who_lost_theirs_and_answers_takes_another_ones_who_then_gets_the_next() -> None:
    floor = center(("ann", "bob", "cyd"))
    floor.ready("ann", "bob")
    floor.request_callback("k1", mode=FIRST)
    floor.request_callback("k2", mode=FIRST)
    second = kept_for(floor, "k2")
    floor.log_out(kept_for(floor, "k1"))
    floor.queue("c9")
    answers(floor, "k1")
    assert (floor.offer().contact, floor.offer().agent) == ("c1", second)
    floor.ready("cyd")
    assert kept_for(floor, "k2") == "cyd"


def test_who_was_dialled_beyond_the_agents_is_owed_none() -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.request_callback("k2", mode=FIRST)
    floor.take_callback("k2")
    floor.queue("c9")
    answers(floor, "k2")
    assert (floor.offer().contact, floor.offer().agent) == ("c1", "ann")
    floor.ready("bob")
    assert floor.offer().contact == "c9", "the pace knew that one of the two may find nobody"


def test_one_dialled_beyond_the_agents_takes_nobody_who_is_promised_in_another_queue() -> None:
    rules = policy([QueuePolicy("q", callbacks=TERMS), QueuePolicy("other", callbacks=TERMS)], {"ann": {}})
    floor = Center(rules)
    floor.ready("ann")
    floor.request_callback("k1", "other", mode=FIRST)
    floor.request_callback("k2", mode=FIRST)
    floor.take_callback("k2")
    answers(floor, "k2")
    assert not floor.heard(MakeOffer)
    assert kept_for(floor, "k1") == "ann", "each queue's rate is its own"


@pytest.mark.parametrize("outcome", [AttemptOutcome.NO_ANSWER, AttemptOutcome.INVALID_NUMBER])
def test_nobody_is_promised_any_more_once_the_attempt_is_over(outcome: AttemptOutcome) -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.log_out("ann")
    floor.end_attempt("k1", outcome)
    floor.ready("bob")
    assert floor.agent("bob").reason is None


def test_a_citizen_found_waiting_needs_no_promise_besides() -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.log_out("ann")
    answers(floor, "k1")
    floor.ready("bob")
    assert floor.offer().contact == "c1"
    floor.ready("ann")
    assert floor.agent("ann").reason is None


@pytest.mark.parametrize(
    ("mode", "reason"), [(CallbackMode.CUSTOMER_FIRST, "promised"), (CallbackMode.AGENT_FIRST, None)]
)
def test_after_a_restart_a_citizen_who_is_being_dialled_is_promised_the_first_free_agent(
    mode: CallbackMode, reason: str | None
) -> None:
    floor = center()
    floor.request_callback("k1", mode=mode, restored=True, dialling=True)
    floor.ready("ann")
    assert floor.agent("ann").reason == reason


def test_a_snapshot_tells_who_is_owed_an_agent() -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.log_out("ann")
    snapshot = json.loads(json.dumps(floor.router.snapshot()))
    floor.router = Router.restore(floor.router._floor.policy, snapshot)
    floor.ready("bob")
    assert kept_for(floor, "k1") == "bob"
