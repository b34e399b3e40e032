"""What a service that was killed must know again: sequences of events before and after the kill."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from acd import events as acd
from acd.model import AgentPolicy, AgentState, OfferOutcome, Policy, QueuePolicy
from cti.calls import facts as f
from cti.calls.actions import RingSeat, TakeOver
from cti.commands import BeNotReady, BeReady
from cti.journal import Journal
from cti.past import read_past
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.step import InboxEvent
from tests.support.conversation import (
    agent_hangs_up,
    caller_arrives,
    seat_answers,
    seat_rings,
    shown,
    snapshot,
)
from tests.unit.cti.rig import CALL, Rig, journal_of, plan

RONA = (AgentState.NOT_READY, "rona")
OTHER = "hotline-1.2"
NO_ANSWER = 19
CUT_OFF = 38


def policy(**routing: float) -> Policy:
    queues = {"general": QueuePolicy("general", wrap_up_s=10.0, ring_timeout_s=20.0, offer_backoff_s=60.0)}
    agents = {name: AgentPolicy(name) for name in ("1001", "1002")}
    return replace(Policy(queues, agents), **routing)  # type: ignore[arg-type]


class Place(Rig):
    """A service, and the next one after a kill, which knows what the journal has."""

    def __init__(self, path: Path, resume: Resume | None = None, now: float = 0.0, **routing: float) -> None:
        super().__init__(resume, now=now, sees=False)
        self.path, self.routing = path, routing
        known = replace(plan(), caller_key=lambda number: f"key-of-{number}")
        self.runtime = Runtime(known, policy(**routing), resume or Resume(), now)
        self.steps = [self.runtime.opening]
        if resume is None:
            self.tell(snapshot(at=now))

    def killed(self, now: float) -> Place:
        """The next service, before it has seen Asterisk."""
        with closing(Journal.open(self.path / "journal.sqlite")) as journal:
            for step in self.steps:
                journal.append(step.drafts, step.state)
            resume = read_past(journal).resume
        return Place(self.path, resume, now, **self.routing)

    def stands(self, agent: str) -> tuple[AgentState, str | None]:
        return self.runtime.agents[agent].state, self.runtime.agents[agent].reason

    @property
    def rung(self) -> list[str]:
        """For whom phones were rung so far."""
        return [ring.call for ring in self.actions(self.steps, RingSeat) if isinstance(ring, RingSeat)]

    def rings(self, *events: InboxEvent) -> list[tuple[str, str]]:
        """For whom which seat is rung because of these events."""
        rung = self.actions(self.tell(*events), RingSeat)
        return [(ring.call, ring.seat) for ring in rung if isinstance(ring, RingSeat)]


def ringing(place: Place, at: float = 5.0) -> RingSeat:
    place.ready_agent()
    ring = place.offer(at)
    place.tell(*seat_rings(ring.leg, "seat-01", CALL, at))
    return ring


def still_rings(ring: RingSeat, at: float) -> f.PbxSnapshot:
    return snapshot(
        shown(CALL, "trunk", CALL, place="waiting", queued_at=5.0, started_at=2.0),
        shown(ring.leg, "seat-01", CALL, place="agent", up=False, started_at=5.0),
        at=at,
    )


def waits(at: float) -> f.PbxSnapshot:
    return snapshot(shown(CALL, "trunk", CALL, place="waiting", queued_at=5.0, started_at=2.0), at=at)


def test_an_offer_that_rings_out_after_the_kill_takes_its_agent_out(tmp_path: Path) -> None:
    before = Place(tmp_path)
    ring = ringing(before)
    place = before.killed(now=10.0)
    place.tell(still_rings(ring, 10.0))
    assert place.rings(f.LegEnded(25.0, "t", ring.leg, NO_ANSWER, False)) == []
    assert place.stands("1001") == RONA


def test_an_offer_that_rang_out_while_no_service_lived_takes_its_agent_out(tmp_path: Path) -> None:
    before = Place(tmp_path)
    ring = ringing(before)
    place = before.killed(now=30.0)
    assert place.rings(f.LegEnded(25.0, "t", ring.leg, NO_ANSWER, False), waits(30.0)) == []
    assert place.stands("1001") == RONA


@pytest.mark.parametrize(
    ("hangup_cause", "by_peer", "reason"),
    [(NO_ANSWER, False, "rona"), (21, True, "rejected"), (20, False, "phone_unreachable")],
)
def test_the_end_of_a_ring_means_after_a_kill_what_it_means_without(
    tmp_path: Path, hangup_cause: int, by_peer: bool, reason: str
) -> None:
    without = Place(tmp_path / "without")
    ring = ringing(without)
    ended = f.LegEnded(25.0, "t", ring.leg, hangup_cause, by_peer)
    without.tell(ended)
    before = Place(tmp_path / "with")
    ringing(before)
    place = before.killed(now=10.0)
    place.tell(still_rings(ring, 10.0), ended)
    assert place.stands("1001") == without.stands("1001") == (AgentState.NOT_READY, reason)


def test_the_caller_is_rung_for_elsewhere_and_spares_who_did_not_answer(tmp_path: Path) -> None:
    before = Place(tmp_path)
    ring = ringing(before)
    before.ready_agent("1002", "seat-02")
    place = before.killed(now=10.0)
    ended = f.LegEnded(25.0, "t", ring.leg, NO_ANSWER, False)
    assert place.rings(still_rings(ring, 10.0), ended) == [(CALL, "seat-02")]

    alone = Place(tmp_path / "alone")
    ring = ringing(alone)
    place = alone.killed(now=10.0)
    place.tell(still_rings(ring, 10.0), ended)
    assert place.rings(BeReady(30.0, "t", "1001"), acd.TimePassed(84.0, "t")) == []
    assert place.rings(acd.TimePassed(85.0, "t")) == [(CALL, "seat-01")], "60 s after the ring was over"


def test_a_ring_that_is_answered_after_the_kill_takes_nobody_out(tmp_path: Path) -> None:
    before = Place(tmp_path)
    ring = ringing(before)
    place = before.killed(now=10.0)
    place.tell(still_rings(ring, 10.0), *seat_answers(ring.leg, CALL, 12.0))
    assert place.stands("1001") == (AgentState.BUSY, None)
    place.tell(f.LegEnded(40.0, "t", ring.leg, 16, True))
    assert place.stands("1001")[0] is AgentState.WRAP_UP


@pytest.mark.parametrize(
    "left",
    [f.LegEnded(12.0, "t", CALL, 16, True), f.CallerFellBack(12.0, "t", CALL, CALL)],
    ids=["the caller left", "the caller fell back"],
)
def test_a_ring_that_stopped_for_its_caller_is_held_against_nobody(tmp_path: Path, left: f.Fact) -> None:
    before = Place(tmp_path)
    ring = ringing(before)
    place = before.killed(now=10.0)
    place.tell(left, f.LegEnded(12.1, "t", ring.leg, 16, False), snapshot(at=13.0))
    assert place.stands("1001") == (AgentState.READY, None)
    [call] = [d.body for step in place.steps for d in step.drafts if d.kind == "call"][-1:]
    offers = call["offers"]
    assert isinstance(offers, list)
    assert [offer["outcome"] for offer in offers if isinstance(offer, dict)] == [OfferOutcome.CANCELLED]


def test_an_offer_that_rings_out_after_asterisk_was_out_of_sight_takes_its_agent_out(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ring = ringing(place)
    place.tell(f.PbxLost(10.0, "cut"), still_rings(ring, 12.0))
    assert place.rings(f.LegEnded(25.0, "t", ring.leg, NO_ANSWER, False)) == []
    assert place.stands("1001") == RONA


def test_who_rejects_an_old_offer_is_not_rung_for_the_next_caller_first(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ring = ringing(place)
    place.tell(f.PbxLost(10.0, "cut"), still_rings(ring, 12.0), *caller_arrives(OTHER, 13.0))
    rejects = f.LegLeaving(25.0, "t", ring.leg), f.LegEnded(25.01, "t", ring.leg, 21, True)
    assert place.rings(*rejects) == []
    assert place.stands("1001") == (AgentState.NOT_READY, "rejected")


def test_a_ring_that_a_set_clock_cut_short_is_held_against_nobody(tmp_path: Path) -> None:
    for adopted in (False, True):
        place = Place(tmp_path)
        ring = ringing(place)
        if adopted:
            place.tell(f.PbxLost(10.0, "cut"), still_rings(ring, 12.0))
        place.tell(f.ClockSet(13.0, "t", 3600.0))
        place.ready_agent("1002", "seat-02", at=14.0)
        assert len(place.rings(f.LegEnded(15.0, "t", ring.leg, NO_ANSWER, False))) == 1
        assert place.runtime.agents["1001"].reason is None


def test_who_chose_a_break_while_it_rang_has_the_break(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ring = ringing(place)
    place.tell(f.PbxLost(10.0, "cut"), still_rings(ring, 12.0), BeNotReady(13.0, "t", "1001", "break"))
    place.tell(f.LegEnded(25.0, "t", ring.leg, NO_ANSWER, False))
    assert place.stands("1001") == (AgentState.NOT_READY, "break")


def test_a_phone_that_is_on_another_call_is_not_held_against_its_agent(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ring = ringing(place)
    own = f.LegStarted(11.0, "t", "own", "PJSIP/seat-01-own", "seat-01", None, "own", "", "8002")
    place.tell(f.PbxLost(10.0, "cut"), still_rings(ring, 10.5), own)
    place.tell(f.LegEnded(25.0, "t", ring.leg, NO_ANSWER, False), f.LegEnded(30.0, "t", "own", 16, True))
    assert place.stands("1001") == (AgentState.READY, None)


def arrives(call: str, at: float, number: str) -> list[f.Fact]:
    return [
        replace(fact, number=number) if isinstance(fact, f.LegStarted | f.CallArrived) else fact
        for fact in caller_arrives(call, at)
    ]


def cut_off(place: Place) -> None:
    """A caller who waited since 5 s is cut off at 20 s, and another one waits since 13 s."""
    place.tell(*arrives(CALL, 2.0, "13900000001"), *arrives(OTHER, 10.0, "13900000002"))
    place.tell(f.LegEnded(20.0, "t", CALL, CUT_OFF, True))


def other_waits(at: float, *more: f.LegSnapshot) -> f.PbxSnapshot:
    other = shown(OTHER, "trunk", OTHER, place="waiting", queued_at=13.0, started_at=10.0)
    return snapshot(replace(other, number="13900000002"), *more, at=at)


def test_a_caller_who_was_cut_off_has_the_old_place_also_after_a_kill(tmp_path: Path) -> None:
    before = Place(tmp_path, keep_place_s=60.0)
    cut_off(before)
    place = before.killed(now=30.0)
    place.tell(other_waits(30.0), *arrives("again", 40.0, "13900000001"))
    place.ready_agent("1001", "seat-01", at=50.0)
    assert place.rung == ["again"]


def test_the_place_is_kept_no_longer_than_without_the_kill(tmp_path: Path) -> None:
    before = Place(tmp_path, keep_place_s=60.0)
    cut_off(before)
    place = before.killed(now=30.0)
    place.tell(other_waits(30.0), acd.TimePassed(80.0, "t"), *arrives("again", 81.0, "13900000001"))
    place.ready_agent("1001", "seat-01", at=90.0)
    assert place.rung == [OTHER]


def test_a_place_that_is_over_is_not_taken_up_and_not_kept_on(tmp_path: Path) -> None:
    before = Place(tmp_path, keep_place_s=60.0)
    cut_off(before)
    kept = {key for step in before.steps for key, body in step.state.items() if body and "place/" in key}
    assert kept == {"place/kept/key-of-13900000001"}
    place = before.killed(now=80.0)
    assert place.runtime.opening.state["place/kept/key-of-13900000001"] is None
    assert place.runtime.router.snapshot()["kept_places"] == {}


def test_a_place_that_was_taken_is_the_callers_also_after_a_kill_and_a_loss_of_sight(tmp_path: Path) -> None:
    before = Place(tmp_path, keep_place_s=60.0)
    cut_off(before)
    before.tell(*arrives("again", 30.0, "13900000001"))
    again = shown("again", "trunk", "again", place="waiting", queued_at=33.0, started_at=30.0)
    there = other_waits(40.0, replace(again, number="13900000001"))
    place = before.killed(now=40.0)
    place.tell(there, f.PbxLost(41.0, "cut"), replace(there, at=42.0))
    place.ready_agent("1001", "seat-01", at=50.0)
    assert place.rung == ["again"]

    place.tell(f.LegEnded(60.0, "t", "again", 16, True))
    state = {key: body for step in place.steps for key, body in step.state.items()}
    assert state["place/taken/again"] is None, "the call is over"


def test_who_is_cut_off_while_no_service_lives_keeps_the_place_too(tmp_path: Path) -> None:
    before = Place(tmp_path, keep_place_s=60.0)
    before.tell(*arrives(CALL, 2.0, "13900000001"), *arrives(OTHER, 10.0, "13900000002"))
    place = before.killed(now=30.0)
    place.tell(f.LegEnded(20.0, "t", CALL, CUT_OFF, True), other_waits(30.0))
    place.tell(*arrives("again", 40.0, "13900000001"))
    place.ready_agent("1001", "seat-01", at=50.0)
    assert place.rung == ["again"]


def test_who_withholds_their_number_keeps_no_place(tmp_path: Path) -> None:
    place = Place(tmp_path, keep_place_s=60.0)
    place.runtime.in_force.plan = plan()
    place.tell(*arrives(CALL, 2.0, ""), f.PbxLost(10.0, "cut"), f.LegEnded(20.0, "t", CALL, CUT_OFF, True))
    assert place.runtime.router.snapshot()["kept_places"] == {}


def test_a_break_that_was_asked_for_during_a_call_comes_after_it(tmp_path: Path) -> None:
    before = Place(tmp_path)
    ring = ringing(before)
    before.tell(*seat_answers(ring.leg, CALL, 7.0), BeNotReady(8.0, "t", "1001", "break"))
    place = before.killed(now=10.0)
    place.tell(
        snapshot(
            shown(CALL, "trunk", CALL, bridge="b1", place="waiting", queued_at=5.0, started_at=2.0),
            shown(ring.leg, "seat-01", CALL, bridge="b1", place="agent", started_at=5.0),
            at=10.0,
        )
    )
    assert place.stands("1001") == (AgentState.BUSY, None)
    place.tell(*agent_hangs_up(ring.leg, CALL, 20.0))
    assert place.stands("1001") == (AgentState.WRAP_UP, None)
    place.tell(acd.TimePassed(31.0, "t"))
    assert place.stands("1001") == (AgentState.NOT_READY, "break")


def test_a_service_killed_while_one_talks_and_one_waits_resumes_both() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    rig.tell(*caller_arrives("hotline-1.2", 10.0))

    resumed = Rig(journal_of(rig), now=50.0, sees=False)
    resumed.tell(
        snapshot(
            shown(CALL, "trunk", CALL, place="waiting", bridge="b1", queued_at=5.0),
            shown(ring.leg, "seat-01", CALL, place="agent", bridge="b1", started_at=5.0),
            shown("hotline-1.2", "trunk", "hotline-1.2", place="fallback", queued_at=13.0, started_at=10.0),
            at=50.0,
        )
    )
    assert resumed.state("1001") is AgentState.BUSY
    assert resumed.actions(resumed.steps, TakeOver) == [TakeOver("t", "PJSIP/trunk-hotline-1.2")]

    resumed.tell(f.CallerQueued(50.5, "t", "hotline-1.2", "hotline-1.2", "general", 0, 13.0))
    resumed.tell(*agent_hangs_up(ring.leg, CALL, 60.0))
    assert resumed.state("1001") is AgentState.WRAP_UP
    [again] = resumed.actions(resumed.tell(acd.TimePassed(70.0, "t")), RingSeat)
    assert isinstance(again, RingSeat)
    assert again.call == "hotline-1.2"
    work_orders = [d.key for step in resumed.steps for d in step.drafts if d.kind == "work_order"]
    assert work_orders == []
