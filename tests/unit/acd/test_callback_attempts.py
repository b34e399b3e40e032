"""A callback waits like a call, is dialled by whom it should be, and tried again when nobody was reached."""

from __future__ import annotations

import pytest

from acd.effects import AgentChanged, CallbackChanged, DialCallback, MakeOffer
from acd.model import AgentState, AttemptOutcome, CallbackEnd, CallbackState, CallbackTerms, QueuePolicy
from tests.unit.acd.calling_back import center, center_with_skill, dialled, over
from tests.unit.acd.floorplan import Center, policy


def test_a_callback_has_the_place_of_the_caller_who_first_queued() -> None:
    floor = center()
    floor.wait(100)
    floor.queue("c1")
    floor.request_callback("k1", queued_at=floor.now - 50)
    floor.wait(5)
    floor.ready("ann")
    assert floor.offer().contact == "k1"


def test_the_agent_who_takes_it_dials_and_is_busy_until_the_talk_is_over() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dial = dialled(floor)
    assert (dial.agent, dial.attempt) == ("ann", 1)
    assert floor.callback("k1").state is CallbackState.DIALLING
    floor.end_attempt("k1", AttemptOutcome.REACHED)
    assert over(floor) is CallbackEnd.REACHED
    assert floor.agent("ann").state is AgentState.BUSY
    floor.wait(60)
    floor.release("ann")
    assert floor.agent("ann").state is AgentState.WRAP_UP
    floor.wait(10)
    figures = floor.router.queue_figures("q")
    assert (figures.callbacks_requested, figures.callbacks_reached) == (1, 1)
    assert (figures.handled, figures.handled_s) == (1, 70.0)
    assert (figures.offered, figures.answered, figures.talking) == (0, 0, 0)
    work = floor.router.agent_figures("ann")
    assert work is not None
    assert work.answered == 1


@pytest.mark.parametrize(
    ("outcome", "delay_s"),
    [(AttemptOutcome.BUSY, 60.0), (AttemptOutcome.NO_ANSWER, 120.0), (AttemptOutcome.FAILED, 30.0)],
)
def test_who_was_not_reached_is_tried_again_after_the_delay_of_that_outcome(
    outcome: AttemptOutcome, delay_s: float
) -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.wait(20)
    floor.end_attempt("k1", outcome)
    record = floor.callback("k1")
    assert (record.state, record.due_at) == (CallbackState.SCHEDULED, floor.now + delay_s)
    assert (record.attempts, record.last_outcome) == (1, outcome)
    assert floor.heard(CallbackChanged)[-1].last_outcome is outcome
    floor.release("ann")
    assert floor.agent("ann").state is AgentState.READY, "nothing was said, so there is nothing to wrap up"
    assert not floor.wait(delay_s - 1)
    floor.wait(1)
    assert dialled(floor).attempt == 2


def test_an_agent_who_hung_up_first_has_nothing_to_wrap_up_either() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.release("ann")
    assert floor.agent("ann").state is AgentState.READY
    floor.end_attempt("k1", AttemptOutcome.NO_ANSWER)
    assert floor.callback("k1").attempts == 1


def test_after_the_last_attempt_it_is_over_unreached() -> None:
    floor = center(max_attempts=2, no_answer_delay_s=0.0)
    floor.ready("ann")
    floor.request_callback("k1")
    for end in (None, CallbackEnd.UNREACHED):
        dialled(floor)
        floor.end_attempt("k1", AttemptOutcome.NO_ANSWER)
        assert over(floor) is end
        floor.release("ann")
    assert floor.router.callback("k1") is None
    assert floor.router.queue_figures("q").callbacks_unreached == 1


def test_an_invalid_number_is_not_tried_again() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.end_attempt("k1", AttemptOutcome.INVALID_NUMBER)
    assert over(floor) is CallbackEnd.INVALID_NUMBER


def test_an_agent_who_hangs_up_while_dialling_made_no_attempt_and_another_one_is_asked() -> None:
    floor = Center(policy([QueuePolicy("q", offer_backoff_s=60.0, wrap_up_s=0.0)], {"ann": {}, "bob": {}}))
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.end_attempt("k1", AttemptOutcome.CANCELLED, by_agent=True)
    assert floor.callback("k1").attempts == 0
    floor.release("ann")
    assert not floor.heard(MakeOffer)
    floor.ready("bob")
    assert floor.offer().agent == "bob"


def test_who_hung_up_is_asked_again_once_the_delay_of_a_failure_is_over_however_told() -> None:
    for released_first in (True, False):
        floor = center(failed_delay_s=30.0)
        floor.ready("ann")
        floor.request_callback("k1")
        dialled(floor)
        if released_first:
            floor.release("ann")
        floor.end_attempt("k1", AttemptOutcome.CANCELLED, by_agent=True)
        if not released_first:
            floor.release("ann")
        assert floor.callback("k1").state is CallbackState.WAITING, "for anybody else"
        assert not floor.wait(29)
        floor.wait(1)
        assert floor.offer().agent == "ann"


def test_who_hung_up_as_often_as_an_agent_is_asked_is_asked_no_more() -> None:
    queue = QueuePolicy("q", max_offers_per_agent=2, callbacks=CallbackTerms(failed_delay_s=30.0))
    floor = Center(policy([queue], {"ann": {}}))
    floor.ready("ann")
    floor.request_callback("k1")
    for _ in range(2):
        dialled(floor)
        floor.release("ann")
        floor.end_attempt("k1", AttemptOutcome.CANCELLED, by_agent=True)
        floor.wait(30)
    assert floor.agent("ann").state is AgentState.READY
    floor.wait(3600)
    assert floor.callback("k1").state is CallbackState.WAITING


def test_a_fault_while_dialling_is_held_against_nobody() -> None:
    """The link to Asterisk was lost, or it was too late to dial: the agent did not hang up."""
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.release("ann")
    floor.end_attempt("k1", AttemptOutcome.CANCELLED)
    assert floor.offer().agent == "ann"


def test_an_attempt_from_before_a_restart_that_nobody_made_is_held_against_nobody() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", restored=True, dialling=True)
    floor.end_attempt("k1", AttemptOutcome.CANCELLED)
    assert floor.offer().agent == "ann"


def test_an_attempt_of_which_nothing_is_heard_has_failed() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.wait(179)
    assert floor.callback("k1").state is CallbackState.DIALLING
    floor.wait(1)
    record = floor.callback("k1")
    assert (record.state, record.last_outcome) == (CallbackState.SCHEDULED, AttemptOutcome.FAILED)


def test_the_owner_is_asked_first_and_then_the_pool() -> None:
    floor = center(("ann", "bob"), owner_ttl_s=30.0)
    floor.ready("ann", "bob")
    floor.not_ready("bob")
    floor.request_callback("k1", owner="bob")
    assert not floor.heard(MakeOffer)
    floor.wait(30)
    assert floor.offer().agent == "ann"


def test_the_owner_has_their_time_again_at_each_attempt() -> None:
    floor = center(("ann", "bob"), owner_ttl_s=30.0)
    floor.ready("bob")
    floor.request_callback("k1", owner="bob")
    dialled(floor)
    floor.end_attempt("k1", AttemptOutcome.BUSY)
    floor.release("bob")
    floor.not_ready("bob")
    floor.ready("ann")
    assert not floor.wait(60 + 29)[2:], "it is due, and waits for its owner"
    floor.wait(1)
    assert floor.offer().agent == "ann"


def test_an_owner_who_is_not_logged_in_is_not_waited_for() -> None:
    floor = center(("ann", "bob"))
    floor.ready("ann")
    floor.request_callback("k1", owner="bob")
    assert floor.offer().agent == "ann"


def test_callbacks_may_stand_behind_callers_on_the_line() -> None:
    queue = QueuePolicy("q", callbacks=CallbackTerms(priority=-1))
    floor = Center(policy([queue], {"ann": {}}, priority_worth_s=300.0))
    floor.request_callback("k1", queued_at=floor.now - 200)
    floor.queue("c1")
    floor.ready("ann")
    assert floor.offer().contact == "c1"


def test_cancelled_during_an_attempt_that_attempt_is_the_last() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.cancel_callback("k1")
    assert floor.callback("k1").state is CallbackState.DIALLING
    floor.end_attempt("k1", AttemptOutcome.BUSY)
    assert over(floor) is CallbackEnd.CANCELLED


def test_cancelled_during_an_attempt_that_reaches_the_citizen_it_is_reached() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.cancel_callback("k1")
    floor.end_attempt("k1", AttemptOutcome.REACHED)
    assert over(floor) is CallbackEnd.REACHED


def test_an_agent_who_logs_out_before_the_citizen_answers_still_ends_the_attempt() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.log_out("ann")
    floor.release("ann")
    assert floor.heard(AgentChanged)[-1].state is AgentState.LOGGED_OUT
    floor.end_attempt("k1", AttemptOutcome.REACHED)
    assert over(floor) is CallbackEnd.REACHED


def test_an_agent_who_talks_with_somebody_else_by_the_end_of_the_attempt_still_wraps_that_up() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1")
    dialled(floor)
    floor.restore_contact("c1", "ann")
    floor.end_attempt("k1", AttemptOutcome.NO_ANSWER)
    floor.release("ann")
    assert (floor.agent("ann").state, floor.agent("ann").contact) == (AgentState.WRAP_UP, "c1")


def test_a_callbacks_owner_is_asked_even_outside_its_queue() -> None:
    center = center_with_skill()
    center.ready("ann", "bob")
    center.request_callback("k1", owner="bob")
    assert center.offer().agent == "bob"


def test_a_callback_without_an_owner_or_time_for_one_waits_for_nobody() -> None:
    center = center_with_skill()
    center.request_callback("k1")
    assert center.router.next_deadline() == center.now + 86_400
    other = center_with_skill(owner_ttl_s=0.0)
    other.request_callback("k1", owner="bob")
    assert other.router.next_deadline() == other.now + 86_400


def test_the_dial_names_its_callback_and_its_cause() -> None:
    center = center_with_skill()
    center.ready("ann")
    center.request_callback("k1")
    cause = center.cause
    center.answer(center.offer().offer)
    assert center.heard(DialCallback) == [DialCallback(cause, "k1", "ann", 1)]


def test_an_agent_who_talks_with_another_is_not_taken_to_serve_the_callback() -> None:
    center = center_with_skill()
    center.ready("ann")
    center.request_callback("k1")
    center.answer(center.offer().offer)
    center.restore_contact("c1", "ann", "p")
    center.end_attempt("k1", AttemptOutcome.REACHED)
    ann = center.router.agent_figures("ann")
    assert ann is not None
    assert ann.answered == 0
    center.log_out("ann")
    center.release("ann")
    assert center.router.queue_figures("q").handled == 0


def test_an_attempt_in_vain_ends_the_talk_in_its_queue() -> None:
    center = center_with_skill()
    center.ready("ann")
    center.request_callback("k1", queue="p")
    center.answer(center.offer().offer)
    center.end_attempt("k1", AttemptOutcome.NO_ANSWER)
    assert center.router.queue_figures("p").talking == center.router.queue_figures(None).talking == 0
