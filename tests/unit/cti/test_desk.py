"""What agents ask for at their seats, and what their phones mean for them: through the whole machine."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from acd.effects import AgentChanged
from acd.model import AgentPolicy, AgentState, OfferOutcome, Policy, QueuePolicy
from cti.calls import facts as f
from cti.calls.actions import AnswerFeature, HangUp, RingSeat
from cti.calls.quality import LegQuality, Sound, Stream
from cti.commands import BeNotReady, BeReady, ExtendWrapUp, LogIn, LogOut, MoveSeat, PinTried, UnlockPin
from cti.desk import DeskRules
from cti.pins import PinAsked
from cti.plan import Plan
from cti.records_json import decode_call
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.seats import CallSound
from cti.step import InboxEvent, Step
from tests.support.conversation import (
    agent_hangs_up,
    caller_arrives,
    phone_changed,
    seat_answers,
    seat_rings,
    snapshot,
)

CALL = "hotline-1.1"
SEATS = ("seat-01", "seat-02")
NOT_READY, READY, RESERVED = AgentState.NOT_READY, AgentState.READY, AgentState.RESERVED
BUSY, WRAP_UP = AgentState.BUSY, AgentState.WRAP_UP


class Floor:
    """Two seats, two agents, one queue; Asterisk in sight, both phones reachable."""

    def __init__(self, rules: DeskRules | None = None, resume: Resume | None = None) -> None:
        plan = Plan(
            SEATS, "trunk", {"1": "break"}, lambda _at: (0.0, float("inf")), desk=rules or DeskRules()
        )
        agents = {"1001": AgentPolicy("1001", max_wrap_up_s=30.0), "1002": AgentPolicy("1002")}
        self.runtime = Runtime(
            plan, Policy({"general": QueuePolicy("general", wrap_up_s=10.0)}, agents), resume or Resume(), 0.0
        )
        self.steps: list[Step] = []
        self.tell(snapshot(at=0.0))

    def tell(self, *events: InboxEvent) -> list[Step]:
        steps = [self.runtime.step(event) for event in events]
        assert [story for step in steps for story in step.illegal] == []
        self.steps += steps
        return steps

    def refusal(self, event: InboxEvent) -> str | None:
        refused = self.tell(event)[0].refused
        return refused.error if refused is not None else None

    def seat(self, agent: str = "1001", seat: str = "seat-01", at: float = 1.0) -> None:
        self.tell(LogIn(at, "t", agent, seat), BeReady(at, "t", agent))

    def ring(self, at: float = 5.0) -> RingSeat:
        steps = self.tell(*caller_arrives(CALL, at - 3))
        [ring] = [action for step in steps for action in step.actions if isinstance(action, RingSeat)]
        self.tell(*seat_rings(ring.leg, ring.seat, CALL, at))
        return ring

    def talk(self, at: float = 7.0) -> RingSeat:
        ring = self.ring()
        self.tell(*seat_answers(ring.leg, CALL, at))
        return ring

    def agent(self, agent: str = "1001") -> AgentChanged:
        return self.runtime.agents[agent]

    def state(self, agent: str = "1001") -> tuple[AgentState, str | None]:
        return self.agent(agent).state, self.agent(agent).reason

    def answered(self, step: Step) -> str:
        [answer] = [action for action in step.actions if isinstance(action, AnswerFeature)]
        return answer.result


def feature(name: str, argument: str = "", seat: str = "seat-01", at: float = 8.0) -> f.FeatureDialled:
    return f.FeatureDialled(at, "t", "leg-f", f"PJSIP/{seat}-f", seat, name, argument)


def test_a_double_log_in_and_a_taken_seat_are_refused() -> None:
    floor = Floor()
    floor.seat()
    assert floor.refusal(LogIn(2.0, "t", "1001", "seat-02")) == "agent_already_logged_in"
    assert floor.refusal(LogIn(2.0, "t", "1001", "seat-01")) == "agent_already_logged_in"
    assert floor.refusal(LogIn(2.0, "t", "1002", "seat-01")) == "seat_taken"


def test_as_configured_a_log_in_elsewhere_moves_the_agent_with_the_state() -> None:
    floor = Floor(DeskRules(moves_at_login=True))
    floor.seat()
    assert floor.refusal(LogIn(2.0, "t", "1001", "seat-01")) == "agent_already_logged_in"
    [step] = floor.tell(feature("login", "1001", "seat-02"))
    assert floor.answered(step) == "ok"
    assert (floor.agent().seat, floor.state()) == ("seat-02", (READY, None))
    assert floor.ring(at=20.0).seat == "seat-02"


def test_nobody_moves_during_a_call_and_everybody_may_between_two() -> None:
    floor = Floor()
    floor.seat()
    ring = floor.ring()
    assert floor.refusal(MoveSeat(6.0, "t", "1001", "seat-02")) == "agent_on_call"
    floor.tell(*seat_answers(ring.leg, CALL, 7.0))
    assert floor.refusal(MoveSeat(8.0, "t", "1001", "seat-02")) == "agent_on_call"
    floor.tell(*agent_hangs_up(ring.leg, CALL, 20.0))
    until = floor.agent().until
    assert floor.refusal(MoveSeat(21.0, "t", "1001", "seat-02")) is None
    assert (floor.agent().seat, floor.state(), floor.agent().until) == ("seat-02", (WRAP_UP, None), until)
    assert floor.refusal(LogIn(22.0, "t", "1002", "seat-01")) is None, "the seat is free again"


def test_a_wrap_up_is_extended_up_to_the_agents_ceiling_and_ended_early_by_ready() -> None:
    floor = Floor()
    floor.seat()
    assert floor.refusal(ExtendWrapUp(2.0, "t", "1001", 10.0)) == "not_in_wrap_up"
    ring = floor.talk()
    floor.tell(*agent_hangs_up(ring.leg, CALL, 20.0))
    assert floor.agent().until == 30.0
    assert floor.refusal(ExtendWrapUp(21.0, "t", "1001", 15.0)) is None
    assert floor.agent().until == 45.0
    assert floor.refusal(ExtendWrapUp(22.0, "t", "1001", 15.0)) is None
    assert floor.agent().until == 50.0, "30 s from its beginning"
    assert floor.refusal(ExtendWrapUp(23.0, "t", "1001", 15.0)) == "wrap_up_ceiling"
    assert floor.refusal(BeReady(24.0, "t", "1001")) is None
    assert floor.state() == (READY, None)


def test_not_ready_in_a_call_is_shown_at_once_and_told_at_the_phone_as_holding_later() -> None:
    floor = Floor()
    floor.seat()
    floor.talk()
    [step] = floor.tell(feature("not_ready", "1"))
    assert floor.answered(step) == "later"
    assert (floor.agent().next_state, floor.agent().next_reason) == (NOT_READY, "break")
    [step] = floor.tell(feature("ready"))
    assert floor.answered(step) == "ok"
    assert floor.agent().next_state is READY
    [step] = floor.tell(feature("logout"))
    assert floor.answered(step) == "later"


def test_a_ready_agent_whose_phone_goes_is_out_and_operations_staff_are_told() -> None:
    floor = Floor()
    floor.seat()
    [step] = floor.tell(phone_changed("seat-01", False, 4.0))
    assert floor.state() == (NOT_READY, "phone_unreachable")
    [notice] = step.notices
    assert (notice.event, notice.fields, notice.warning) == (
        "seat_unreachable",
        {"seat": "seat-01", "agent": "1001"},
        True,
    )
    assert floor.refusal(BeReady(5.0, "t", "1001")) == "phone_unreachable"
    assert floor.refusal(BeNotReady(5.0, "t", "1001", "break")) is None
    assert floor.refusal(LogOut(6.0, "t", "1001")) is None


@pytest.mark.parametrize(
    ("within_s", "back_at", "state"),
    [(60.0, 60.0, READY), (60.0, 65.0, NOT_READY), (0.0, 5.0, NOT_READY)],
)
def test_whose_phone_is_back_in_time_is_ready_again(
    within_s: float, back_at: float, state: AgentState
) -> None:
    floor = Floor(DeskRules(ready_again_within_s=within_s))
    floor.seat()
    floor.tell(phone_changed("seat-01", False, 4.0))
    [step] = floor.tell(phone_changed("seat-01", True, back_at))
    assert floor.agent().state is state
    assert [notice.event for notice in step.notices] == ["seat_reachable"]


def test_a_phone_that_goes_while_it_rings_is_hung_up_and_the_caller_rings_elsewhere_at_once() -> None:
    floor = Floor()
    floor.seat()
    floor.seat("1002", "seat-02", at=2.0)
    ring = floor.ring()
    [step] = floor.tell(phone_changed("seat-01", False, 6.0))
    assert [action for action in step.actions if isinstance(action, HangUp)] == [HangUp("t", ring.leg)]
    [step] = floor.tell(f.LegEnded(6.01, "t", ring.leg, 16, False))
    [again] = [action for action in step.actions if isinstance(action, RingSeat)]
    assert (again.seat, again.call) == ("seat-02", CALL)
    assert floor.state() == (NOT_READY, "phone_unreachable")
    record = decode_call([d for s in floor.steps for d in s.drafts if d.kind == "call"][-1].body)
    assert record.queued_at == 5.0
    assert [offer.outcome for offer in record.offers] == [OfferOutcome.FAILED, None]


def test_a_phone_that_goes_in_a_call_takes_its_agent_out_after_call_and_wrap_up() -> None:
    floor = Floor()
    floor.seat()
    ring = floor.talk()
    floor.tell(phone_changed("seat-01", False, 10.0))
    assert (floor.state(), floor.agent().next_reason) == ((BUSY, None), "phone_unreachable")
    floor.tell(*agent_hangs_up(ring.leg, CALL, 20.0))
    assert floor.state() == (WRAP_UP, None)
    assert floor.refusal(BeReady(21.0, "t", "1001")) == "phone_unreachable"
    floor.tell(f.PhonesSeen(29.0, "t", ()))
    deadline = floor.runtime.next_deadline()
    assert deadline == 30.0


def test_who_moves_away_from_a_broken_phone_is_ready_there() -> None:
    floor = Floor(DeskRules(ready_again_within_s=0.0))
    floor.seat()
    floor.tell(phone_changed("seat-01", False, 4.0))
    assert floor.refusal(MoveSeat(500.0, "t", "1001", "seat-02")) is None
    assert floor.state() == (READY, None)


def test_who_moves_to_a_broken_phone_is_out() -> None:
    floor = Floor()
    floor.seat()
    floor.tell(phone_changed("seat-02", False, 4.0))
    assert floor.refusal(MoveSeat(5.0, "t", "1001", "seat-02")) is None
    assert floor.state() == (NOT_READY, "phone_unreachable")


def test_an_agent_may_log_in_at_a_seat_whose_phone_is_away_and_is_ready_once_it_is_there() -> None:
    floor = Floor()
    floor.tell(phone_changed("seat-01", False, 0.5))
    assert floor.refusal(LogIn(1.0, "t", "1001", "seat-01")) is None
    assert floor.refusal(BeReady(2.0, "t", "1001")) == "phone_unreachable"
    floor.tell(phone_changed("seat-01", True, 3.0))
    assert floor.state() == (NOT_READY, "logged_in")
    assert floor.refusal(BeReady(4.0, "t", "1001")) is None


def test_after_a_restart_who_was_ready_and_has_no_phone_any_more_is_out() -> None:
    floor = Floor()
    floor.seat()
    later = Floor(resume=Resume(agents=[floor.agent()]))
    assert later.state() == (READY, None)
    later.tell(snapshot(at=2.0, reachable=frozenset({"seat-02"})))
    assert later.state() == (NOT_READY, "phone_unreachable")


@pytest.mark.parametrize(("since", "state"), [(-20.0, READY), (-200.0, NOT_READY)])
def test_a_phone_that_came_back_while_the_service_was_away_counts_from_the_agents_state(
    since: float, state: AgentState
) -> None:
    floor = Floor()
    floor.seat()
    floor.tell(phone_changed("seat-01", False, 4.0))
    later = Floor(resume=Resume(agents=[replace(floor.agent(), since=since)]))
    assert later.agent().state is state


PINS = DeskRules(pin_at_phone=True, wrong_pins=2, locked_s=60.0)


def pin(right: bool, at: float, seat: str = "seat-01", agent: str = "1001") -> PinTried:
    return PinTried(at, "t", agent, right, seat, f"PJSIP/{seat}-f")


def test_a_log_in_at_a_phone_waits_for_the_pin_and_holds_with_the_right_one() -> None:
    floor = Floor(PINS)
    [step] = floor.tell(feature("login", "1001"))
    assert step.actions == []
    assert step.pins == [PinAsked("t", "PJSIP/seat-01-f", "seat-01", "1001")]
    assert "1001" not in floor.runtime.agents
    [step] = floor.tell(pin(True, 9.0))
    assert floor.answered(step) == "ok"
    assert (floor.agent().seat, floor.state()) == ("seat-01", (NOT_READY, "logged_in"))


def test_wrong_pins_are_refused_then_locked_and_told() -> None:
    floor = Floor(PINS)
    [step] = floor.tell(pin(False, 9.0))
    assert floor.answered(step) == "refused"
    [step] = floor.tell(pin(False, 10.0))
    assert floor.answered(step) == "locked"
    assert [(notice.event, notice.fields["whose"]) for notice in step.notices] == [
        ("pins_locked", "agent/1001"),
        ("pins_locked", "seat/seat-01"),
    ]
    audited = [draft.body for draft in step.drafts if draft.kind == "audit"]
    assert [(entry["who"], entry["action"], entry["whom"]) for entry in audited] == [
        ("1001", "pins_locked", "agent/1001"),
        ("1001", "pins_locked", "seat/seat-01"),
    ]
    [step] = floor.tell(pin(True, 11.0, "seat-02"))
    assert floor.answered(step) == "locked", "the agent's, at every phone"
    floor.tell(UnlockPin(12.0, "t", "1001"))
    [step] = floor.tell(pin(True, 13.0, "seat-02"))
    assert floor.answered(step) == "ok"


def test_a_right_pin_does_not_make_room_at_a_taken_seat() -> None:
    floor = Floor(PINS)
    floor.seat("1002", "seat-01")
    [step] = floor.tell(pin(True, 9.0))
    assert floor.answered(step) == "refused"


def test_over_the_api_a_wrong_pin_refuses_and_a_lock_outlives_a_restart() -> None:
    floor = Floor(PINS)
    wrong = PinTried(9.0, "t", "1001", False)
    assert [floor.refusal(wrong), floor.refusal(wrong)] == ["wrong_pin", "pin_locked"]
    state = {key: body for step in floor.steps for key, body in step.state.items() if key.startswith("pin/")}
    later = Floor(PINS, Resume(pins=state))
    assert later.refusal(PinTried(10.0, "t", "1001", True)) == "pin_locked"
    assert later.refusal(PinTried(70.0, "t", "1001", True)) is None


def test_what_was_pressed_is_in_nothing_that_the_machine_says() -> None:
    floor = Floor(PINS)
    floor.tell(feature("login", "1001"), pin(False, 9.0), pin(True, 10.0))
    assert not any("482913" in repr(step) for step in floor.steps)
    assert {each.name for each in fields(PinTried)} == {"at", "cause", "agent", "right", "seat", "channel"}


MEASURED = LegQuality(Stream(95, 5, 0.002), None, 0.04)


def test_how_a_call_sounded_is_kept_with_its_leg_and_shown_at_the_seat() -> None:
    floor = Floor()
    floor.seat()
    ring = floor.talk()
    assert floor.runtime.calls.state.talking() == [(ring.leg, f"PJSIP/seat-01-{ring.leg}")]
    steps = floor.tell(f.LegMeasured(9.0, "t", ring.leg, MEASURED, final=False))
    assert steps[0].drafts == [], "what is asked now and then is not worth the journal"
    seat = floor.runtime.desk.phones.seats["seat-01"]
    assert seat.sound == CallSound(CALL, 9.0, Sound.of(MEASURED))
    floor.tell(f.LegMeasured(19.0, "t", ring.leg, MEASURED), f.LegMeasured(19.0, "t", CALL, None))
    floor.tell(*agent_hangs_up(ring.leg, CALL, 20.0))
    record = decode_call([d for s in floor.steps for d in s.drafts if d.kind == "call"][-1].body)
    legs = {leg.leg: leg for leg in record.legs}
    leg = legs[ring.leg]
    assert (leg.said_loss, leg.said_jitter_s, leg.rtt_s, leg.heard_loss) == (0.05, 0.002, 0.04, None)
    assert leg.said_mos is not None
    assert 3.0 < leg.said_mos < 4.4
    assert legs[CALL].said_loss is None
    assert seat.sound.at == 19.0
