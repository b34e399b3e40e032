"""The call model, told one conversation at a time as Asterisk tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd import events as acd
from acd.model import OfferOutcome
from cti.calls import facts as f
from cti.calls.facts import Fact
from cti.calls.outputs import CallUpdated, RecordingDue, RecordingVoid
from cti.calls.records import CallOutcome, CallRecord, CallState, EndedBy, Route
from tests.support.conversation import leg_started, seat_rings, shown, snapshot
from tests.unit.cti.calls.told import AGENT, CALL, OFFER, SEAT, Told, agent_leaves, answer, arrival, kinds


def test_an_answered_call_has_its_timings_its_segment_and_one_recording() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer())
    outputs = told.tell(*agent_leaves())

    record = told.record
    assert (record.started_at, record.queued_at, record.offered_at) == (0.0, 3.0, 4.9)
    assert (record.answered_at, record.ended_at, record.ended_by) == (6.0, 32.0, EndedBy.AGENT)
    assert (record.outcome, record.route) == (CallOutcome.ANSWERED, Route.ACD)
    assert (record.agent, record.seat) == (AGENT, SEAT)
    [segment] = record.segments
    assert (segment.started_at, segment.ended_at, set(segment.legs)) == (6.0, 30.0, {CALL, OFFER})
    due = [o for o in outputs if isinstance(o, RecordingDue)]
    assert [(d.leg, d.call, d.segment) for d in due] == [(OFFER, CALL, f"{CALL}/1")]
    assert told.model.calls == {}


def test_the_router_hears_of_the_wait_the_answer_the_release_and_the_end() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer(), *agent_leaves())

    assert kinds(told.routing()) == ["ContactQueued", "OfferAnswered", "AgentReleased", "ContactLeft"]


def test_an_agent_is_free_when_the_phone_has_hung_up_while_asterisk_still_ends_the_leg() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer())
    leaving, *rest = agent_leaves(30.0)

    assert kinds(told.tell(leaving, leaving)) == ["AgentReleased"]
    assert not told.model.state.is_engaged(SEAT)
    assert "AgentReleased" not in kinds(told.tell(*rest))


def test_a_phone_that_refuses_an_offer_was_never_engaged() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*seat_rings(OFFER, SEAT, CALL, 5.0))

    assert told.tell(f.LegLeaving(6.0, "t", OFFER)) == []
    assert "OfferEnded" in kinds(told.tell(f.LegEnded(6.0, "t", OFFER, 21, True)))


def test_a_caller_who_hangs_up_while_waiting_is_abandoned() -> None:
    told = Told()
    told.tell(*arrival(), f.LegEnded(9.0, "t", CALL, 16, True))

    assert (told.record.outcome, told.record.ended_by) == (CallOutcome.ABANDONED, EndedBy.CALLER)
    assert kinds(told.routing()) == ["ContactQueued", "ContactLeft"]


def test_a_caller_who_hangs_up_in_the_greeting_never_queued() -> None:
    told = Told()
    told.tell(*arrival()[:3], f.LegEnded(2.0, "t", CALL, 16, True))

    assert told.record.outcome is CallOutcome.NOT_QUEUED
    assert told.routing() == []


def test_the_caller_who_hangs_up_first_ended_the_call_whichever_leg_ends_first() -> None:
    for order in (1, -1):
        told = Told()
        told.tell(*arrival())
        told.offer()
        told.tell(*answer())
        ends = [f.LegEnded(20.0, "t", CALL, 16, True), f.LegEnded(20.0, "t", OFFER, 16, False)]
        told.tell(*ends[::order])

        assert told.record.ended_by is EndedBy.CALLER


@pytest.mark.parametrize(
    ("hangup_cause", "by_peer", "outcome"),
    [
        (19, False, OfferOutcome.NO_ANSWER),
        (0, False, OfferOutcome.NO_ANSWER),
        (21, True, OfferOutcome.REJECTED),
        (17, True, OfferOutcome.REJECTED),
        (20, True, OfferOutcome.FAILED),
    ],
)
def test_a_phone_that_is_not_picked_up_ends_the_offer_and_keeps_the_contact(
    hangup_cause: int, by_peer: bool, outcome: OfferOutcome
) -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    outputs = told.tell(*answer()[:2], f.LegEnded(20.0, "t", OFFER, hangup_cause, by_peer))

    [ended] = [o for o in outputs if isinstance(o, acd.OfferEnded)]
    assert (ended.offer, ended.outcome) == (OFFER, outcome)
    assert "ContactLeft" not in kinds(told.routing())
    assert CALL in told.model.calls


def test_a_busy_phone_that_is_on_a_call_is_busy() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(leg_started("own", SEAT, 4.0, dialled="13900000000"))
    outputs = told.tell(*answer()[:1], f.LegEnded(6.0, "t", OFFER, 17, True))

    [ended] = [o for o in outputs if isinstance(o, acd.OfferEnded)]
    assert ended.outcome is OfferOutcome.BUSY


def test_an_originate_that_never_made_a_leg_ends_the_offer() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    outputs = told.tell(f.OriginateFailed(5.0, "t", OFFER, "failed"))

    assert outputs == [acd.OfferEnded(5.0, "t", OFFER, OfferOutcome.FAILED)]


def test_an_agent_who_dials_out_is_engaged_and_the_call_is_recorded() -> None:
    told = Told()
    told.tell(
        leg_started("out", SEAT, 1.0, dialled="13900000000"),
        f.SeatDialled(1.1, "t", "out", "out", SEAT, "13900000000"),
        leg_started("peer", "trunk", 1.2, call="out"),
    )
    again = Told(sees=False)
    again.model.restore(told.records["out"])
    states = told.records["out"].state, again.model.calls["out"].state
    assert states == (CallState.DIALLING, CallState.DIALLING), "after a restart too"
    told.tell(
        f.LegAnswered(4.0, "t", "peer"),
        f.LegJoined(4.0, "t", "out", "b2"),
        f.LegJoined(4.0, "t", "peer", "b2"),
        f.LegEnded(9.0, "t", "peer", 16, True),
        f.LegEnded(9.0, "t", "out", 16, False),
    )

    record = told.records["out"]
    assert (record.route, record.outcome) == (Route.DIRECT, CallOutcome.ANSWERED)
    assert (record.answered_at, record.ended_by) == (4.0, EndedBy.CALLER)
    assert kinds(told.routing()) == ["AgentEngaged", "AgentReleased"]
    assert [o.leg for o in told.outputs if isinstance(o, RecordingDue)] == ["out"]


def test_a_feature_code_engages_nobody() -> None:
    told = Told()
    told.tell(leg_started("x", SEAT, 1.0, dialled="*13"), f.LegEnded(2.0, "t", "x", 16, True))

    assert told.routing() == []


def fallback(at: float = 10.0) -> list[Fact]:
    return [
        f.CallerFellBack(at, "t", CALL, CALL),
        leg_started("q1", SEAT, at + 1, call=CALL, dialled="s"),
        f.LegRinging(at + 1, "t", "q1"),
        f.LegAnswered(at + 3, "t", "q1"),
        f.LegJoined(at + 3, "t", "q1", "b9"),
        f.LegJoined(at + 3, "t", CALL, "b9"),
    ]


def test_a_caller_answered_in_the_fallback_queue_has_the_same_record_by_another_route() -> None:
    told = Told()
    told.tell(
        *arrival(), *fallback(), f.LegEnded(40.0, "t", "q1", 16, True), f.LegEnded(41.0, "t", CALL, 16, False)
    )

    record = told.record
    assert (record.route, record.outcome, record.agent) == (Route.FALLBACK, CallOutcome.ANSWERED, AGENT)
    assert record.answered_at == 13.0
    assert len(record.segments) == 1
    assert kinds(told.routing()) == [
        "ContactQueued",
        "ContactLeft",
        "AgentEngaged",
        "ContactServedElsewhere",
        "AgentReleased",
    ]


def test_a_caller_is_taken_out_of_the_fallback_queue_only_when_no_phone_rings_for_them() -> None:
    told = Told()
    told.tell(*arrival())
    told.tell(f.CallerFellBack(10.0, "t", CALL, CALL))
    assert [call for call, _ in told.model.in_fallback()] == [CALL]
    told.tell(*fallback()[1:3])
    assert list(told.model.in_fallback()) == []
    told.tell(f.LegEnded(25.0, "t", "q1", 0, False))
    assert [call for call, _ in told.model.in_fallback()] == [CALL]


def test_a_caller_taken_over_keeps_the_place_of_the_first_wait() -> None:
    told = Told()
    told.tell(*arrival(), f.CallerFellBack(10.0, "t", CALL, CALL))
    outputs = told.tell(f.CallerQueued(30.0, "t", CALL, CALL, "general", 0, 30.0))

    [queued] = [o for o in outputs if isinstance(o, acd.ContactQueued)]
    assert queued.queued_at == 3.0


def conversation() -> list[Fact]:
    return [*arrival(), *answer(), *agent_leaves()]


def final_record(facts: list[Fact]) -> CallRecord:
    told = Told()
    told.offer(0.0)
    told.tell(*facts)
    return told.record


def without_version(record: CallRecord) -> dict[str, object]:
    shown = {name: getattr(record, name) for name in CallRecord.__slots__}
    del shown["version"], shown["offers"], shown["offered_at"]
    return shown


@given(st.lists(st.integers(min_value=0, max_value=14), max_size=12))
def test_facts_told_twice_end_in_the_same_record(repeated: list[int]) -> None:
    facts = conversation()
    doubled: list[Fact] = []
    for i, fact in enumerate(facts):
        doubled += [fact] * (1 + repeated.count(i))

    assert without_version(final_record(doubled)) == without_version(final_record(facts))


@given(st.integers(min_value=0, max_value=15))
def test_the_whole_story_told_again_after_the_end_changes_nothing(since: int) -> None:
    told = Told()
    told.offer(0.0)
    told.tell(*conversation())
    again = told.tell(*conversation()[since:])

    assert [o for o in again if isinstance(o, CallUpdated | RecordingDue)] == []
    assert told.model.calls == {}


def test_after_a_restart_a_waiting_caller_waits_since_when_they_first_queued() -> None:
    told = Told(sees=False)
    told.tell(snapshot(shown(CALL, "trunk", CALL, place="waiting")))

    assert told.routing() == [acd.ContactQueued(100.0, "t", CALL, "general", 0, 3.0)]


def test_after_a_restart_a_talking_pair_is_restored_and_ends_as_one_call() -> None:
    before = Told()
    before.tell(*arrival())
    before.offer()
    before.tell(*answer())

    told = Told(sees=False)
    told.model.restore(before.record)
    told.tell(
        snapshot(
            shown(CALL, "trunk", CALL, place="waiting", bridge="b1"),
            shown(OFFER, SEAT, CALL, place="agent", bridge="b1", started_at=5.0),
        )
    )
    assert kinds(told.routing()) == ["ContactRestored"]
    outputs = told.tell(*agent_leaves(200.0))

    [segment] = told.record.segments
    assert (segment.started_at, segment.ended_at) == (6.0, 200.0)
    assert [o.leg for o in outputs if isinstance(o, RecordingDue)] == [OFFER]
    assert kinds(told.routing()) == ["ContactRestored", "AgentReleased", "ContactLeft"]


def test_after_a_restart_a_call_that_is_gone_is_closed_and_its_recording_is_due() -> None:
    before = Told()
    before.tell(*arrival())
    before.offer()
    before.tell(*answer())

    told = Told(sees=False)
    told.model.restore(before.record)
    outputs = told.tell(snapshot())

    assert told.record.outcome is CallOutcome.ANSWERED
    assert told.record.ended_at == 100.0
    assert [o.leg for o in outputs if isinstance(o, RecordingDue)] == [OFFER]
    assert told.routing() == []


def test_what_a_phone_recorded_that_rang_before_a_gap_in_what_was_told_is_not_known_to_be_nothing() -> None:
    before = Told()
    before.tell(*arrival())
    before.offer()
    before.tell(*seat_rings(OFFER, SEAT, CALL, 5.0))

    told = Told(sees=False)
    told.model.restore(before.record)
    outputs = told.tell(snapshot())

    assert [o for o in outputs if isinstance(o, RecordingVoid)] == [RecordingVoid("t", OFFER, known=False)]


@pytest.mark.parametrize(("started", "known"), [(8.0, True), (31.0, False)])
def test_a_second_recording_is_known_when_the_first_one_has_what_was_said_meanwhile(
    started: float, known: bool
) -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    leaving, *parted, ended, _, _ = agent_leaves(30.0)
    second = f.RecordingStarted(started, "t", OFFER, CALL, f"{OFFER}_r2")
    told.tell(*answer(), second, leaving, *parted)
    outputs = told.tell(replace(ended, at=40.0))

    assert [o.leg for o in outputs if isinstance(o, RecordingDue)] == [OFFER]
    voids = [o for o in outputs if isinstance(o, RecordingVoid)]
    assert voids == [RecordingVoid("t", f"{OFFER}_r2", known)]


def test_a_stretch_read_from_the_log_gives_the_record_that_watching_it_gives() -> None:
    watched = Told()
    watched.tell(*conversation())
    told = Told(sees=False)
    told.tell(*conversation(), snapshot())

    assert without_version(told.record) == without_version(watched.record)


def test_a_phone_that_rings_from_before_a_restart_is_waited_for() -> None:
    told = Told(sees=False)
    told.tell(
        snapshot(
            shown(CALL, "trunk", CALL, place="waiting"), shown(OFFER, SEAT, CALL, place="agent", up=False)
        )
    )
    assert kinds(told.routing()) == ["AgentEngaged"]

    told.tell(f.LegEnded(101.0, "t", OFFER, 0, False))
    assert kinds(told.routing()) == ["AgentEngaged", "AgentReleased", "ContactQueued"]


def test_when_asterisk_is_out_of_sight_nobody_is_offered_until_it_is_back() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer()[:2])
    told.tell(f.PbxLost(7.0, "t"))
    assert kinds(told.routing()) == ["ContactQueued", "ContactLeft", "OfferEnded"]

    told.tell(f.LegEnded(8.0, "t", OFFER, 0, False), snapshot(shown(CALL, "trunk", CALL, place="waiting")))
    assert kinds(told.routing())[3:] == ["ContactQueued"]


def test_no_offer_is_made_from_the_loss_of_sight_on_until_all_that_is_there_has_been_told() -> None:
    told = Told()
    told.tell(*arrival())
    lost = told.tell(f.PbxLost(7.0, "t"))
    back = told.tell(snapshot(shown(CALL, "trunk", CALL, place="waiting")))
    assert kinds(lost) == ["TelephonyLost", "ContactLeft"]
    assert [kind for kind in kinds(back) if kind != "CallUpdated"] == ["ContactQueued", "TelephonyBack"]


def test_an_agent_still_talking_when_asterisk_comes_back_into_sight_was_never_released() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer(), f.PbxLost(20.0, "t"))
    told.tell(
        snapshot(
            shown(CALL, "trunk", CALL, place="waiting", bridge="b1"),
            shown(OFFER, SEAT, CALL, place="agent", bridge="b1"),
        )
    )

    assert kinds(told.routing()) == ["ContactQueued", "OfferAnswered"]
