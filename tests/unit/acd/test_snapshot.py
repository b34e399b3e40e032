"""A snapshot, which stays as it was, and what comes back from one."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace

from acd.model import Diversion, Has, Limit, OfferOutcome, OneOf, OverflowRule, QueuePolicy, RoutingStep
from acd.router import Router
from tests.unit.acd.floorplan import CLOSES_SOON, Center, policy


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


def test_a_later_diversion_is_not_written_into_an_earlier_snapshot() -> None:
    limit = OverflowRule(Limit.WAITED, Diversion.CALLBACK, 10)
    center = Center(policy([QueuePolicy("q", overflow=(limit,))]))
    center.queue("c1")
    saved = center.router.snapshot()
    center.wait(10)
    assert len(center.router.snapshot()["contacts"][0]["diversions"]) == 1
    assert saved["contacts"][0]["diversions"] == []
