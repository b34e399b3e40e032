"""The recent story of an agent or contact, as a snapshot keeps it and a refusal tells it."""

from __future__ import annotations

import pytest

from acd.model import Diversion, Limit, OfferOutcome, OverflowRule, QueuePolicy
from acd.refusals import InvalidTransition, UnknownEntity
from tests.unit.acd.floorplan import Center, policy


def test_an_error_names_what_is_unknown_and_an_entity_without_a_story() -> None:
    unknown = UnknownEntity("queue", "x")
    assert (unknown.kind, unknown.name) == ("queue", "x")
    assert str(InvalidTransition("agent ann", "ready", "log_in", ())).endswith("(before: nothing)")


def test_a_story_names_seats_rests_and_other_queues_as_they_came() -> None:
    overflow = (OverflowRule(Limit.SIZE, Diversion.QUEUE, 0, "spill"),)
    center = Center(policy([QueuePolicy("q", wrap_up_s=0, overflow=overflow), QueuePolicy("spill")]))
    center.ready("ann")
    center.move("ann", "window")
    with pytest.raises(InvalidTransition, match="moved -> ready"):
        center.extend_wrap_up("ann", 5)
    center.not_ready("ann")
    center.queue("c1")
    story = center.router.snapshot()["contacts"][0]["history"]
    assert [trigger for _, trigger, _ in story] == ["queued", "altered"]
    tired = Center(policy([QueuePolicy("q", wrap_up_s=0)], max_occupancy=0.5, max_rest_s=5))
    tired.ready("ann")
    tired.connect("c1", "ann")
    tired.wait(30)
    tired.release("ann")
    tired.wait(5)
    with pytest.raises(InvalidTransition, match="rested -> ready"):
        tired.extend_wrap_up("ann", 5)


def test_that_an_offer_failed_stands_in_the_agents_story() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    center.end(center.offer().offer, OfferOutcome.NO_ANSWER)
    [ann] = center.router.snapshot()["agents"]
    assert [trigger for _, trigger, _ in ann["history"]][-1] == "offer_failed"


def test_a_break_of_one_who_is_logged_out_is_refused_with_their_story() -> None:
    center = Center(policy([QueuePolicy("q")], {"ann": {}}))
    center.log_in("ann")
    center.log_out("ann")
    with pytest.raises(InvalidTransition) as refused:
        center.not_ready("ann")
    assert [trigger for _, trigger, _ in refused.value.history] == ["log_in", "log_out"]


def test_that_a_callback_was_altered_stands_in_the_story_of_its_contact() -> None:
    center = Center(policy())
    center.request_callback("k1")
    center.alter_callback("k1", priority=3)
    [contact] = center.router.snapshot()["contacts"]
    assert [trigger for _, trigger, _ in contact["history"]][-1] == "altered"
