"""Callbacks asked for, asked for again, altered and cancelled."""

from __future__ import annotations

import pytest

from acd.effects import CallbackChanged, CancelOffer, ContactChanged, ContactDiverted, MakeOffer, OfferClosed
from acd.events import CallbackRequested, ContactLeft, ContactServedElsewhere
from acd.model import (
    AgentState,
    AttemptOutcome,
    CallbackEnd,
    CallbackMode,
    CallbackState,
    ContactState,
    Diversion,
    Limit,
    OfferOutcome,
    OneOf,
    OverflowRule,
    QueuePolicy,
    RoutingStep,
)
from acd.refusals import InvalidTransition, UnknownEntity
from tests.unit.acd.calling_back import center, center_with_skill, dialled, over
from tests.unit.acd.floorplan import Center, policy


def test_one_open_callback_for_a_number_the_second_joins_the_first() -> None:
    floor = center()
    floor.request_callback("k1", caller="zhang", queued_at=floor.now)
    floor.request_callback("k2", caller="zhang", queued_at=floor.now - 40, priority=2, owner="ann")
    assert floor.heard(CallbackChanged)[0].joined == "k2"
    assert floor.router.callback("k2") is None
    record = floor.callback("k1")
    assert (record.queued_at, record.priority, record.owner) == (floor.now - 40, 2, "ann")
    assert floor.contact("k1").queued_at == floor.now - 40
    assert floor.router.queue_figures("q").callbacks_requested == 1


def test_a_second_request_names_another_time() -> None:
    floor = center()
    floor.request_callback("k1", caller="zhang")
    floor.request_callback("k2", caller="zhang", earliest_at=floor.now + 100, latest_at=floor.now + 200)
    record = floor.callback("k1")
    assert record.state is CallbackState.SCHEDULED
    assert (record.due_at, record.latest_at) == (floor.now + 100, floor.now + 200)
    assert floor.router.contact("k1") is None


def test_a_second_request_during_an_attempt_changes_only_what_comes_after() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", caller="zhang")
    dialled(floor)
    floor.request_callback("k2", caller="zhang", queued_at=floor.now - 10)
    assert floor.callback("k1").state is CallbackState.DIALLING


def test_callers_without_a_number_have_a_callback_each() -> None:
    floor = center()
    floor.request_callback("k1")
    floor.request_callback("k2")
    assert {record.callback for record in floor.router.callbacks()} == {"k1", "k2"}


def test_a_phone_that_rings_for_it_stops_when_the_citizen_is_answered_elsewhere() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", caller="zhang")
    offer = floor.offer()
    floor.cancel_callback("k1", called_again=True)
    assert over(floor) is CallbackEnd.CALLED_AGAIN
    assert floor.heard(CancelOffer)[0].offer == offer.offer
    floor.end(offer.offer, OfferOutcome.CANCELLED)
    assert floor.agent("ann").state is AgentState.READY


def test_altered_it_has_another_queue_owner_and_time() -> None:
    floor = center(("ann", "bob"))
    floor.request_callback("k1")
    floor.alter_callback("k1", queue="other", priority=3, steps=(), latest_at=floor.now + 50)
    assert floor.contact("k1").queue == "other"
    assert floor.router.queue_figures("q").callbacks_waiting == 0
    assert floor.router.queue_figures("other").callbacks_waiting == 1
    assert floor.callback("k1").priority == floor.contact("k1").priority == 3
    floor.alter_callback("k1", earliest_at=floor.now + 20, owner="bob")
    assert floor.callback("k1").state is CallbackState.SCHEDULED
    floor.alter_callback("k1", earliest_at=floor.now)
    assert floor.callback("k1").state is CallbackState.WAITING
    floor.alter_callback("k1", latest_at=floor.now)
    assert over(floor) is CallbackEnd.EXPIRED


def test_altered_while_it_is_offered_the_offer_goes_on() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    floor.alter("k1", priority=5)
    assert floor.contact("k1").state is ContactState.OFFERED
    assert floor.heard(CallbackChanged)[0].priority == 5


def test_altered_while_it_is_dialled_the_attempt_goes_on() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.alter_callback("k1", queue="other", earliest_at=floor.now + 500)
    assert floor.callback("k1").state is CallbackState.DIALLING
    floor.end_attempt("k1", AttemptOutcome.BUSY)
    assert floor.callback("k1").due_at == floor.now + 500


def test_what_only_a_caller_on_the_line_can_do_is_refused_for_a_callback() -> None:
    floor = center()
    floor.request_callback("k1")
    floor.request_callback("k2", earliest_at=floor.now + 60)
    before = floor.router.snapshot()
    with pytest.raises(InvalidTransition, match="callback k1 is waiting: left is not allowed"):
        floor.leave("k1")
    with pytest.raises(InvalidTransition, match="callback k2 is scheduled: queued is not allowed"):
        floor.queue("k2")
    served = ContactServedElsewhere(floor.now, "late", "k1", "q", floor.now, None)
    with pytest.raises(InvalidTransition, match="callback k1 is waiting: served_elsewhere is not allowed"):
        floor.tell(served)
    assert floor.router.snapshot() == before


def test_a_queue_that_there_is_not_is_refused() -> None:
    floor = center()
    with pytest.raises(UnknownEntity, match="queue 'nowhere'"):
        floor.request_callback("k1", "nowhere")
    floor.request_callback("k1")
    with pytest.raises(UnknownEntity, match="queue 'nowhere'"):
        floor.alter_callback("k1", queue="nowhere")


def test_an_id_that_a_caller_on_the_line_has_is_refused() -> None:
    floor = center()
    floor.queue("c1")
    with pytest.raises(InvalidTransition, match="contact c1 is waiting"):
        floor.request_callback("c1")


def test_told_again_or_late_it_changes_nothing() -> None:
    floor = center()
    floor.request_callback("k1")
    floor.request_callback("k1", "other")
    floor.end_attempt("k1", AttemptOutcome.BUSY)
    for tell in (floor.alter_callback, floor.cancel_callback, floor.take_callback):
        tell("unknown")
        assert not floor.said
    for outcome in (AttemptOutcome.REACHED, AttemptOutcome.BUSY):
        floor.end_attempt("unknown", outcome)
        assert not floor.said
    record = floor.callback("k1")
    assert (record.queue, record.attempts) == ("q", 0)


def test_a_removed_queue_is_kept_until_its_last_callback_is_over() -> None:
    floor = center()
    floor.request_callback("k1", earliest_at=floor.now + 60)
    floor.apply(policy([QueuePolicy("other")], {"ann": {}}))
    floor.ready("ann")
    assert floor.router.dialling_hours("q") is None
    floor.wait(60)
    dialled(floor)
    floor.end_attempt("k1", AttemptOutcome.INVALID_NUMBER)
    assert over(floor) is CallbackEnd.INVALID_NUMBER
    assert "q" not in floor.router._floor.terms


def test_limits_are_for_callers_on_the_line() -> None:
    rules = (
        OverflowRule(Limit.NOBODY_LOGGED_IN, Diversion.BUSY),
        OverflowRule(Limit.WAITED, Diversion.BUSY, 5),
    )
    floor = Center(policy([QueuePolicy("q", overflow=rules)]))
    floor.request_callback("k1", queued_at=floor.now - 60)
    floor.wait(60)
    assert not [effect for effect in floor.all_said if isinstance(effect, ContactDiverted)]
    assert floor.callback("k1").state is CallbackState.WAITING


def test_a_caller_who_asks_to_be_called_back_did_not_give_up() -> None:
    floor = center()
    floor.queue("c1")
    floor.wait(30)
    floor.request_callback("k1", queued_at=floor.contact("c1").queued_at)
    floor.leave_for_callback("c1")
    figures = floor.router.queue_figures("q")
    assert (figures.offered, figures.abandoned, figures.took_callback) == (1, 0, 1)
    assert (figures.waiting, figures.callbacks_waiting) == (0, 1)


def test_a_caller_behind_callbacks_hears_a_position_that_counts_them() -> None:
    floor = Center(policy([QueuePolicy("q", wrap_up_s=0.0)]))
    for number in range(8):
        floor.queue(f"c{number}")
    floor.ready("ann")
    for _ in range(7):
        floor.answer(floor.offer().offer)
        floor.wait(10)
        floor.release("ann")
    floor.request_callback("k1", queued_at=floor.now - 5)
    floor.queue("last")
    estimate = floor.router.estimate("last")
    assert estimate is not None
    assert estimate.position == 3, "behind the one whom ann is being offered, and the callback"


def test_a_callback_says_which_steps_it_was_given() -> None:
    floor, steps = center(), (RoutingStep(OneOf(("ann",)), 60.0),)
    floor.request_callback("k1", steps=steps)
    assert floor.heard(CallbackChanged)[-1].steps == steps


def test_a_callback_is_known_as_it_was_requested() -> None:
    center = center_with_skill()
    own = (RoutingStep(OneOf(("bob",)), 5.0, beyond_queue=True),)
    center.request_callback("k1", caller="them", owner="ann", mode=CallbackMode.CUSTOMER_FIRST, steps=own)
    record = center.callback("k1")
    assert (record.caller, record.owner, record.mode) == ("them", "ann", CallbackMode.CUSTOMER_FIRST)
    assert center.router.snapshot()["callbacks"][0]["own_steps"] != []
    other = center_with_skill()
    other.ready("bob", "ann")
    other.request_callback("k2", caller="they", steps=own)
    assert other.offer().agent == "bob", "its own step, beyond the queue"
    contact = other.contact("k2")
    assert (contact.since, other.router.snapshot()["contacts"][0]["caller"]) == (other.now, "they")


def test_a_callback_that_is_over_wakes_nobody_any_more() -> None:
    center = center_with_skill()
    center.request_callback("k1")
    center.cancel_callback("k1")
    assert center.router.next_deadline() is None


def test_a_phone_that_rang_for_a_callback_that_is_over_is_not_to_blame() -> None:
    center = center_with_skill()
    center.ready("ann")
    center.request_callback("k1")
    offer = center.offer().offer
    center.cancel_callback("k1")
    center.end(offer, OfferOutcome.NO_ANSWER)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.CANCELLED
    assert center.agent("ann").state is AgentState.READY


def test_a_second_request_with_an_earlier_place_moves_the_callback_forward() -> None:
    center = center_with_skill()
    center.request_callback("k1", caller="them")
    center.queue("c1", queued_at=center.now - 5)
    center.request_callback("k2", caller="them", queued_at=center.now - 9, owner="ann")
    figures = center.router.queue_figures("q")
    assert (figures.callbacks_waiting, center.router.skill_figures("tax").callbacks_waiting) == (1, 1)
    assert center.contact("k1").queued_at == center.now - 9
    center.ready("ann")
    assert center.offer().contact == "k1"
    center.cancel_callback("k1")
    assert center.router.queue_figures("q").callbacks_waiting == 0


def test_a_waiting_callback_given_another_queue_or_owner_is_offered_there() -> None:
    center = center_with_skill()
    center.ready("bob")
    center.request_callback("k1", priority=1)
    assert not center.heard(MakeOffer)
    center.alter_callback("k1", queue="p")
    assert center.offer().agent == "bob"
    assert center.heard(ContactChanged)[0].queue == "p"
    other = center_with_skill()
    other.ready("bob")
    other.request_callback("k1")
    other.alter_callback("k1", owner="bob")
    assert other.offer().agent == "bob"


def test_altering_what_is_not_open_or_told_twice_does_nothing() -> None:
    center = center_with_skill()
    center.tell(CallbackRequested(center.now, "x", "k1", "q", 0, center.now))
    before = center.router.snapshot()
    assert center.tell(CallbackRequested(center.now, "x", "k1", "p", 5, center.now - 9)) == ()
    assert center.alter_callback("k9", priority=4) == center.cancel_callback("k9") == ()
    assert center.end_attempt("k1", AttemptOutcome.BUSY) == ()
    assert center.router.snapshot() == before


def test_each_who_asks_to_be_called_back_is_counted() -> None:
    center = Center(policy())
    for contact in ("c1", "c2"):
        center.queue(contact)
        center.tell(ContactLeft(center.now, "x", contact, takes_callback=True))
    assert center.router.queue_figures("q").took_callback == 2
