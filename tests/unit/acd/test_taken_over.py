"""What a snapshot is, and what the router takes over: contacts, callbacks and figures, field by field."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace

import pytest

from acd.effects import OfferClosed
from acd.events import ContactRestored
from acd.model import (
    AgentState,
    ContactState,
    Diversion,
    Has,
    Limit,
    OfferOutcome,
    OneOf,
    OverflowRule,
    QueuePolicy,
    RoutingStep,
)
from acd.records import ContactRecord
from acd.refusals import InvalidTransition
from acd.router import Router
from tests.unit.acd.floorplan import Center, policy
from tests.unit.acd.test_router_limits import CLOSES_SOON

TWO = policy([QueuePolicy("q"), QueuePolicy("p")], {"ann": {}, "bob": {}})


def busy_center() -> Center:
    """Somebody at a step, somebody diverted, somebody refused, and a story of each."""
    step = RoutingStep(Has("tax", 4), 20.0)
    center = Center(policy([QueuePolicy("q", steps=(step,), offer_backoff_s=60.0)], {"ann": {"tax": 5}}))
    center.ready("ann")
    center.queue("c1", steps=(RoutingStep(OneOf(("ann",)), 9.0),))
    center.end(center.offer().offer, OfferOutcome.REJECTED)
    center.ready("ann")
    return center


def test_a_snapshot_is_plain_data_and_stays_as_it_was() -> None:
    center = busy_center()
    saved = center.router.snapshot()
    as_it_was = deepcopy(saved)
    assert json.loads(json.dumps(saved)) == saved
    center.wait(70)
    center.queue("c2")
    assert saved == as_it_was


def test_a_router_restored_twice_from_one_snapshot_starts_twice_from_there() -> None:
    center = busy_center()
    saved = json.loads(json.dumps(center.router.snapshot()))
    as_it_was = deepcopy(saved)
    rules = center.router._floor.policy
    first = Center(rules)
    first.router, first.now = Router.restore(rules, saved), center.now
    first.wait(70)
    first.queue("c2")
    assert saved == as_it_was
    assert Router.restore(rules, saved).snapshot() == as_it_was


def test_night_mode_and_agents_who_leave_come_back_as_they_were() -> None:
    night = QueuePolicy("q", {"tax": 3}, calendar=CLOSES_SOON, night_skills={})
    rules = policy([night], {"ann": {}, "bob": {"tax": 5}})
    center = Center(rules)
    center.log_in("ann")
    center.wait(60)
    without_ann = replace(rules, agents={"bob": rules.agents["bob"]})
    center.apply(without_ann)
    twin = Center(without_ann)
    twin.router = Router.restore(without_ann, json.loads(json.dumps(center.router.snapshot())))
    twin.now = center.now
    for each in (center, twin):
        each.queue("c1")
        each.ready("ann")
        assert each.offer().agent == "ann", "at night nothing is asked for, and ann works on until she goes"
    assert twin.router.snapshot()["agents"] == center.router.snapshot()["agents"]


def test_a_contact_found_talking_is_known_as_it_was_told() -> None:
    center = Center(TWO)
    center.tell(ContactRestored(center.now, "x", "c1", "q", 3, center.now - 30, "ann"))
    assert center.contact("c1") == ContactRecord(
        "c1", "q", 3, ContactState.CONNECTED, center.now - 30, center.now, "ann", False
    )
    saved = center.router.snapshot()["contacts"][0]
    assert (saved["place_from"], saved["steps_from"]) == (center.now - 30, center.now - 30)


def test_a_waiting_contact_found_talking_is_the_agents_work_in_the_queue_it_waited_in() -> None:
    center = Center(TWO)
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
    center = Center(TWO)
    center.queue("c1")
    fresh = Center(TWO)
    fresh.now = center.now + 40
    fresh.router.restore_figures(center.router.figures_snapshot())
    fresh.log_in("ann")
    fresh.restore_contact("c1", "ann", "p")
    q, p = fresh.router.queue_figures("q"), fresh.router.queue_figures("p")
    assert (q.offered, q.moved_away, p.offered, p.answered) == (1, 1, 1, 1)
    ann = fresh.router.agent_figures("ann")
    assert ann is not None
    assert ann.answered == 1


def test_what_befalls_a_restored_contact_is_not_written_into_the_snapshot() -> None:
    limits = tuple(OverflowRule(Limit.WAITED, Diversion.CALLBACK, after_s) for after_s in (10, 40))
    rules = policy([QueuePolicy("q", overflow=limits, offer_backoff_s=5.0)])
    center = Center(rules)
    center.ready("ann")
    center.queue("c1")
    center.end(center.offer().offer, OfferOutcome.REJECTED)
    center.wait(20)
    saved = json.loads(json.dumps(center.router.snapshot()))
    as_it_was = deepcopy(saved)
    twin = Center(rules)
    twin.router, twin.now = Router.restore(rules, saved), center.now
    twin.ready("ann")
    twin.end(twin.offer().offer, OfferOutcome.REJECTED)
    twin.wait(30)
    now = twin.router.snapshot()["contacts"][0]
    assert (now["tried"]["ann"][0], len(now["diversions"])) == (2, 2)
    [before] = as_it_was["contacts"]
    assert (before["tried"]["ann"][0], len(before["diversions"])) == (1, 1)
    assert saved == as_it_was


def test_the_terms_of_a_queue_that_drains_come_back_whole() -> None:
    limit = OverflowRule(Limit.WAITED, Diversion.MESSAGE, 60, "sorry")
    terms = QueuePolicy("old", {"tax": 2}, overflow=(limit,), calendar=CLOSES_SOON)
    center, without = Center(policy([terms, QueuePolicy("q")])), policy([QueuePolicy("q")])
    center.queue("c1", "old")
    center.apply(without)
    saved = json.loads(json.dumps(center.router.snapshot()))
    assert Router.restore(without, saved)._floor.terms["old"] == terms


def test_that_an_offer_failed_stands_in_the_agents_story() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    center.end(center.offer().offer, OfferOutcome.NO_ANSWER)
    [ann] = center.router.snapshot()["agents"]
    assert [trigger for _, trigger, _ in ann["history"]][-1] == "offer_failed"


def test_a_late_answer_for_nobody_leaves_an_agent_who_worked_before_as_long_idle_as_they_were() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(5)
    center.release("ann")
    idle_since = center.now
    center.wait(5)
    center.queue("c2")
    offer = center.offer().offer
    center.leave("c2")
    center.answer(offer)
    center.wait(5)
    center.release("ann")
    [ann] = center.router.snapshot()["agents"]
    assert (ann["state"], ann["idle_since"]) == (AgentState.READY, idle_since)


def test_an_offer_withdrawn_for_a_lost_phone_and_answered_after_the_caller_left_failed_for_the_phone() -> (
    None
):
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.lose_phone("ann")
    center.leave("c1")
    center.answer(offer)
    assert [each.outcome for each in center.heard(OfferClosed)] == [OfferOutcome.FAILED]


def test_how_fast_a_removed_queue_was_served_is_forgotten_with_its_last_contact() -> None:
    center = Center(policy([QueuePolicy("q"), QueuePolicy("old")]))
    center.ready("ann")
    center.connect("c1", "ann", "old")
    center.apply(policy([QueuePolicy("q")]))
    assert "old" in center.router.snapshot()["paces"]
    center.leave("c1")
    assert "old" not in center.router.snapshot()["paces"]


def test_a_later_diversion_is_not_written_into_an_earlier_snapshot() -> None:
    limit = OverflowRule(Limit.WAITED, Diversion.CALLBACK, 10)
    center = Center(policy([QueuePolicy("q", overflow=(limit,))]))
    center.queue("c1")
    saved = center.router.snapshot()
    center.wait(10)
    assert len(center.router.snapshot()["contacts"][0]["diversions"]) == 1
    assert saved["contacts"][0]["diversions"] == []


def test_that_an_offer_cannot_end_as_accepted_is_said_of_that_offer() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    with pytest.raises(InvalidTransition, match=f"offer {offer}"):
        center.end(offer, OfferOutcome.ACCEPTED)


def test_an_offer_that_is_over_is_told_with_its_queue_agent_and_seat() -> None:
    center = Center(TWO)
    center.ready("ann")
    center.queue("c1", "p")
    center.end(center.offer().offer, OfferOutcome.NO_ANSWER)
    [closed] = center.heard(OfferClosed)
    assert (closed.queue, closed.agent, closed.seat) == ("p", "ann", "seat-ann")


def test_who_was_busy_elsewhere_is_ready_after_the_call_and_without_a_reason() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    center.end(center.offer().offer, OfferOutcome.BUSY)
    assert center.agent("ann").reason == "busy_elsewhere"
    center.engage("ann")
    assert (center.agent("ann").next_state, center.agent("ann").next_reason) == (AgentState.READY, None)


def test_a_break_of_one_who_is_logged_out_is_refused_with_their_story() -> None:
    center = Center(policy([QueuePolicy("q")], {"ann": {}}))
    center.log_in("ann")
    center.log_out("ann")
    with pytest.raises(InvalidTransition) as refused:
        center.not_ready("ann")
    assert [trigger for _, trigger, _ in refused.value.history] == ["log_in", "log_out"]


def test_a_queued_contact_waits_since_it_came() -> None:
    center = Center(policy([QueuePolicy("q")]))
    center.queue("c1", queued_at=center.now - 30)
    assert center.contact("c1").since == center.now
