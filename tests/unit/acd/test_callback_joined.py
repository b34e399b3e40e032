"""A second request of one caller joins the first, and what was asked for last is what they get."""

from __future__ import annotations

import pytest

from acd.effects import CallbackChanged
from acd.model import AttemptOutcome, CallbackEnd, CallbackState
from tests.unit.acd.calling_back import center, dialled, over


def test_a_wish_that_names_no_time_is_not_kept_waiting_for_the_first_ones() -> None:
    floor = center()
    floor.request_callback("k1", caller="zhang", earliest_at=floor.now + 7200)
    floor.wait(60)
    floor.ready("ann")
    floor.request_callback("k2", caller="zhang")
    assert floor.offer().contact == "k1"
    assert floor.callback("k1").due_at == floor.now


def test_who_calls_once_more_after_an_attempt_in_vain_is_called_at_once() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", caller="zhang")
    dialled(floor)
    floor.end_attempt("k1", AttemptOutcome.NO_ANSWER)
    floor.release("ann")
    assert floor.callback("k1").state is CallbackState.SCHEDULED
    floor.request_callback("k2", caller="zhang")
    assert dialled(floor).attempt == 2, "of as many attempts as before"


def test_a_wish_lives_as_long_as_it_would_alone() -> None:
    floor = center(expires_s=3600.0)
    floor.request_callback("k1", caller="zhang", latest_at=floor.now + 60)
    floor.wait(59)
    floor.request_callback("k2", caller="zhang")
    assert floor.callback("k1").latest_at == floor.now + 3600


def test_the_first_one_ends_no_sooner_for_a_wish_that_names_no_end() -> None:
    floor = center(expires_s=3600.0)
    latest = floor.now + 10 * 3600
    floor.request_callback("k1", caller="zhang", latest_at=latest)
    floor.request_callback("k2", caller="zhang")
    assert floor.callback("k1").latest_at == latest


def test_a_wish_for_much_later_does_not_end_the_first_one() -> None:
    floor = center(expires_s=3600.0)
    due_at = floor.now + 2 * 86_400.0
    floor.request_callback("k1", caller="zhang")
    floor.request_callback("k2", caller="zhang", earliest_at=due_at)
    assert over(floor) is None
    stands = floor.callback("k1")
    assert (stands.state, stands.due_at, stands.latest_at) == (
        CallbackState.SCHEDULED,
        due_at,
        due_at + 3600,
    )


@pytest.mark.parametrize("called_again", [False, True])
def test_a_wish_during_the_last_attempt_makes_it_not_the_last(called_again: bool) -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", caller="zhang")
    dialled(floor)
    floor.cancel_callback("k1", called_again=called_again)
    end = CallbackEnd.CALLED_AGAIN if called_again else CallbackEnd.CANCELLED
    assert floor.heard(CallbackChanged)[-1].ends_as is end
    floor.request_callback("k2", caller="zhang")
    assert floor.heard(CallbackChanged)[-1].ends_as is None
    floor.end_attempt("k1", AttemptOutcome.BUSY)
    assert floor.callback("k1").state is CallbackState.SCHEDULED


def test_a_further_request_is_told_which_one_it_would_join() -> None:
    floor = center()
    floor.request_callback("k1", caller="zhang")
    assert (floor.router.callback_of("zhang"), floor.router.callback_of("li")) == ("k1", None)
    floor.cancel_callback("k1")
    assert floor.router.callback_of("zhang") is None


def test_cancelled_during_an_attempt_it_is_over_after_it_though_the_service_was_restarted() -> None:
    floor = center()
    floor.request_callback("k1", restored=True, dialling=True, ends_as=CallbackEnd.CALLED_AGAIN)
    assert floor.heard(CallbackChanged)[-1].ends_as is CallbackEnd.CALLED_AGAIN
    floor.end_attempt("k1", AttemptOutcome.BUSY)
    assert over(floor) is CallbackEnd.CALLED_AGAIN
    assert floor.heard(CallbackChanged)[-1].ends_as is None, "it is over as that"


def test_cancelled_during_an_attempt_of_which_a_restart_left_nothing_it_is_over_at_once() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", restored=True, ends_as=CallbackEnd.CANCELLED)
    assert over(floor) is CallbackEnd.CANCELLED
    assert floor.router.callback("k1") is None
    assert floor.router.queue_figures("q").callbacks_dropped == 1
