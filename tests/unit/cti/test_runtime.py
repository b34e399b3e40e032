"""Both cores together: what one event leads to, from the fact in Asterisk to the action and the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd import events as acd
from acd.effects import AgentChanged
from acd.model import (
    AgentPolicy,
    AgentState,
    Diversion,
    Limit,
    OneOf,
    OverflowRule,
    Policy,
    QueuePolicy,
    RoutingStep,
)
from cti.calls import facts as f
from cti.calls.actions import (
    ActionFailed,
    AnswerFeature,
    HangUp,
    MoveToQueue,
    PauseSeat,
    RingSeat,
    SendAway,
    TakeOver,
)
from cti.calls.facts import Fact
from cti.commands import BeNotReady, BeReady, LogIn, LogOut
from cti.plan import Plan
from cti.records_json import decode, decode_call
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.step import InboxEvent, Reconfigured, RecordingStored, Step
from cti.todays_figures import FIGURES
from tests.support.conversation import (
    agent_hangs_up,
    caller_arrives,
    leg_started,
    phone_changed,
    seat_answers,
    seat_rings,
    shown,
    snapshot,
)

CALL = "hotline-1.1"
DAY_S = 86_400.0
SEATS = ("seat-01", "seat-02")


def policy() -> Policy:
    queues = {
        "general": QueuePolicy("general", wrap_up_s=10.0),
        "english": QueuePolicy("english", required_skills={"english": 3}),
    }
    agents = {"1001": AgentPolicy("1001", {"english": 4}), "1002": AgentPolicy("1002")}
    return Policy(queues, agents)


def plan() -> Plan:
    return Plan(SEATS, "trunk", {"1": "break"}, lambda at: (at // DAY_S * DAY_S, (at // DAY_S + 1) * DAY_S))


class Rig:
    def __init__(
        self, resume: Resume | None = None, *, now: float = 0.0, sees: bool = True, terms: Plan | None = None
    ) -> None:
        self.runtime = Runtime(terms or plan(), policy(), resume or Resume(), now)
        self.steps: list[Step] = [self.runtime.opening]
        if sees:
            self.tell(snapshot(at=now))

    def tell(self, *events: InboxEvent) -> list[Step]:
        steps = [self.runtime.step(event) for event in events]
        assert [story for step in steps for story in step.illegal] == []
        self.steps += steps
        return steps

    def actions(self, steps: list[Step], kind: type) -> list[object]:
        return [action for step in steps for action in step.actions if isinstance(action, kind)]

    def ready_agent(self, agent: str = "1001", seat: str = "seat-01", at: float = 0.0) -> None:
        self.tell(LogIn(at, "t", agent, seat), BeReady(at, "t", agent))

    def offer(self, at: float) -> RingSeat:
        """A caller arrives so as to be queued at `at` and a phone is rung for them."""
        [ring] = self.actions(self.tell(*caller_arrives(CALL, at - 3)), RingSeat)
        assert isinstance(ring, RingSeat)
        return ring

    def state(self, agent: str) -> AgentState:
        return self.runtime.agents[agent].state


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


@pytest.mark.parametrize(
    ("command", "error", "field"),
    [
        (LogIn(1.0, "t", "9999", "seat-01"), "unknown_agent", "agent"),
        (LogIn(1.0, "t", "1002", "seat-99"), "unknown_seat", "seat"),
        (LogIn(1.0, "t", "1001", "seat-02"), "agent_already_logged_in", "agent"),
        (LogIn(1.0, "t", "1002", "seat-01"), "seat_taken", "seat"),
        (BeReady(1.0, "t", "1002"), "not_logged_in", None),
        (LogOut(1.0, "t", "1002"), "not_logged_in", None),
        (BeNotReady(1.0, "t", "1001", "nonsense"), "unknown_reason", "reason"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why_and_changes_nothing(
    command: InboxEvent, error: str, field: str | None
) -> None:
    rig = Rig()
    rig.ready_agent()
    before = dict(rig.runtime.agents)
    [step] = rig.tell(command)

    assert step.refused is not None
    assert (step.refused.error, step.refused.field) == (error, field)
    assert (step.drafts, rig.runtime.agents) == ([], before)


def dialled(feature: str, argument: str = "", seat: str = "seat-02") -> Fact:
    return f.FeatureDialled(1.0, "t", "leg", "PJSIP/x", seat, feature, argument)


@pytest.mark.parametrize(
    ("facts", "results", "state"),
    [
        ([dialled("login", "1002")], ["ok"], AgentState.NOT_READY),
        ([dialled("login", "1002"), dialled("ready")], ["ok", "ok"], AgentState.READY),
        ([dialled("login", "1002"), dialled("not_ready", "1")], ["ok", "ok"], AgentState.NOT_READY),
        ([dialled("login", "1002"), dialled("not_ready", "7")], ["ok", "refused"], AgentState.NOT_READY),
        ([dialled("login", "1002"), dialled("logout")], ["ok", "ok"], AgentState.LOGGED_OUT),
    ],
)
def test_feature_codes_do_what_the_commands_do(
    facts: list[Fact], results: list[str], state: AgentState
) -> None:
    rig = Rig()
    steps = rig.tell(*facts)

    assert [a.result for a in rig.actions(steps, AnswerFeature) if isinstance(a, AnswerFeature)] == results
    assert rig.state("1002") is state


def test_a_seat_that_was_left_is_free_for_the_next_agent() -> None:
    rig = Rig()
    rig.ready_agent()
    rig.tell(LogOut(2.0, "t", "1001"))
    [step] = rig.tell(LogIn(3.0, "t", "1002", "seat-01"))

    assert step.refused is None


def test_a_feature_code_at_a_seat_where_nobody_sits_is_refused() -> None:
    rig = Rig()
    [answer] = rig.actions(rig.tell(dialled("ready")), AnswerFeature)

    assert isinstance(answer, AnswerFeature)
    assert answer.result == "refused"


def test_the_fallback_queue_rings_the_seats_of_willing_agents_alone() -> None:
    rig = Rig()
    paused = {a.seat: a.paused for a in rig.actions(rig.steps, PauseSeat) if isinstance(a, PauseSeat)}
    assert paused == {"seat-01": True, "seat-02": True}

    rig.ready_agent()
    rig.tell(BeNotReady(2.0, "t", "1001", "break"), LogOut(3.0, "t", "1001"))
    told = [(a.seat, a.paused) for a in rig.actions(rig.steps, PauseSeat) if isinstance(a, PauseSeat)]
    ours = [paused for seat, paused in told if seat == "seat-01"]
    assert ours == [True, False, True]


def test_a_caller_in_the_fallback_queue_is_taken_over_and_asked_for_once() -> None:
    rig = Rig()
    rig.tell(*caller_arrives(CALL, 0.0))
    steps = rig.tell(f.CallerFellBack(10.0, "t", CALL, CALL), acd.TimePassed(11.0, "t"))
    assert rig.actions(steps, TakeOver) == [TakeOver("t", f"PJSIP/trunk-{CALL}")]

    steps = rig.tell(acd.TimePassed(16.0, "t"))
    assert len(rig.actions(steps, TakeOver)) == 1


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


def journal_of(rig: Rig) -> Resume:
    """What the journal knows when the service is killed now."""
    state: dict[str, object] = {}
    for step in rig.steps:
        state |= step.state
    live = {key: body for key, body in state.items() if body is not None}
    calls = [decode_call(d.body) for step in rig.steps for d in step.drafts if d.kind == "call"]
    return Resume(
        done_legs=[leg.leg for call in calls if call.ended_at is not None for leg in call.legs],
        agents=[decode(AgentChanged, b) for k, b in live.items() if k.startswith("agent/")],  # type: ignore[arg-type]
        open_calls=[decode_call(b) for k, b in live.items() if k.startswith("call/")],  # type: ignore[arg-type]
        figures={k.removeprefix(FIGURES): b for k, b in live.items() if k.startswith(FIGURES)},  # type: ignore[misc]
    )


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


def test_figures_go_on_after_a_restart_and_count_nothing_twice() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    resumed = Rig(journal_of(rig), now=50.0, sees=False)
    resumed.tell(snapshot(at=50.0))

    total = resumed.runtime.router.queue_figures(None)
    assert (total.offered, total.answered, total.timely, total.abandoned) == (1, 1, 1, 0)


def test_a_caller_who_gives_up_at_once_is_a_short_abandon() -> None:
    rig = Rig()
    rig.tell(*caller_arrives("a", 0.0), f.LegEnded(5.0, "t", "a", 16, True))
    rig.tell(*caller_arrives("b", 0.0), f.LegEnded(60.0, "t", "b", 16, True))

    total = rig.runtime.router.queue_figures(None)
    assert (total.offered, total.abandoned, total.short_abandoned) == (2, 2, 1)


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


def runtime_with(*rules: OverflowRule, **settings: object) -> Rig:
    """A rig whose general queue has these limits."""
    rig = Rig()
    terms = replace(policy().queues["general"], overflow=rules, **settings)  # type: ignore[arg-type]
    rig.tell(
        Reconfigured(0.0, "t", replace(policy(), queues=dict(policy().queues) | {"general": terms}), plan())
    )
    return rig


def test_overflow_moves_the_caller_to_the_other_queue_in_asterisk_and_in_the_record() -> None:
    rig = runtime_with(OverflowRule(Limit.WAITED, Diversion.QUEUE, 20.0, "english"))
    rig.tell(*caller_arrives(CALL, 2.0))
    steps = rig.tell(acd.TimePassed(25.0, "t"))

    assert rig.actions(steps, MoveToQueue) == [MoveToQueue("t", f"PJSIP/trunk-{CALL}", "english")]
    assert rig.runtime.calls.calls[CALL].record.queue == "english"
    contact = rig.runtime.router.contact(CALL)
    assert contact is not None
    assert (contact.queue, contact.queued_at) == ("english", 5.0)


@pytest.mark.parametrize(
    ("to", "target", "prompt"), [(Diversion.MESSAGE, "closed", "closed"), (Diversion.BUSY, "", None)]
)
def test_a_caller_who_is_sent_away_counts_as_neither_answered_nor_abandoned(
    to: Diversion, target: str, prompt: str | None
) -> None:
    rig = runtime_with(OverflowRule(Limit.SIZE, to, 0.0, target))
    steps = rig.tell(*caller_arrives(CALL, 2.0))
    assert rig.actions(steps, SendAway) == [SendAway("t", f"PJSIP/trunk-{CALL}", prompt)]

    rig.tell(f.LegEnded(12.0, "t", CALL, 16, False))
    [*_, last] = [draft for step in rig.steps for draft in step.drafts if draft.kind == "call"]
    assert decode_call(last.body).outcome == "diverted"
    assert rig.runtime.router.contact(CALL) is None
    figures = rig.runtime.router.queue_figures("general")
    assert (figures.abandoned, figures.diverted) == (0, 1)


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


def test_a_queue_that_answers_by_itself_asks_the_phone_to() -> None:
    rig = runtime_with(auto_answer=True)
    rig.ready_agent()
    assert rig.offer(5.0).auto_answer


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
