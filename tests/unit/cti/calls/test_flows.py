"""What a caller did in a flow, in the call's record: told once, twice, late, or by Asterisk's log."""

from __future__ import annotations

import pytest

from acd import events as acd
from cti.calls import facts as f
from cti.calls.facts import Fact
from cti.calls.flows import SHORTEST_VOICEMAIL_S
from cti.calls.outputs import CallbackReason, CallbackWanted, RecordingDue, RecordingVoid
from cti.calls.records import CallOutcome, CallRecord, CallState, RatingOutcome
from tests.support.conversation import caller_arrives
from tests.unit.cti.calls.told import AGENT, CALL, Told, agent_leaves, answer, arrival, kinds


def caller_hangs_up(at: float) -> Fact:
    return f.LegEnded(at, "t", CALL, 16, True)


def closed() -> list[Fact]:
    """A caller who meets a closed line at 3."""
    return [*caller_arrives(CALL, 0.0)[:-1], f.LineClosed(3.0, "t", CALL, CALL, "general")]


def talked() -> Told:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer(), *agent_leaves()[:-1])
    return told


def rated(outcome: str = "rated", score: int = 4, tries: int = 1, at: float = 36.0) -> Fact:
    return f.RatingGiven(at, "t", CALL, CALL, outcome, score, tries)


ASKED = f.RatingAsked(31.0, "t", CALL, CALL)


@pytest.mark.parametrize("times", [1, 2])
def test_a_rating_is_the_agents_who_talked_last_and_is_taken_once(times: int) -> None:
    told = talked()
    told.tell(*[ASKED] * times, *[rated()] * times, rated(score=1), caller_hangs_up(38.0))
    rating = told.record.rating
    assert rating is not None
    assert (rating.agent, rating.asked_at, rating.rated_at) == (AGENT, 31.0, 36.0)
    assert (rating.outcome, rating.score, rating.tries) == (RatingOutcome.RATED, 4, 1)
    assert told.record.outcome is CallOutcome.ANSWERED


@pytest.mark.parametrize("rating", [[], [ASKED, rated()]])
def test_a_call_is_after_its_talk_and_never_waits_again(rating: list[Fact]) -> None:
    told = Told()
    told.tell(*arrival())
    states = [told.record.state]
    *leaves, _told_by_a_snapshot_alone, ended = agent_leaves()
    for fact in (*answer(), *leaves, *rating, ended):
        told.tell(fact)
        if told.record.state is not states[-1]:
            states.append(told.record.state)
        live = told.model.calls.get(CALL)
        assert told.record.state is (live.state if live else None), "events and the live view agree"
    assert states == [CallState.WAITING, CallState.TALKING, CallState.AFTER, None]


@pytest.mark.parametrize("outcome", ["silent", "wrong_key"])
def test_who_gives_no_rating_has_none(outcome: str) -> None:
    told = talked()
    told.tell(ASKED, rated(outcome, 0, 2), caller_hangs_up(50.0))
    assert told.record.rating is not None
    assert (told.record.rating.outcome, told.record.rating.score) == (RatingOutcome(outcome), None)


def test_who_hangs_up_in_the_rating_is_told_apart() -> None:
    told = talked()
    told.tell(ASKED, caller_hangs_up(33.0))
    assert told.record.rating is not None
    assert told.record.rating.outcome is RatingOutcome.HUNG_UP


def test_a_rating_that_nobody_was_asked_for_is_passed_over() -> None:
    told = talked()
    told.tell(rated(), caller_hangs_up(38.0), rated())
    assert told.record.rating is None


def test_a_message_is_recorded_work_for_somebody_once_the_caller_hung_up() -> None:
    told = Told()
    told.tell(*closed(), f.VoicemailStarted(8.0, "t", CALL, CALL))
    told.tell(f.VoicemailStarted(9.0, "t", CALL, CALL), caller_hangs_up(20.0))
    assert told.record.outcome is CallOutcome.VOICEMAIL
    assert [o for o in told.outputs if isinstance(o, RecordingDue)] == [
        RecordingDue("t", CALL, CALL, f"{CALL}/voicemail", 8.0)
    ]
    assert told.routing() == []


def test_a_message_that_is_complete_is_archived_before_the_caller_leaves() -> None:
    told = Told()
    told.tell(*closed(), f.VoicemailStarted(8.0, "t", CALL, CALL))
    over = told.tell(f.VoicemailEnded(20.0, "t", CALL, CALL))
    assert kinds(over) == ["CallUpdated", "RecordingDue"]
    assert kinds(told.tell(f.VoicemailEnded(20.0, "t", CALL, CALL), caller_hangs_up(25.0))) == ["CallUpdated"]
    assert told.record.voicemail is not None
    assert told.record.voicemail.ended_at == 20.0


def test_who_hangs_up_right_after_the_tone_left_no_message() -> None:
    told = Told()
    told.tell(*closed(), f.VoicemailStarted(8.0, "t", CALL, CALL))
    told.tell(caller_hangs_up(8.0 + SHORTEST_VOICEMAIL_S / 2))
    assert (told.record.outcome, told.record.voicemail) == (CallOutcome.CLOSED, None)
    assert RecordingVoid("t", CALL, known=True) in told.outputs


def test_a_caller_who_takes_a_callback_leaves_the_queue_with_the_place_kept() -> None:
    told = Told()
    told.tell(*arrival())
    asked = f.CallbackAsked(9.0, "t", CALL, CALL, "general", 0, 2.5, "13812341234")
    left = told.tell(asked)
    assert left[0] == acd.ContactLeft(9.0, "t", CALL, takes_callback=True)
    assert kinds(left[1:]) == ["CallUpdated", "CallbackWanted"]
    [wanted] = [output for output in left if isinstance(output, CallbackWanted)]
    assert (wanted.number, wanted.queue, wanted.queued_at) == ("13812341234", "general", 2.5)
    assert (wanted.reason, wanted.by, wanted.origin) == (CallbackReason.REQUESTED, "caller", CALL)
    assert told.tell(asked) == []
    told.tell(caller_hangs_up(12.0))
    assert told.record.outcome is CallOutcome.CALLBACK


def test_a_choice_is_kept_and_a_known_one_not_replaced() -> None:
    told = Told()
    told.tell(*caller_arrives(CALL, 0.0)[:-1], f.MenuChosen(1.0, "t", CALL, CALL, "menu.law"))
    told.tell(f.MenuChosen(2.0, "t", CALL, CALL, "menu.other"))
    assert told.record.choice == "menu.law"


@pytest.mark.parametrize(
    "record_changes",
    [{"callback_at": 5.0}, {"closed_at": 5.0}, {"outcome": CallOutcome.DIVERTED}],
)
def test_who_waits_for_nobody_any_more_is_not_queued_again_after_a_restart(
    record_changes: dict[str, object],
) -> None:
    told = Told()
    told.tell(*arrival())
    record: CallRecord = told.record
    for name, value in record_changes.items():
        setattr(record, name, value)
    again = Told(sees=False)
    again.model.restore(record)
    again.tell(f.LegRinging(9.0, "t", CALL))
    assert again.model.calls[CALL].place != "waiting"
