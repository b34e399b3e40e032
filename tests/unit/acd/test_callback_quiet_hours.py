"""Nobody's phone rings to dial a citizen any more once nobody may be dialled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.effects import CancelOffer, MakeOffer
from acd.events import PolicyChanged
from acd.model import (
    AgentState,
    Calendar,
    CallbackEnd,
    CallbackState,
    CallbackTerms,
    ContactState,
    OfferOutcome,
    OpeningHours,
    QueuePolicy,
)
from tests.unit.acd.calling_back import center, over
from tests.unit.acd.floorplan import START, Center, policy

DAYTIME = Calendar((OpeningHours(tuple(range(7)), 8 * 3600.0, 21 * 3600.0),))
"""`START` is 08:00 in China: it opens at that instant."""
DAY_S, OPEN_S = 86_400.0, 13 * 3600.0
TERMS = CallbackTerms(hours=DAYTIME, expires_s=3 * DAY_S)


def ringing_at_dusk(seconds_left: float = 5.0, **more: Any) -> tuple[Center, MakeOffer]:
    """Ann's phone rings for a callback so long before nobody may be dialled any more."""
    floor = center(hours=DAYTIME, expires_s=3 * DAY_S)
    floor.wait(OPEN_S - seconds_left)
    floor.ready("ann")
    floor.request_callback("k1", **more)
    return floor, floor.offer()


def test_a_phone_that_rings_when_night_falls_stops_and_nobody_is_dialled_before_morning() -> None:
    floor, offer = ringing_at_dusk()
    assert not floor.wait(4.9)
    floor.wait(0.1)
    assert floor.heard(CancelOffer)[0].offer == offer.offer
    record = floor.callback("k1")
    assert (record.state, record.due_at, record.attempts) == (CallbackState.SCHEDULED, START + DAY_S, 0)
    floor.end(offer.offer, OfferOutcome.CANCELLED)
    assert floor.agent("ann").state is AgentState.READY, "it was nothing that ann did"
    assert not floor.heard(MakeOffer)
    floor.wait(11 * 3600.0)
    assert floor.offer().contact == "k1"


def test_an_answer_that_crosses_the_end_of_the_hours_leaves_it_for_the_morning() -> None:
    floor, offer = ringing_at_dusk()
    floor.wait(5)
    floor.answer(offer.offer)
    assert floor.agent("ann").state is AgentState.BUSY
    assert floor.callback("k1").state is CallbackState.SCHEDULED


def test_a_phone_that_rings_at_the_latest_time_stops_and_the_callback_is_over() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", latest_at=floor.now + 5)
    offer = floor.offer()
    floor.wait(5)
    assert floor.heard(CancelOffer)[0].offer == offer.offer
    assert over(floor) is CallbackEnd.EXPIRED


def test_a_latest_time_that_is_named_while_it_is_offered_holds_for_that_offer() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    offer = floor.offer()
    floor.alter_callback("k1", latest_at=floor.now + 3)
    assert not floor.heard(CancelOffer)
    floor.wait(3)
    assert floor.heard(CancelOffer)[0].offer == offer.offer
    assert over(floor) is CallbackEnd.EXPIRED


def test_a_later_time_that_is_named_while_it_is_offered_holds_after_that_offer() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    offer = floor.offer()
    floor.alter_callback("k1", earliest_at=floor.now + 60)
    assert floor.contact("k1").state is ContactState.OFFERED
    floor.end(offer.offer, OfferOutcome.REJECTED)
    assert (floor.callback("k1").state, floor.callback("k1").due_at) == (
        CallbackState.SCHEDULED,
        floor.now + 60,
    )


@pytest.mark.parametrize("how", ["moved", "joined"])
def test_given_to_a_queue_or_a_time_that_is_out_of_hours_while_it_is_offered_it_stops_ringing(
    how: str,
) -> None:
    closed = QueuePolicy("closed", callbacks=replace(TERMS, hours=Calendar(())))
    floor = Center(policy([QueuePolicy("q"), closed]))
    floor.ready("ann")
    floor.request_callback("k1", caller="zhang")
    offer = floor.offer()
    if how == "moved":
        floor.alter_callback("k1", queue="closed")
    else:
        floor.request_callback("k2", caller="zhang", latest_at=floor.now)
    assert floor.heard(CancelOffer)[0].offer == offer.offer
    assert over(floor) is CallbackEnd.EXPIRED, "nobody may ever be dialled"


def test_hours_that_are_shortened_by_a_new_configuration_stop_the_phone_too() -> None:
    rules = policy([QueuePolicy("q", callbacks=TERMS)])
    floor = Center(rules)
    floor.ready("ann")
    floor.request_callback("k1")
    offer = floor.offer()
    at_night = replace(DAYTIME, utc_offset_s=DAYTIME.utc_offset_s + OPEN_S)
    night = QueuePolicy("q", callbacks=replace(TERMS, hours=at_night))
    floor.tell(PolicyChanged(floor.now, "reload", replace(rules, queues={"q": night})))
    assert floor.heard(CancelOffer)[0].offer == offer.offer
    assert floor.callback("k1").state is CallbackState.SCHEDULED


def test_hours_that_stay_leave_a_phone_that_rings_alone_and_hold_for_it() -> None:
    rules = policy([QueuePolicy("q", callbacks=TERMS)])
    floor = Center(rules)
    floor.ready("ann")
    floor.request_callback("k1")
    offer = floor.offer()
    until_six = Calendar((OpeningHours(tuple(range(7)), 8 * 3600.0, 8 * 3600.0 + 6.0),))
    short = QueuePolicy("q", callbacks=replace(TERMS, hours=until_six))
    floor.tell(PolicyChanged(floor.now, "reload", replace(rules, queues={"q": short})))
    assert not floor.heard(CancelOffer)
    floor.wait(6)
    assert floor.heard(CancelOffer)[0].offer == offer.offer
