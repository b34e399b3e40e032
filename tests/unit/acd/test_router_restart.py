"""What comes back after a restart of the service, and a router's state as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acd.effects import CancelOffer, MakeOffer, OfferClosed
from acd.events import ContactRestored
from acd.model import (
    AgentState,
    AttemptOutcome,
    CallbackMode,
    CallbackState,
    CallbackTerms,
    ContactState,
    Has,
    OfferOutcome,
    OneOf,
    QueuePolicy,
    RoutingStep,
)
from acd.records import ContactRecord
from acd.refusals import InvalidTransition, UnknownEntity
from acd.router import Router
from tests.unit.acd.effort import effort
from tests.unit.acd.floorplan import TWO_QUEUES, Center, policy
from tests.unit.acd.random_day import fingerprint

ROOT = Path(__file__).parents[3]
TWO = policy(agents={"ann": {}, "bob": {}})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AgentState.NOT_READY, AgentState.NOT_READY),
        (AgentState.READY, AgentState.READY),
        (AgentState.RESERVED, AgentState.READY),
        (AgentState.BUSY, AgentState.BUSY),
        (AgentState.WRAP_UP, AgentState.WRAP_UP),
        (AgentState.LOGGED_OUT, AgentState.LOGGED_OUT),
    ],
)
def test_an_agent_comes_back_in_the_state_they_had(before: AgentState, after: AgentState) -> None:
    center = Center(policy())
    center.restore_agent("ann", before, "lunch", until=center.now + 5)
    record = center.agent("ann")
    assert record.state is after
    assert record.reason == ("lunch" if after is AgentState.NOT_READY else None)
    assert record.until == (center.now + 5 if after is AgentState.WRAP_UP else None)
    if after is not AgentState.LOGGED_OUT:
        assert record.since == center.now - 60
        assert center.restore_agent("ann", AgentState.NOT_READY) == (), "what the router knows is newer"


def test_a_restored_wrap_up_ends_by_itself() -> None:
    center = Center(TWO)
    center.restore_agent("ann", AgentState.WRAP_UP, until=center.now + 5)
    center.restore_agent("bob", AgentState.WRAP_UP)
    center.wait(0)
    assert center.agent("bob").state is AgentState.READY
    center.wait(5)
    assert center.agent("ann").state is AgentState.READY


def test_a_restored_busy_agent_is_ready_when_their_phone_turns_out_to_be_free() -> None:
    center = Center(policy())
    center.restore_agent("ann", AgentState.BUSY)
    center.release("ann")
    assert center.agent("ann").state is AgentState.READY


def test_a_restored_agent_who_is_no_longer_configured_is_left_out() -> None:
    assert Center(policy()).restore_agent("zoe", AgentState.READY) == ()


def test_two_agents_cannot_come_back_to_one_seat() -> None:
    center = Center(TWO)
    center.restore_agent("ann", AgentState.READY, seat="seat-1")
    with pytest.raises(InvalidTransition, match="seat seat-1 is taken by agent ann"):
        center.restore_agent("bob", AgentState.READY, seat="seat-1")


def test_a_contact_found_talking_is_connected_with_its_agent() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=9)]))
    center.restore_agent("ann", AgentState.READY)
    center.restore_contact("c1", "ann")
    assert center.contact("c1").state is ContactState.CONNECTED
    assert center.agent("ann").state is AgentState.BUSY
    assert center.restore_contact("c1", "ann") == ()
    assert center.queue("c1") == ()
    center.release("ann")
    assert center.agent("ann").until == center.now + 9


def test_a_contact_found_talking_with_someone_who_is_not_logged_in_is_connected_all_the_same() -> None:
    center = Center(policy())
    center.restore_contact("c1", "ann")
    center.restore_contact("c2", "zoe")
    assert center.contact("c1").state is center.contact("c2").state is ContactState.CONNECTED
    assert center.agent("ann").state is AgentState.LOGGED_OUT


def test_a_contact_found_talking_in_a_queue_that_is_gone_is_refused() -> None:
    center = Center(policy())
    with pytest.raises(UnknownEntity):
        center.router.handle(ContactRestored(center.now, "x", "c1", "gone", 0, center.now, "ann"))


def test_a_waiting_contact_found_talking_was_answered_while_nobody_listened() -> None:
    center = Center(policy())
    center.queue("c1")
    center.log_in("ann")
    center.restore_contact("c1", "ann")
    assert center.contact("c1").agent == "ann"
    assert center.router.queue_figures("q").answered == 1


def test_an_offered_contact_found_talking_with_that_agent_was_accepted() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    center.restore_contact("c1", "ann")
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.ACCEPTED
    assert center.agent("ann").state is AgentState.BUSY


def test_an_offered_contact_found_talking_with_another_ends_the_ringing() -> None:
    center = Center(TWO)
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.log_in("bob")
    center.restore_contact("c1", "bob")
    assert [effect.offer for effect in center.heard(CancelOffer)] == [offer]
    center.end(offer)
    assert center.agent("ann").state is AgentState.READY


def test_a_contact_told_again_keeps_its_place_and_its_offer() -> None:
    center = Center(policy())
    center.queue("c1")
    assert center.queue("c1", priority=9) == ()
    center.ready("ann")
    assert center.queue("c1") == ()
    assert center.contact("c1").state is ContactState.OFFERED


def test_a_restored_router_goes_on_where_the_other_stood() -> None:
    rules = policy([QueuePolicy("old"), QueuePolicy("q", required_skills={"tax": 1})], {"ann": {"tax": 1}})
    center = Center(rules)
    center.queue("drains", "old")
    center.ready("ann")
    center.answer(center.offer().offer)
    center.queue("c1")
    now = policy([QueuePolicy("q", required_skills={"tax": 1})], {"ann": {"tax": 1}})
    center.apply(now)
    saved = json.loads(json.dumps(center.router.snapshot()))
    twin = Router.restore(now, saved)
    assert twin.snapshot() == center.router.snapshot()
    assert twin.queue_figures(None) == center.router.queue_figures(None)
    twin_center = Center(now)
    twin_center.router, twin_center.now = twin, center.now
    for each in (center, twin_center):
        each.release("ann")
        each.wait(10)
        assert [offer.contact for offer in each.all_said if isinstance(offer, MakeOffer)][-1] == "c1"


def test_a_restored_router_knows_everything_that_was_under_way_and_goes_on_with_it() -> None:
    queue = QueuePolicy("q", offer_backoff_s=30, callbacks=CallbackTerms(busy_delay_s=40.0))
    expert = RoutingStep(Has("tax", 4), 20)
    rules = policy(
        [queue, QueuePolicy("tax", {"tax": 1}, steps=(expert,))],
        {"ann": {}, "bob": {}, "cyd": {}, "dan": {}, "eve": {"tax": 5}, "fay": {"tax": 1}, "gus": {}},
        keep_place_s=60.0,
    )
    center = Center(rules)
    center.ready("ann", "bob", "cyd", "dan")
    center.request_callback("dialled", caller="a")
    center.answer(center.offer().offer)
    center.queue("rings")
    center.queue("hangs up", caller="b")
    ending = center.offer().offer
    center.leave("hangs up", cut_off=True)
    center.request_callback("busy", caller="c")
    center.answer(center.offer().offer)
    center.end_attempt("busy", AttemptOutcome.BUSY)
    center.cancel_callback("dialled")
    center.log_in("eve")
    center.ready("fay")
    center.queue("waits for an expert", "tax", steps=(RoutingStep(OneOf(("eve",)), 5),))
    center.queue("not taken", "tax", steps=(RoutingStep(OneOf(("fay",)), 60),))
    center.end(center.offer().offer, OfferOutcome.REJECTED)
    center.request_callback("waits", mode=CallbackMode.CUSTOMER_FIRST)
    center.request_callback("waits as a contact", "tax")
    center.request_callback("later", caller="d", earliest_at=center.now + 10)
    center.release("dan")
    assert {record.state for record in center.router.callbacks()} == set(CallbackState)
    twin = Center(rules)
    twin.router = Router.restore(rules, json.loads(json.dumps(center.router.snapshot())))
    twin.now, twin.log = center.now, list(center.log)
    assert twin.router.snapshot() == center.router.snapshot()
    goes_on: list[Callable[[Center], Any]] = [
        lambda each: each.answer(ending),
        lambda each: each.end_attempt("dialled", AttemptOutcome.NO_ANSWER),
        lambda each: each.release("ann"),
        lambda each: each.wait(12),
        lambda each: each.queue("again", caller="b"),
        lambda each: each.ready("fay", "eve"),
        lambda each: each.wait(100),
    ]
    for happens in goes_on:
        assert happens(twin) == happens(center)
    assert twin.router.snapshot() == center.router.snapshot()


def test_a_snapshot_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 0"):
        Router.restore(policy(), {"version": 0})


EVENTS = 3000


@pytest.mark.parametrize("seed", [7, 8])
def test_the_same_events_give_the_same_effects_after_a_snapshot_and_restore_anywhere(seed: int) -> None:
    events = effort(EVENTS)
    straight = fingerprint(seed, events)
    for restored_after in (1, events // 3, events // 2, events - 1):
        assert fingerprint(seed, events, restored_after) == straight


def test_the_same_events_give_the_same_effects_whatever_the_hash_seed() -> None:
    prints = {
        subprocess.run(
            [sys.executable, "-m", "tests.unit.acd.random_day", "7", str(EVENTS), *restored_after],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed, *restored_after in (("0",), ("1",), ("4242",), ("77", str(EVENTS // 2)))
    }
    assert len(prints) == 1
    assert len(prints.pop()) == 65


def test_a_restored_wrap_up_goes_on_and_restored_agents_keep_their_idle_rank() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    center.restore_agent("ann", AgentState.WRAP_UP, until=center.now + 5)
    center.wait(4.9)
    assert center.agent("ann").state is AgentState.WRAP_UP
    center.now += 100
    center.restore_agent("bob", AgentState.READY)
    center.now -= 50
    center.restore_agent("cyd", AgentState.READY)
    center.queue("c1")
    assert center.offer().agent == "cyd", "ready since 50 s earlier"


def test_a_call_that_a_restored_agent_was_on_costs_the_idle_rank() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.restore_agent("ann", AgentState.BUSY)
    center.ready("bob")
    center.wait(5)
    center.release("ann")
    center.queue("c1")
    assert center.offer().agent == "bob"


def test_a_router_that_starts_with_a_restored_agent_not_at_work_keeps_their_rank() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.restore_agent("ann", AgentState.READY)
    center.ready("bob")
    center.engage("ann")
    center.wait(5)
    center.release("ann")
    center.queue("c1")
    assert center.offer().agent == "bob", "a call of their own was work"


def test_a_contact_found_talking_is_known_as_it_was_told() -> None:
    center = Center(TWO_QUEUES)
    center.tell(ContactRestored(center.now, "x", "c1", "q", 3, center.now - 30, "ann"))
    assert center.contact("c1") == ContactRecord(
        "c1", "q", 3, ContactState.CONNECTED, center.now - 30, center.now, "ann", False
    )
    saved = center.router.snapshot()["contacts"][0]
    assert (saved["place_from"], saved["steps_from"]) == (center.now - 30, center.now - 30)


def test_a_waiting_contact_found_talking_is_the_agents_work_in_the_queue_it_waited_in() -> None:
    center = Center(TWO_QUEUES)
    center.queue("c1")
    center.log_in("ann")
    center.restore_contact("c1", "ann", queue="a queue that is gone")
    ann = center.router.agent_figures("ann")
    assert ann is not None
    assert ann.answered == 1
    assert ann.agent == "ann"
    center.wait(20)
    center.release("ann")
    center.wait(10)
    assert center.router.queue_figures("q").handling_time_s == 30


def test_one_counted_before_a_restart_and_found_talking_in_another_queue_moved_there() -> None:
    center = Center(TWO_QUEUES)
    center.queue("c1")
    fresh = Center(TWO_QUEUES)
    fresh.now = center.now + 40
    fresh.router.restore_figures(center.router.figures_snapshot())
    fresh.log_in("ann")
    fresh.restore_contact("c1", "ann", "p")
    q, p = fresh.router.queue_figures("q"), fresh.router.queue_figures("p")
    assert (q.offered, q.moved_away, p.offered, p.answered) == (1, 1, 1, 1)
    ann = fresh.router.agent_figures("ann")
    assert ann is not None
    assert ann.answered == 1
