"""Customer first: a citizen is dialled while an agent is kept free, and served before everybody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.effects import AgentChanged, CallbackChanged, ContactDiverted, DialCallback, MakeOffer
from acd.model import (
    AgentState,
    AttemptOutcome,
    CallbackEnd,
    CallbackMode,
    CallbackState,
    CallbackTerms,
    ContactState,
    Diversion,
    OfferOutcome,
    QueuePolicy,
    Reserve,
)
from tests.unit.acd.floorplan import Center, policy

FIRST = CallbackMode.CUSTOMER_FIRST
TERMS = CallbackTerms(
    busy_delay_s=60.0,
    no_answer_delay_s=120.0,
    failed_delay_s=30.0,
    abandoned_after_s=2.0,
    abandoned_prompt="sorry",
)


def center(agents: tuple[str, ...] = ("ann",), *, rest: dict[str, Any] | None = None, **terms: Any) -> Center:
    queue = QueuePolicy("q", callbacks=replace(TERMS, **terms), wrap_up_s=10.0)
    return Center(policy([queue, QueuePolicy("other")], {name: {} for name in agents}, **(rest or {})))


def answers(floor: Center, callback: str, call: str = "c1") -> None:
    """The citizen of a callback answers and reaches the queue."""
    floor.queue(call, callback=callback)


def promised(floor: Center, agent: str) -> str | None:
    return floor.router._floor.agents[agent].promised


def test_a_citizen_is_dialled_once_an_agent_is_free_who_is_then_asked_for_nobody_else() -> None:
    floor = center()
    floor.request_callback("k1", mode=FIRST)
    assert not floor.heard(DialCallback)
    floor.ready("ann")
    [dial] = floor.heard(DialCallback)
    assert (dial.callback, dial.agent, dial.attempt, dial.mode) == ("k1", "ann", 1, FIRST)
    assert floor.callback("k1").state is CallbackState.DIALLING
    assert (floor.agent("ann").state, floor.agent("ann").reason) == (AgentState.READY, "promised")
    assert floor.router.promised("q") == 1
    floor.queue("c9")
    assert not floor.heard(MakeOffer), "a caller does not take the agent away"


def test_as_many_are_dialled_as_agents_are_free() -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann", "bob")
    for number in range(3):
        floor.request_callback(f"k{number}", mode=FIRST)
    states = [floor.callback(f"k{number}").state for number in range(3)]
    assert states == [CallbackState.DIALLING, CallbackState.DIALLING, CallbackState.WAITING]
    assert (floor.router.promised("q"), floor.router.promised("other")) == (2, 0)


def test_who_is_to_be_dialled_next_is_told_in_the_order_of_their_places() -> None:
    floor = center(())
    floor.queue("c9")
    floor.request_callback("later", mode=FIRST)
    floor.request_callback("earlier", mode=FIRST, queued_at=floor.now - 60)
    floor.request_callback("urgent", mode=FIRST, priority=3)
    floor.request_callback("agent first")
    floor.request_callback("elsewhere", "other", mode=FIRST)
    assert floor.router.to_be_dialled("q", 9) == ["urgent", "earlier", "later"]
    assert floor.router.to_be_dialled("q", 2) == ["urgent", "earlier"]
    assert floor.router.to_be_dialled("other", 9) == ["elsewhere"]


def test_the_citizen_who_answers_gets_the_agent_before_callers_who_wait_longer() -> None:
    floor = center(rest={"priority_worth_s": 10.0})
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.queue("c9", priority=50)
    floor.wait(100)
    answers(floor, "k1")
    offer = floor.offer()
    assert (offer.contact, offer.agent, offer.callback) == ("c1", "ann", False)
    floor.answer(offer.offer)
    floor.end_attempt("k1", AttemptOutcome.REACHED)
    [over] = floor.heard(CallbackChanged)
    assert over.end is CallbackEnd.REACHED
    assert floor.agent("ann").state is AgentState.BUSY
    floor.release("ann")
    assert floor.agent("ann").state is AgentState.WRAP_UP
    figures = floor.router.queue_figures("q")
    assert (figures.callbacks_reached, figures.handled) == (1, 0)
    assert (figures.offered, figures.answered, figures.returned) == (1, 0, 0), "the caller who still waits"


def test_an_agent_kept_for_urgent_callers_serves_the_citizen_who_was_promised_them() -> None:
    rules = policy([QueuePolicy("q", callbacks=TERMS)], {"ann": {"tax": 3}, "bob": {"tax": 3}})
    floor = Center(replace(rules, reserves=(Reserve("tax", 1, 5),)))
    floor.ready("ann", "bob")
    floor.request_callback("k1", mode=FIRST)
    floor.not_ready("bob" if promised(floor, "ann") else "ann")
    answers(floor, "k1")
    assert floor.offer().contact == "c1"


def test_the_owner_is_promised_from_outside_the_queue_and_takes_the_citizen() -> None:
    rules = policy([QueuePolicy("q", {"tax": 1}, callbacks=TERMS)], {"ann": {}, "bob": {"tax": 3}})
    floor = Center(rules)
    floor.ready("ann", "bob")
    floor.request_callback("k1", mode=FIRST, owner="ann")
    assert (promised(floor, "ann"), promised(floor, "bob")) == ("k1", None)
    answers(floor, "k1")
    assert floor.offer().agent == "ann"


@pytest.mark.parametrize(
    ("outcome", "delay_s"),
    [(AttemptOutcome.BUSY, 60.0), (AttemptOutcome.NO_ANSWER, 120.0), (AttemptOutcome.FAILED, 30.0)],
)
def test_who_was_not_reached_is_tried_again_by_the_same_rule_and_frees_the_agent(
    outcome: AttemptOutcome, delay_s: float
) -> None:
    floor = center()
    floor.ready("ann")
    since = floor.router._floor.agents["ann"].idle_since
    floor.request_callback("k1", mode=FIRST)
    floor.queue("c9")
    floor.wait(20)
    floor.end_attempt("k1", outcome)
    record = floor.callback("k1")
    assert (record.state, record.attempts) == (CallbackState.SCHEDULED, 1)
    assert (record.due_at, record.mode) == (floor.now + delay_s, FIRST)
    assert floor.offer().contact == "c9"
    assert floor.router._floor.agents["ann"].idle_since == since


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (AttemptOutcome.INVALID_NUMBER, CallbackEnd.INVALID_NUMBER),
        (AttemptOutcome.NO_ANSWER, CallbackEnd.UNREACHED),
    ],
)
def test_an_invalid_number_and_the_last_attempt_end_it_and_free_the_agent(
    outcome: AttemptOutcome, end: CallbackEnd
) -> None:
    floor = center(max_attempts=1)
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.end_attempt("k1", outcome)
    assert [change.end for change in floor.heard(CallbackChanged)] == [end]
    assert (floor.agent("ann").reason, promised(floor, "ann")) == (None, None)


def test_who_could_not_be_dialled_at_all_has_made_no_attempt_and_is_dialled_at_once() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.end_attempt("k1", AttemptOutcome.CANCELLED)
    assert [dial.attempt for dial in floor.heard(DialCallback)] == [1]
    assert (floor.callback("k1").attempts, promised(floor, "ann")) == (0, "k1")


def test_an_answered_citizen_without_an_agent_hears_so_and_is_called_again_with_an_agent_first() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.engage("ann")
    assert floor.router.promised("q") == 0
    answers(floor, "k1")
    assert not floor.wait(1.9)
    [diverted] = [each for each in floor.wait(0.1) if isinstance(each, ContactDiverted)]
    assert (diverted.contact, diverted.to, diverted.target) == ("c1", Diversion.MESSAGE, "sorry")
    floor.end_attempt("k1", AttemptOutcome.ABANDONED)
    record = floor.callback("k1")
    assert (record.state, record.attempts) == (CallbackState.SCHEDULED, 0)
    assert (record.mode, record.due_at) == (CallbackMode.AGENT_FIRST, floor.now + 30.0)
    figures = floor.router.queue_figures("q")
    assert (figures.offered, figures.abandoned, figures.diverted) == (0, 0, 0), "nobody called"


def test_a_citizen_whose_agents_phone_rings_is_not_sent_away_until_it_stops() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    answers(floor, "k1")
    offer = floor.offer()
    assert not [each for each in floor.wait(10) if isinstance(each, ContactDiverted)]
    floor.end(offer.offer, OfferOutcome.NO_ANSWER)
    assert [each.contact for each in floor.wait(0) if isinstance(each, ContactDiverted)] == ["c1"]


def test_who_is_dialled_beyond_the_agents_takes_the_one_promised_to_a_phone_that_still_rings() -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann", "bob")
    floor.request_callback("k1", mode=FIRST)
    floor.wait(1)
    floor.request_callback("k2", mode=FIRST)
    floor.request_callback("k3", mode=FIRST)
    later = "ann" if promised(floor, "ann") == "k2" else "bob"
    floor.take_callback("k3")
    assert floor.callback("k3").state is CallbackState.DIALLING
    answers(floor, "k3")
    assert floor.offer().agent == later, "the one whose citizen was dialled last"
    assert floor.router.promised("q") == 1
    answers(floor, "k2", "c2")
    assert floor.offer().contact == "c2"
    answers(floor, "k1", "c3")
    assert not floor.heard(MakeOffer)
    assert floor.contact("c3").state is ContactState.WAITING


def test_a_free_agent_of_the_queue_comes_before_one_who_is_promised_to_somebody_else() -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.request_callback("k2", mode=FIRST)
    floor.take_callback("k2")
    floor.ready("bob")
    answers(floor, "k2")
    assert floor.offer().agent == "bob"
    assert promised(floor, "ann") == "k1"


def test_a_citizen_of_another_queue_does_not_take_an_agent_who_does_not_serve_it() -> None:
    rules = policy(
        [QueuePolicy("q", callbacks=TERMS), QueuePolicy("law", {"law": 1}, callbacks=TERMS)], {"ann": {}}
    )
    floor = Center(rules)
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.request_callback("k2", "law", mode=FIRST)
    floor.take_callback("k2")
    floor.queue("c1", "law", callback="k2")
    assert not floor.heard(MakeOffer)
    assert promised(floor, "ann") == "k1"


@pytest.mark.parametrize("leaves", ["log_out", "not_ready", "lose_phone", "engage"])
def test_an_agent_who_is_not_there_any_more_is_promised_to_nobody(leaves: str) -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    getattr(floor, leaves)("ann")
    assert promised(floor, "ann") is None
    assert floor.heard(AgentChanged)[-1].reason != "promised"
    assert floor.router.promised("q") == 0
    floor.end_attempt("k1", AttemptOutcome.NO_ANSWER)
    assert floor.callback("k1").state is CallbackState.SCHEDULED


def test_a_citizen_found_on_the_line_after_a_restart_is_first_without_a_promise() -> None:
    floor = center()
    floor.queue("c9")
    floor.request_callback("k1", mode=FIRST, restored=True, dialling=True)
    answers(floor, "k1")
    floor.ready("ann")
    assert floor.offer().contact == "c1"


def test_the_citizen_of_a_callback_that_is_over_is_first_all_the_same() -> None:
    floor = center()
    floor.queue("c9")
    answers(floor, "k1")
    floor.ready("ann")
    assert floor.offer().contact == "c1"


def test_a_new_policy_keeps_what_is_promised() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", mode=FIRST)
    floor.apply(policy([QueuePolicy("q", callbacks=TERMS)], {"ann": {}}))
    floor.queue("c9")
    assert not floor.heard(MakeOffer)
    answers(floor, "k1")
    assert floor.offer().contact == "c1"
