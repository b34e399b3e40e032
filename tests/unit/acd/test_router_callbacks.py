"""Callbacks wait like calls, keep the caller's place, and are tried when and by whom they should be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.effects import (
    AgentChanged,
    CallbackChanged,
    CancelOffer,
    ContactDiverted,
    DialCallback,
    MakeOffer,
)
from acd.events import ContactServedElsewhere, PolicyChanged
from acd.model import (
    AgentState,
    AttemptOutcome,
    Calendar,
    CallbackEnd,
    CallbackState,
    CallbackTerms,
    ContactState,
    Diversion,
    Limit,
    OfferOutcome,
    OneOf,
    OpeningHours,
    OverflowRule,
    QueuePolicy,
    RoutingStep,
)
from acd.refusals import InvalidTransition, UnknownEntity
from tests.unit.acd.floorplan import START, Center, policy

DAYTIME = Calendar((OpeningHours(tuple(range(7)), 8 * 3600.0, 21 * 3600.0),))
"""`START` is 08:00 in China: it opens at that instant."""
NIGHT_S = 14 * 3600.0


def center(agents: tuple[str, ...] = ("ann",), **terms: Any) -> Center:
    usual = CallbackTerms(busy_delay_s=60.0, no_answer_delay_s=120.0, failed_delay_s=30.0)
    queue = QueuePolicy("q", callbacks=replace(usual, **terms), wrap_up_s=10.0)
    return Center(policy([queue, QueuePolicy("other")], {name: {} for name in agents}))


def dialled(floor: Center, callback: str = "k1") -> DialCallback:
    """The (ready) agent is offered the callback and takes it."""
    offer = floor.offer()
    assert (offer.contact, offer.callback) == (callback, True)
    floor.answer(offer.offer)
    return floor.heard(DialCallback)[0]


def over(floor: Center) -> CallbackEnd | None:
    """How a callback was said to be over just now."""
    changes = [change for change in floor.heard(CallbackChanged) if change.state is None]
    return changes[-1].end if changes else None


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
    floor.end_attempt("k1", AttemptOutcome.CANCELLED)
    assert floor.callback("k1").attempts == 0
    floor.release("ann")
    assert not floor.heard(MakeOffer)
    floor.ready("bob")
    assert floor.offer().agent == "bob"


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


def test_one_that_is_being_offered_when_night_falls_is_put_back_if_nobody_answers() -> None:
    floor = center(hours=DAYTIME, expires_s=3 * 86_400.0)
    floor.wait(13 * 3600.0 - 5)
    floor.ready("ann")
    floor.request_callback("k1")
    offer = floor.offer()
    floor.wait(10)
    floor.end(offer.offer)
    assert floor.callback("k1").state is CallbackState.SCHEDULED


def test_hours_in_which_nobody_may_ever_be_dialled_end_it() -> None:
    floor = center(hours=Calendar(()))
    floor.request_callback("k1")
    assert over(floor) is CallbackEnd.EXPIRED


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


def test_a_caller_who_calls_again_and_is_answered_needs_no_callback() -> None:
    floor = center()
    floor.request_callback("k1", "other", caller="zhang")
    floor.ready("ann")
    floor.end(floor.offer().offer, OfferOutcome.REJECTED)
    floor.queue("c1", caller="zhang", priority=1)
    floor.ready("ann")
    floor.answer(floor.offer().offer)
    assert over(floor) is CallbackEnd.CALLED_AGAIN
    assert floor.router.queue_figures("other").callbacks_dropped == 1


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


@pytest.mark.parametrize("state", ["scheduled", "waiting", "offered"])
def test_an_attempt_found_under_way_leaves_nothing_to_offer(state: str) -> None:
    floor = center()
    floor.request_callback("k1", earliest_at=floor.now + 60 if state == "scheduled" else None)
    if state == "offered":
        floor.ready("ann")
    floor.take_callback("k1")
    assert len(floor.heard(CancelOffer)) == (state == "offered")
    assert floor.callback("k1").state is CallbackState.DIALLING
    floor.end_attempt("k1", AttemptOutcome.BUSY)
    assert floor.callback("k1").attempts == 1


def test_an_attempt_that_was_under_way_before_a_restart_is_not_begun_again() -> None:
    floor = center()
    floor.ready("ann")
    floor.request_callback("k1", restored=True, dialling=True, attempts=1)
    assert not floor.heard(MakeOffer)
    floor.end_attempt("k1", AttemptOutcome.NO_ANSWER)
    assert (floor.callback("k1").attempts, floor.callback("k1").state) == (2, CallbackState.SCHEDULED)


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


def test_after_a_restart_it_is_requested_again_with_what_was_said_of_it() -> None:
    floor = center(max_attempts=3)
    floor.ready("ann")
    floor.request_callback("k1", caller="zhang")
    dialled(floor)
    floor.end_attempt("k1", AttemptOutcome.BUSY)
    said = floor.heard(CallbackChanged)[-1]
    again = center(max_attempts=3)
    again.now = floor.now
    again.request_callback(
        said.callback,
        said.queue,
        said.priority,
        said.queued_at,
        caller=said.caller,
        owner=said.owner,
        earliest_at=said.due_at,
        latest_at=said.latest_at,
        mode=said.mode,
        steps=said.steps,
        attempts=said.attempts,
        restored=True,
    )
    before, after = floor.callback("k1"), again.callback("k1")
    assert replace(after, last_outcome=before.last_outcome) == before
    assert again.router.queue_figures("q").callbacks_requested == 0


@pytest.mark.parametrize("state", ["scheduled", "waiting", "offered", "ringing here"])
def test_found_talking_after_a_restart_it_is_reached(state: str) -> None:
    floor = center(("ann", "bob"))
    if state in ("offered", "ringing here"):
        floor.ready("ann" if state == "ringing here" else "bob")
    floor.request_callback("k1", earliest_at=floor.now + 60 if state == "scheduled" else None)
    if state != "ringing here":
        floor.ready("ann")
    floor.restore_contact("k1", "ann")
    assert over(floor) is CallbackEnd.REACHED
    assert not floor.heard(DialCallback), "they talk already"
    assert floor.contact("k1").state is ContactState.CONNECTED
    assert floor.agent("ann").state is AgentState.BUSY
    work = floor.router.agent_figures("ann")
    assert work is not None
    assert work.answered == 1


def test_it_is_found_talking_with_an_agent_who_is_not_logged_in() -> None:
    floor = center()
    floor.request_callback("k1")
    floor.restore_contact("k1", "ann")
    assert over(floor) is CallbackEnd.REACHED
    assert floor.agent("ann").state is AgentState.LOGGED_OUT


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


def test_that_a_callback_was_altered_stands_in_the_story_of_its_contact() -> None:
    floor = center()
    floor.request_callback("k1")
    floor.alter_callback("k1", priority=3)
    [contact] = floor.router.snapshot()["contacts"]
    assert [trigger for _, trigger, _ in contact["history"]][-1] == "altered"


def test_a_callback_says_which_steps_it_was_given() -> None:
    floor, steps = center(), (RoutingStep(OneOf(("ann",)), 60.0),)
    floor.request_callback("k1", steps=steps)
    assert floor.heard(CallbackChanged)[-1].steps == steps


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
