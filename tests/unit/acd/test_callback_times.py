"""When a callback is tried: not too early, not too late, and not at night."""

from __future__ import annotations

from dataclasses import replace

from acd.effects import CallbackChanged, MakeOffer
from acd.events import PolicyChanged
from acd.model import (
    AttemptOutcome,
    Calendar,
    CallbackEnd,
    CallbackState,
    CallbackTerms,
    OpeningHours,
    QueuePolicy,
)
from tests.unit.acd.calling_back import center, dialled, over
from tests.unit.acd.floorplan import START, Center, policy

DAYTIME = Calendar((OpeningHours(tuple(range(7)), 8 * 3600.0, 21 * 3600.0),))
"""`START` is 08:00 in China: it opens at that instant."""


def test_it_is_not_tried_before_its_earliest_time() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", earliest_at=floor.now + 600)
    assert not floor.heard(MakeOffer)
    assert not floor.wait(599)
    floor.wait(1)
    assert floor.offer().contact == "k1"


def test_nobody_is_asked_to_dial_from_its_latest_time_on() -> None:
    floor = center()
    floor.request_callback("k1", latest_at=floor.now + 600)
    floor.wait(599)
    assert floor.callback("k1").state is CallbackState.WAITING
    floor.wait(1)
    assert over(floor) is CallbackEnd.EXPIRED
    floor.ready("ann")
    assert not floor.heard(MakeOffer)
    assert floor.router.queue_figures("q").callbacks_waiting == 0


def test_until_when_an_attempt_may_begin_is_told_while_a_phone_rings_for_it() -> None:
    for hours, latest_at, until in (
        (DAYTIME, START + 600, START + 600),
        (DAYTIME, START + 2 * 86_400, START + 13 * 3600),
        (None, START + 2 * 86_400, START + 2 * 86_400),
    ):
        floor = center(hours=hours)
        floor.ready("ann")
        floor.request_callback("k1", latest_at=latest_at)
        assert floor.offer().contact == "k1"
        assert floor.router.no_longer_from("k1") == until


def test_hours_that_change_hold_at_once_for_those_who_wait_and_not_for_one_who_is_dialled() -> None:
    terms = CallbackTerms(hours=DAYTIME, expires_s=3 * 86_400.0)
    floor = Center(policy([QueuePolicy("q", callbacks=terms)], {"ann": {}, "bob": {}}))
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.request_callback("k2")
    an_hour_ahead = replace(DAYTIME, utc_offset_s=DAYTIME.utc_offset_s + 13 * 3600.0)
    closed = replace(floor.router._floor.policy.queues["q"], callbacks=replace(terms, hours=an_hour_ahead))
    floor.apply(replace(floor.router._floor.policy, queues={"q": closed}))
    assert floor.callback("k1").state is CallbackState.DIALLING
    assert (floor.callback("k2").state, floor.callback("k2").due_at) == (
        CallbackState.SCHEDULED,
        START + 11 * 3600.0,
    )
    floor.ready("bob")
    assert not floor.heard(MakeOffer)


def test_an_attempt_that_could_only_come_too_late_is_not_waited_for() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", latest_at=floor.now + 100)
    dialled(floor)
    floor.end_attempt("k1", AttemptOutcome.NO_ANSWER)
    assert over(floor) is CallbackEnd.EXPIRED


def test_without_a_latest_time_of_its_own_it_has_its_queues() -> None:
    floor = center(expires_s=3600.0)
    floor.request_callback("k1")
    assert floor.callback("k1").latest_at == floor.now + 3600


def test_its_queues_time_runs_from_its_earliest_time() -> None:
    floor = center(expires_s=3600.0)
    due_at = floor.now + 2 * 86_400.0
    floor.request_callback("k1", earliest_at=due_at)
    assert over(floor) is None
    floor.wait(2 * 86_400.0 + 3599)
    assert floor.callback("k1").state is CallbackState.WAITING
    floor.wait(1)
    assert over(floor) is CallbackEnd.EXPIRED


def test_its_queues_time_does_not_run_before_it_was_asked_for() -> None:
    floor = center(expires_s=3600.0)
    floor.request_callback("k1", earliest_at=floor.now - 7200)
    assert floor.callback("k1").latest_at == floor.now + 3600


def test_nobody_is_dialled_at_night() -> None:
    floor = center(hours=DAYTIME, expires_s=3 * 86_400.0)
    floor.ready("ann")
    floor.not_ready("ann")
    floor.request_callback("k1")
    floor.wait(13 * 3600.0 - 1)
    assert floor.callback("k1").state is CallbackState.WAITING
    floor.wait(1)
    record = floor.callback("k1")
    assert (record.state, record.due_at) == (CallbackState.SCHEDULED, START + 86_400.0)
    floor.ready("ann")
    assert not floor.heard(MakeOffer)
    floor.wait(11 * 3600.0)
    assert floor.offer().contact == "k1"


def test_hours_in_which_nobody_may_ever_be_dialled_end_it() -> None:
    floor = center(hours=Calendar(()))
    floor.request_callback("k1")
    assert over(floor) is CallbackEnd.EXPIRED


def test_a_callback_that_can_be_tried_only_when_it_is_too_late_is_over() -> None:
    floor = center()
    floor.request_callback("k1", earliest_at=floor.now + 60, latest_at=floor.now + 60)
    assert over(floor) is CallbackEnd.EXPIRED


def test_one_that_is_due_when_it_may_not_be_tried_any_more_is_put_off_at_once() -> None:
    floor = center(hours=DAYTIME)
    floor.request_callback("k1", earliest_at=floor.now + 3600)
    later = Calendar((OpeningHours(tuple(range(7)), 12 * 3600.0, 21 * 3600.0),))
    rules = center(hours=later).router._floor.policy
    floor.tell(PolicyChanged(floor.now, "t", rules))
    change = floor.heard(CallbackChanged)[-1]
    assert (change.state, change.due_at) == (CallbackState.SCHEDULED, START + 4 * 3600)
    assert floor.router._floor.callbacks["k1"].history[-1][1] == "due"
    floor.tell(PolicyChanged(floor.now, "t", rules))
    assert not floor.heard(CallbackChanged), "nothing is new"
