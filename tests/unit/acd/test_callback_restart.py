"""Callbacks that were open, under way or over when the service was restarted."""

from __future__ import annotations

import pytest

from acd.effects import CallbackChanged, CancelOffer, DialCallback, MakeOffer
from acd.model import AgentState, AttemptOutcome, CallbackEnd, CallbackState, ContactState
from tests.unit.acd.calling_back import center, center_with_skill, dialled, over


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
        last_outcome=said.last_outcome,
        restored=True,
    )
    before, after = floor.callback("k1"), again.callback("k1")
    assert after == before
    assert again.heard(CallbackChanged)[-1].last_outcome is AttemptOutcome.BUSY
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


@pytest.mark.parametrize("found", [False, True])
def test_a_callback_found_talking_counts_in_its_queue_until_the_talk_is_over(found: bool) -> None:
    center = center_with_skill()
    center.log_in("ann")
    center.request_callback("k1", earliest_at=center.now + 5 if found else None)
    center.wait(2)
    center.restore_contact("k1", "ann", "p")
    assert center.router.queue_figures("q").talking == 1
    assert (center.contact("k1").queue, center.contact("k1").since) == ("q", center.now)
    center.leave("k1")
    assert center.router.queue_figures("q").talking == center.router.queue_figures(None).talking == 0
