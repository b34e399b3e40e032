"""Both cores together: what one event leads to, from the fact in Asterisk to the action and the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd import events as acd
from acd.model import AgentState, OneOf, RoutingStep
from cti.calls import facts as f
from cti.calls.actions import ActionFailed, HangUp, RingSeat
from cti.commands import BeReady, FillWorkOrder, LogIn
from cti.records_json import decode_call
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.step import RecordingGone, RecordingStored
from tests.support.conversation import (
    agent_hangs_up,
    caller_arrives,
    leg_started,
    phone_changed,
    seat_answers,
    seat_rings,
    snapshot,
)
from tests.unit.cti.rig import CALL, Rig, plan, policy


def test_a_waiting_caller_and_a_ready_agent_lead_to_one_ringing_phone() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)

    assert (ring.seat, ring.call, ring.queue) == ("seat-01", CALL, "general")
    assert ring.caller_channel == f"PJSIP/trunk-{CALL}"
    assert rig.state("1001") is AgentState.RESERVED


def test_a_call_leaves_its_record_its_decision_its_work_order_and_its_recording() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    rig.tell(*agent_hangs_up(ring.leg, CALL, 30.0))
    rig.tell(RecordingStored(33.0, "t", ring.leg, {"recording": ring.leg}))

    drafts = [draft for step in rig.steps for draft in step.drafts]
    record = decode_call([d for d in drafts if d.kind == "call"][-1].body)
    assert (record.queued_at, record.offered_at, record.answered_at, record.ended_at) == (5.0, 5.0, 7.0, 32.0)
    assert [o.outcome for o in record.offers] == ["accepted"]
    assert [(d.kind, d.key) for d in drafts if d.kind == "decision"] == [("decision", ring.leg)]
    assert [(d.key, d.body["call"], d.body["state"]) for d in drafts if d.kind == "work_order"] == [
        (f"wo-{CALL}", CALL, "intake")
    ]
    assert [d.key for d in drafts if d.kind == "recording"] == [ring.leg]
    assert [due.leg for step in rig.steps for due in step.recordings] == [ring.leg]
    assert rig.steps[-1].archived == [ring.leg]


def test_whose_a_recording_is_stays_in_the_state_until_it_is_stored_or_there_is_none() -> None:
    for end in (RecordingStored(33.0, "t", "offer", {}), RecordingGone(33.0, "t", "offer")):
        rig = Rig()
        rig.ready_agent()
        ring = rig.offer(5.0)
        rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
        [step] = [s for s in rig.tell(*agent_hangs_up(ring.leg, CALL, 30.0)) if s.recordings]
        assert step.state[f"due/{ring.leg}"] == {
            "cause": "t",
            "leg": ring.leg,
            "call": CALL,
            "segment": f"{CALL}/1",
            "started_at": "1970-01-01T00:00:07.000000Z",
        }
        [step] = rig.tell(replace(end, recording=ring.leg))
        assert step.state[f"due/{ring.leg}"] is None


def test_what_is_written_last_into_a_work_order_is_its_newest_version() -> None:
    """Two write at once, or while a full disk refuses: both came from the same version."""
    rig = Rig()
    wrote = [
        FillWorkOrder(float(at), "t", "wo-1", {"version": 2, "summary": summary, "filled_by": "1001"})
        for at, summary in ((1, "first"), (2, "second"))
    ]
    drafts = [draft for step in rig.tell(*wrote) for draft in step.drafts]
    assert [(d.body["summary"], d.body["version"]) for d in drafts] == [("first", 2), ("second", 3)]


def test_the_raw_recording_is_given_up_only_with_the_step_that_journals_the_recording() -> None:
    rig = Rig()
    [step] = rig.tell(RecordingStored(1.0, "t", "leg", {"recording": "leg"}))

    assert [d.kind for d in step.drafts] == ["recording"]
    assert step.archived == ["leg"]


def test_after_the_call_the_agent_wraps_up_and_is_then_ready_for_the_next() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    assert rig.state("1001") is AgentState.BUSY
    rig.tell(*agent_hangs_up(ring.leg, CALL, 30.0))
    assert rig.state("1001") is AgentState.WRAP_UP
    assert rig.runtime.next_deadline() == 40.0
    rig.tell(acd.TimePassed(40.0, "t"))
    assert rig.state("1001") is AgentState.READY


def test_a_phone_that_is_not_answered_makes_its_agent_not_ready_and_the_caller_keeps_the_place() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), f.LegEnded(20.0, "t", ring.leg, 19, False))
    assert rig.state("1001") is AgentState.NOT_READY
    assert rig.runtime.agents["1001"].reason == "rona"

    [again] = rig.actions(rig.tell(LogIn(21.0, "t", "1002", "seat-02"), BeReady(22.0, "t", "1002")), RingSeat)
    assert isinstance(again, RingSeat)
    assert (again.call, again.seat) == (CALL, "seat-02")
    assert again.leg != ring.leg


def test_a_leg_that_nobody_is_at_any_more_is_hung_up_and_the_agent_is_free() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    steps = rig.tell(f.LegLingers(7.0, "t", CALL))
    assert [a.leg for a in rig.actions(steps, HangUp) if isinstance(a, HangUp)] == [CALL]


def test_a_caller_who_hangs_up_while_the_phone_rings_stops_the_ringing() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0))
    steps = rig.tell(f.LegEnded(6.0, "t", CALL, 16, True))
    assert [a.leg for a in rig.actions(steps, HangUp) if isinstance(a, HangUp)] == [ring.leg]

    rig.tell(f.LegEnded(6.1, "t", ring.leg, 16, False))
    assert rig.state("1001") is AgentState.READY


def test_ringing_that_the_dialplan_ends_with_its_caller_is_not_held_against_the_agent() -> None:
    """The seat's leg ends before the caller's: without being told why it would be taken for no answer."""
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0))
    steps = rig.tell(f.CallerLeft(6.0, "t", CALL, CALL, 16), f.LegEnded(6.1, "t", ring.leg, 0, False))
    steps += rig.tell(f.LegEnded(6.2, "t", CALL, 16, True))

    assert rig.state("1001") is AgentState.READY
    assert rig.actions(steps, RingSeat) == []
    drafts = [draft for step in rig.steps for draft in step.drafts if draft.kind == "call"]
    record = decode_call(drafts[-1].body)
    assert (record.outcome, [o.outcome for o in record.offers]) == ("abandoned", ["cancelled"])


@pytest.mark.parametrize("caller_first", [True, False])
def test_the_record_says_that_an_offer_was_cancelled_though_the_call_is_over_first(
    caller_first: bool,
) -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    if not caller_first:
        rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0))
    rig.tell(f.LegEnded(6.0, "t", CALL, 16, True))
    if caller_first:
        rig.tell(f.OriginateFailed(6.1, "t", ring.leg, "failed"))
    else:
        rig.tell(f.LegEnded(6.1, "t", ring.leg, 16, False))

    drafts = [draft for step in rig.steps for draft in step.drafts if draft.kind == "call"]
    assert [o.outcome for o in decode_call(drafts[-1].body).offers] == ["cancelled"]
    total = rig.runtime.router.queue_figures(None)
    assert (total.offered, total.abandoned) == (1, 1)


def test_an_originate_that_asterisk_refuses_takes_the_agent_out_and_not_the_caller() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(ActionFailed(5.1, "t", ring, "refused: Extension does not exist."))

    assert rig.state("1001") is AgentState.NOT_READY
    assert rig.runtime.open_call(CALL) is not None


def test_a_phone_that_goes_away_takes_its_ready_agent_out_at_once() -> None:
    rig = Rig()
    rig.ready_agent()
    rig.tell(phone_changed("seat-01", False, 4.0))

    assert (rig.state("1001"), rig.runtime.agents["1001"].reason) == (
        AgentState.NOT_READY,
        "phone_unreachable",
    )


def test_an_agent_is_offered_only_what_they_have_the_skills_for() -> None:
    rig = Rig()
    rig.ready_agent("1002", "seat-02")
    steps = rig.tell(*caller_arrives(CALL, 0.0, queue="english"))
    assert rig.actions(steps, RingSeat) == []

    steps = rig.tell(LogIn(9.0, "t", "1001", "seat-01"), BeReady(9.0, "t", "1001"))
    assert len(rig.actions(steps, RingSeat)) == 1


def test_an_outbound_call_keeps_its_agent_busy_and_spawns_no_work_order() -> None:
    rig = Rig()
    rig.ready_agent()
    rig.tell(
        leg_started("out", "seat-01", 1.0, dialled="13900000000"),
        f.SeatDialled(1.0, "t", "out", "out", "seat-01", "13900000000"),
    )
    assert rig.state("1001") is AgentState.BUSY
    rig.tell(f.LegEnded(9.0, "t", "out", 16, True))
    assert rig.state("1001") is AgentState.READY
    assert [d for step in rig.steps for d in step.drafts if d.kind == "work_order"] == []


def test_a_caller_cut_off_by_the_network_has_the_old_place_when_dialling_again() -> None:
    rig = Rig()
    known = replace(plan(), caller_key=lambda number: f"key of {number}")
    rig.runtime = Runtime(known, replace(policy(), keep_place_s=60.0), Resume(), 0.0)
    rig.tell(snapshot(at=0.0))
    rig.tell(*caller_arrives("first", 2.0))
    rig.tell(*caller_arrives("second", 10.0))
    rig.tell(f.LegEnded(20.0, "t", "first", 38, True))
    rig.tell(*caller_arrives("third", 25.0))
    rig.ready_agent(at=30.0)
    [ring] = [action for step in rig.steps for action in step.actions if isinstance(action, RingSeat)]
    assert ring.call == "third"


def test_a_caller_of_a_hotline_is_kept_for_whom_its_steps_ask() -> None:
    rig = Rig()
    step = RoutingStep(OneOf(("1002",)), 30.0)
    rig.runtime = Runtime(replace(plan(), steps_of={"12345": (step,)}), policy(), Resume(), 0.0)
    rig.tell(snapshot(at=0.0))
    rig.ready_agent("1001", "seat-01")
    rig.ready_agent("1002", "seat-02")
    rig.tell(*caller_arrives(CALL, 2.0))
    [ring] = [action for step in rig.steps for action in step.actions if isinstance(action, RingSeat)]
    assert ring.seat == "seat-02"


def test_a_caller_who_calls_again_is_kept_for_the_agent_who_spoke_with_them_also_after_a_restart() -> None:
    known = replace(plan(), caller_key=lambda number: "key", last_agent_ttl_s=20.0)
    rig = Rig()
    rig.runtime = Runtime(known, policy(), Resume(), 0.0)
    rig.tell(snapshot(at=0.0))
    rig.ready_agent("1002", "seat-02")
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-02", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    rig.tell(*agent_hangs_up(ring.leg, CALL, 30.0))
    state: dict[str, Any] = {key: body for step in rig.steps for key, body in step.state.items()}
    assert state["last_agent/key"] == {"agent": "1002"}

    again = Rig()
    again.runtime = Runtime(known, policy(), Resume(preferred={"last_agent/key": {"agent": "1002"}}), 100.0)
    again.tell(snapshot(at=100.0))
    again.ready_agent("1001", "seat-01", at=100.0)
    again.ready_agent("1002", "seat-02", at=101.0)
    rings = again.actions(again.tell(*caller_arrives("again", 110.0)), RingSeat)
    assert [ring.seat for ring in rings if isinstance(ring, RingSeat)] == ["seat-02"]


def test_an_agent_whose_held_citizen_hangs_up_is_let_go_at_once() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    rig.tell(f.LegParted(20.0, "t", ring.leg, "b1"), f.LegParted(20.0, "t", CALL, "b1"))
    rig.tell(f.CallerHeld(20.0, "t", CALL, CALL, ring.leg))
    steps = rig.tell(f.LegEnded(30.0, "t", CALL, 16, True))
    assert [a.leg for a in rig.actions(steps, HangUp) if isinstance(a, HangUp)] == [ring.leg]
