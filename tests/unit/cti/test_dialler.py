"""Customer first: the call to the citizen, from the decision to dial to what became of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.effects import AgentChanged
from acd.events import TimePassed
from acd.model import (
    AgentState,
    AttemptOutcome,
    Calendar,
    CallbackEnd,
    CallbackMode,
    CallbackState,
    CallbackTerms,
    OpeningHours,
    QueuePolicy,
)
from cti.callbacks.book import STATE as CALLBACKS
from cti.callbacks.pacing import DialTerms
from cti.callbacks.records import CallbackEntry
from cti.calls import facts as f
from cti.calls.actions import ActionFailed, DialCitizen, DialFromSeat, RingSeat, SendAway
from cti.calls.facts import Fact
from cti.calls.outputs import CallbackReason
from cti.calls.records import CallOutcome, CallRecord, Direction, Route
from cti.commands import BeReady, LogIn
from cti.dialler import STATE as DIALLER
from cti.records_json import JSON, decode, decode_call
from cti.resuming import Resume
from cti.step import Reconfigured, Step
from cti.verbs.callbacks import RequestCallback
from cti.verbs.campaigns import AddToCampaign, ListedCitizen
from cti.verbs.model import Order
from cti.views import DialledToday, Holds
from tests.support.conversation import agent_hangs_up, caller_arrives, leg_started, seat_answers, snapshot
from tests.unit.cti.rig import Rig, plan, policy

NUMBER = "13900000001"
FIRST = CallbackMode.CUSTOMER_FIRST


class Dialling(Rig):
    """A hotline whose queue `general` dials citizens first."""

    def __init__(
        self, rate: float = 0.0, resume: Resume | None = None, *, now: float = 0.0, sees: bool = True
    ):
        terms = DialTerms(FIRST, 40.0, rate)
        super().__init__(
            resume,
            now=now,
            sees=sees,
            terms=replace(
                plan(), dialling={"general": terms}, queue_of={"12345": "general"}, caller_number="05516100"
            ),
        )

    def order(self, asked: object, at: float) -> Step:
        [step] = self.tell(Order(at, "t", f"k{len(self.steps)}", "boss", True, None, None, "", asked))
        assert step.refused is None
        return step

    def request(self, at: float = 5.0, **more: object) -> None:
        wanted = RequestCallback(NUMBER, "general", CallbackReason.MANUAL, **more)  # type: ignore[arg-type]
        self.order(wanted, at)

    def campaign(self, citizens: int, at: float = 5.0) -> None:
        rows = tuple(ListedCitizen(f"1390000{row:04}") for row in range(citizens))
        self.order(AddToCampaign("flu", "general", rows), at)

    def dials(self) -> list[DialCitizen]:
        return [a for step in self.steps for a in step.actions if isinstance(a, DialCitizen)]

    def rings(self) -> list[RingSeat]:
        return [a for step in self.steps for a in step.actions if isinstance(a, RingSeat)]

    def entry(self) -> CallbackEntry:
        drafts = [d for step in self.steps for d in step.drafts if d.kind == "callback"]
        return decode(CallbackEntry, drafts[-1].body)

    def call(self, call: str) -> CallRecord:
        drafts = [d for step in self.steps for d in step.drafts if (d.kind, d.key) == ("call", call)]
        return decode_call(drafts[-1].body)

    def today(self, at: float = 60.0) -> DialledToday | None:
        return self.runtime.dialler.today("flu", at)

    def resume(self) -> Resume:
        """What a journal would give to the next service."""
        state: dict[str, JSON] = {}
        for step in self.steps:
            state |= step.state
        kept = {key: body for key, body in state.items() if body is not None}
        return Resume(
            agents=[decode(AgentChanged, body) for key, body in kept.items() if key.startswith("agent/")],  # type: ignore[arg-type]
            open_calls=[decode_call(body) for key, body in kept.items() if key.startswith("call/")],  # type: ignore[arg-type]
            callbacks={key: body for key, body in kept.items() if key.startswith(CALLBACKS)},
            dialler={key: body for key, body in kept.items() if key.startswith(DIALLER)},
        )


def rings(call: str, at: float) -> list[Fact]:
    return [leg_started(call, "trunk", at, call=call, dialled=""), f.LegRinging(at + 0.1, "t", call)]


def answers(call: str, at: float) -> list[Fact]:
    """The citizen answers at `at`, hears the notice, and waits 2 s later."""
    return [
        f.LegAnswered(at, "t", call),
        f.CallerQueued(at + 2, "t", call, call, "general", 0, at + 2),
    ]


def test_the_citizen_is_dialled_once_an_agent_is_free_with_the_hotlines_number_shown() -> None:
    rig = Dialling()
    rig.request(work_order="wo-1")
    assert not rig.dials()
    rig.ready_agent(at=6.0)
    [dial] = rig.dials()
    assert (dial.trunk, dial.number, dial.shown_number) == ("trunk", NUMBER, "05516100")
    assert (dial.hotline, dial.queue, dial.ring_timeout_s) == ("12345", "general", 40.0)
    assert dial.leg.startswith(dial.callback)
    call = rig.call(dial.leg)
    assert (call.direction, call.callback, call.work_order) == (Direction.OUTBOUND, dial.callback, "wo-1")
    assert rig.entry().calls == [dial.leg]
    assert not rig.actions(rig.steps, DialFromSeat)


def test_the_citizen_who_answers_talks_with_the_agent_who_was_kept_free() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(*caller_arrives("hotline-9.9", 4.0))
    assert not rig.rings(), "the agent is kept free"
    rig.tell(*rings(dial.leg, 8.0), *answers(dial.leg, 12.0))
    [ring] = rig.rings()
    assert (ring.call, ring.seat, ring.caller_channel) == (dial.leg, "seat-01", f"PJSIP/trunk-{dial.leg}")
    rig.tell(leg_started(ring.leg, "seat-01", 14.0, call=dial.leg, dialled="s"))
    rig.tell(*seat_answers(ring.leg, dial.leg, 16.0))
    entry = rig.entry()
    assert (entry.end, entry.calls, entry.attempts) == (CallbackEnd.REACHED, [dial.leg], 0)
    rig.tell(*agent_hangs_up(ring.leg, dial.leg, 50.0))
    call = rig.call(dial.leg)
    assert (call.outcome, call.route, call.agent) == (CallOutcome.ANSWERED, Route.ACD, "1001")
    assert (call.answered_at, call.ended_at) == (16.0, 52.0)
    assert [offer.outcome for offer in call.offers] == ["accepted"]
    assert [due.leg for step in rig.steps for due in step.recordings] == [ring.leg]


def test_a_request_of_the_citizens_own_spawns_its_work_order_once_they_talk() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.order(RequestCallback(NUMBER, "general", CallbackReason.REQUESTED), 5.0)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), *answers(dial.leg, 12.0))
    [ring] = rig.rings()
    rig.tell(leg_started(ring.leg, "seat-01", 14.0, call=dial.leg, dialled="s"))
    rig.tell(*seat_answers(ring.leg, dial.leg, 16.0))
    orders = [d.key for step in rig.steps for d in step.drafts if d.kind == "work_order"]
    assert orders == [f"wo-{dial.leg}"]


@pytest.mark.parametrize(
    ("hangup_cause", "by_peer", "outcome", "delay_s"),
    [
        (17, True, AttemptOutcome.BUSY, 300.0),
        (21, True, AttemptOutcome.BUSY, 300.0),
        (19, True, AttemptOutcome.NO_ANSWER, 1_800.0),
        (0, False, AttemptOutcome.NO_ANSWER, 1_800.0),
        (34, True, AttemptOutcome.FAILED, 600.0),
        (34, False, AttemptOutcome.FAILED, 600.0),
    ],
)
def test_who_was_not_reached_is_tried_again_by_the_callbacks_rule(
    hangup_cause: int, by_peer: bool, outcome: AttemptOutcome, delay_s: float
) -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), f.LegEnded(20.0, "t", dial.leg, hangup_cause, by_peer))
    entry = rig.entry()
    assert (entry.state, entry.last_outcome, entry.attempts) == (CallbackState.SCHEDULED, outcome, 1)
    assert (entry.mode, entry.due_at) == (FIRST, 20.0 + delay_s)
    call = rig.call(dial.leg)
    assert (call.outcome, call.ended_at) == (CallOutcome.UNANSWERED, 20.0)
    assert rig.today() == DialledToday(1, 0, 0, 0.0, Holds.NOBODY_DUE)
    rig.tell(*caller_arrives("hotline-9.9", 21.0))
    assert [ring.call for ring in rig.rings()] == ["hotline-9.9"], "the agent is free again"


def test_an_invalid_number_is_not_dialled_again() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), f.LegEnded(9.0, "t", dial.leg, 1, True))
    assert rig.entry().end is CallbackEnd.INVALID_NUMBER


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("busy", "busy"), ("rejected", "busy"), ("no_answer", "no_answer"), ("failed", "failed")],
)
def test_a_leg_that_never_came_about_ends_the_call_and_the_attempt(reason: str, outcome: str) -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(f.OriginateFailed(8.0, "t", dial.leg, reason))
    assert rig.entry().last_outcome == outcome
    assert rig.call(dial.leg).ended_at == 8.0
    assert not rig.runtime.calls.calls
    rig.tell(f.OriginateFailed(8.1, "t", dial.leg, reason), f.LegEnded(8.1, "t", dial.leg, 17, True))
    assert rig.entry().attempts == 1


def test_what_asterisk_refuses_to_dial_has_failed() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(ActionFailed(6.0, "t", dial, "refused: Extension does not exist."))
    assert rig.entry().last_outcome is AttemptOutcome.FAILED


def test_who_answers_while_the_agent_just_became_busy_hears_so_is_counted_and_called_again() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), leg_started("own", "seat-01", 9.0, dialled="13800000000"))
    assert rig.state("1001") is AgentState.BUSY
    rig.tell(*answers(dial.leg, 10.0))
    due = rig.runtime.next_deadline()
    assert due == 14.0, "two seconds after the notice"
    steps = rig.tell(TimePassed(due, "timer"))
    [away] = rig.actions(steps, SendAway)
    assert isinstance(away, SendAway)
    assert (away.channel, away.prompt) == (f"PJSIP/trunk-{dial.leg}", "call-again")
    entry = rig.entry()
    assert (entry.last_outcome, entry.attempts, entry.end) == (AttemptOutcome.ABANDONED, 0, None)
    assert (entry.mode, entry.due_at) == (CallbackMode.AGENT_FIRST, 614.0)
    tally = rig.resume().dialler[f"{DIALLER}campaign/flu"]
    assert isinstance(tally, dict)
    assert (tally["dialled"], tally["answered"], tally["abandoned"]) == (1, 1, 1)
    rig.tell(f.LegEnded(18.0, "t", dial.leg, 16, False))
    assert rig.call(dial.leg).outcome is CallOutcome.DIVERTED
    assert rig.entry().attempts == 0


def test_who_hangs_up_during_the_notice_did_not_want_to_talk_and_was_not_abandoned() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(
        *rings(dial.leg, 8.0), f.LegAnswered(9.0, "t", dial.leg), f.LegEnded(10.0, "t", dial.leg, 16, True)
    )
    assert rig.entry().last_outcome is AttemptOutcome.BUSY
    assert rig.today() == DialledToday(1, 0, 0, 0.0, Holds.NOBODY_DUE)


def test_outside_of_the_hours_nobody_is_dialled_and_it_says_so() -> None:
    rig = Dialling()
    nights = Calendar((OpeningHours(tuple(range(7)), 0.0, 3_600.0),), utc_offset_s=7_200.0)
    queue = QueuePolicy("general", callbacks=CallbackTerms(hours=nights))
    rules = replace(policy(), queues={**policy().queues, "general": queue})
    rig.tell(Reconfigured(0.0, "t", rules, rig.runtime.in_force.plan))
    rig.ready_agent()
    rig.campaign(2)
    assert not rig.dials()
    assert rig.today() == DialledToday(0, 0, 0, 0.0, Holds.QUIET_HOURS)


def test_why_the_rest_of_a_list_waits() -> None:
    rig = Dialling()
    assert rig.today() is None
    rig.campaign(2)
    assert rig.today() == DialledToday(0, 0, 0, 0.0, Holds.NO_AGENT_FREE)
    rig.ready_agent(at=6.0)
    assert rig.today() == DialledToday(1, 0, 0, 0.0, Holds.ONE_EACH)
    assert rig.today(at=86_400.0 + 60.0) == DialledToday(0, 0, 0, 0.0, Holds.ONE_EACH), "another day"


def test_with_enough_answers_more_are_dialled_than_agents_are_free() -> None:
    tally: JSON = {
        "day": "1970-01-01T00:00:00.000000Z",
        "dialled": 3000,
        "ended": 3000,
        "answered": 300,
        "abandoned": 0,
    }
    rig = Dialling(0.1, Resume(dialler={f"{DIALLER}queue/general": tally}))
    rig.campaign(5)
    rig.ready_agent(at=6.0)
    first, *more = rig.dials()
    assert more, "one has an agent, the others the share of answers"
    assert len({dial.leg for dial in rig.dials()}) == len(rig.dials()) < 5
    rig.tell(*rings(more[0].leg, 8.0), *answers(more[0].leg, 9.0))
    [ring] = rig.rings()
    assert ring.call == more[0].leg, "the agent takes who answers first"
    rig.tell(*rings(first.leg, 8.0), f.LegEnded(12.0, "t", first.leg, 17, True))
    assert rig.today() is not None


def test_a_callback_may_say_itself_whose_phone_rings_first() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request(mode=CallbackMode.AGENT_FIRST)
    assert not rig.dials()
    assert len(rig.actions(rig.steps, DialFromSeat)) == 1


def test_a_service_killed_before_it_dialled_dials_after_it_is_back() -> None:
    rig = Dialling()
    rig.request()
    rig.tell(f.PbxLost(6.0, "t"), LogIn(7.0, "t", "1001", "seat-01"), BeReady(7.0, "t", "1001"))
    assert rig.entry().state is CallbackState.WAITING
    assert not rig.dials(), "Asterisk is out of sight"
    rig.tell(TimePassed(45.0, "t"))
    assert rig.runtime.agents["1001"].reason is None, "nobody is kept free for it meanwhile"
    again = Dialling(resume=rig.resume(), now=50.0)
    assert len(again.dials()) == 1
    rig.tell(snapshot(at=51.0))
    assert len(rig.dials()) == 1, "once it is in sight again"


def test_a_call_that_was_never_sent_is_begun_anew_at_once() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [lost] = rig.dials()
    again = Dialling(resume=rig.resume(), now=50.0, sees=False)
    again.tell(TimePassed(50.0, "t"))
    assert not again.dials(), "Asterisk is out of sight"
    again.tell(snapshot(at=51.0))
    assert again.call(lost.leg).ended_at == 51.0
    [dial] = again.dials()
    assert dial.leg != lost.leg
    assert (again.entry().state, again.entry().attempts) == (CallbackState.DIALLING, 0)


def test_a_phone_that_rings_out_for_a_citizen_who_waits_says_nothing_of_the_attempt() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), *answers(dial.leg, 10.0))
    [ring] = rig.rings()
    rig.tell(
        leg_started(ring.leg, "seat-01", 12.0, call=dial.leg, dialled="s"),
        f.LegEnded(13.0, "t", ring.leg, 21, True),
    )
    assert rig.entry().state is CallbackState.DIALLING, "the citizen is on the line"
    [away] = rig.actions(rig.tell(TimePassed(14.0, "t")), SendAway)
    assert away is not None
    assert rig.entry().last_outcome is AttemptOutcome.ABANDONED


def test_a_service_killed_while_the_citizens_phone_rings_takes_the_answer_up() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0))
    again = Dialling(resume=rig.resume(), now=50.0, sees=False)
    again.tell(*answers(dial.leg, 30.0))  # read from Asterisk's log
    again.tell(snapshot(citizen(dial.leg, "waiting"), at=50.0))
    assert not again.dials(), "nobody is called twice"
    [ring] = again.rings()
    assert ring.call == dial.leg
    again.tell(leg_started(ring.leg, "seat-01", 51.0, call=dial.leg, dialled="s"))
    again.tell(*seat_answers(ring.leg, dial.leg, 52.0))
    assert again.entry().end is CallbackEnd.REACHED


def test_who_was_answered_in_the_plain_queue_meanwhile_was_reached() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0))
    again = Dialling(resume=rig.resume(), now=50.0, sees=False)
    again.tell(*answers(dial.leg, 20.0), f.CallerFellBack(30.0, "t", dial.leg, dial.leg))
    again.tell(leg_started("plain", "seat-01", 31.0, call=dial.leg, dialled="s"))
    again.tell(*seat_answers("plain", dial.leg, 33.0))
    again.tell(*agent_hangs_up("plain", dial.leg, 40.0))
    again.tell(snapshot(at=50.0))
    assert again.entry().end is CallbackEnd.REACHED
    assert (again.call(dial.leg).route, again.call(dial.leg).outcome) == (
        Route.FALLBACK,
        CallOutcome.ANSWERED,
    )
    assert not again.dials()


def test_who_hung_up_in_the_plain_queue_was_abandoned() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), *answers(dial.leg, 9.0)[:1])
    again = Dialling(resume=rig.resume(), now=50.0, sees=False)
    again.tell(*answers(dial.leg, 9.0)[1:], f.CallerFellBack(30.0, "t", dial.leg, dial.leg))
    again.tell(f.LegEnded(40.0, "t", dial.leg, 16, True), snapshot(at=50.0))
    assert again.entry().last_outcome is AttemptOutcome.ABANDONED


def citizen(call: str, place: str) -> f.LegSnapshot:
    return f.LegSnapshot(
        leg=call,
        channel=f"PJSIP/trunk-{call}",
        endpoint="trunk",
        call=call,
        linked=call,
        number=NUMBER,
        dialled="",
        up=True,
        ringing=False,
        bridge=None,
        place=place,
        hotline="12345",
        queue="general",
        priority=0,
        queued_at=32.0,
        started_at=None,
    )
