"""Supervision as the machine sees it: what the supervisor's phone is sent to do as calls come and go."""

from __future__ import annotations

import pytest

from acd import events as acd
from acd.model import AgentState
from cti.calls import facts as f
from cti.calls.actions import (
    ActionFailed,
    AnswerFeature,
    EndLeg,
    HangUp,
    RingSupervisor,
    SendSupervisor,
    SetFact,
)
from cti.calls.facts import Fact
from cti.calls.supervision import Afterwards, Mode
from cti.calls.supervisions import ARRIVES_WITHIN_S, SENDS, SENT_AGAIN_S
from cti.records_json import JSON
from cti.verbs.intervention import EndCall, Forced, ForceState
from cti.verbs.records import CommandState
from cti.verbs.supervision import ChangeSupervision, StopSupervision, Supervise, TakeOverCall
from tests.support.conversation import leg_started, seat_answers, seat_rings, shown, snapshot
from tests.support.telling import CALL, SEATS, Telling

BOSS_SEAT = "seat-03"
REFUSED = "refused: Redirect failed, channel not up."


def begun(
    telling: Telling, at: float, mode: Mode = Mode.LISTEN, afterwards: Afterwards = Afterwards.WAIT
) -> str:
    """A supervisor's phone is rung and answered; gives the supervision."""
    record = telling.order(Supervise("1001", BOSS_SEAT, mode, afterwards), at, agent=None)
    name = record.result["supervision"]
    telling.tell(
        leg_started(name, BOSS_SEAT, at, dialled="s"),
        f.LegAnswered(at + 1, "t", name),
        f.SupervisorDoes(at + 1, "t", name, "wait"),
    )
    return name


def sent(telling: Telling) -> list[str]:
    return [action.doing for action in telling.actions(SendSupervisor)]


def comes(telling: Telling, name: str, at: float) -> None:
    """The phone comes to what it was last sent to do."""
    telling.tell(f.SupervisorDoes(at, "t", name, sent(telling)[-1]))


def spied(telling: Telling) -> list[str]:
    return [action.value for action in telling.actions(SetFact) if action.name == "HL_SPIED"]


def audited(telling: Telling) -> list[tuple[JSON, JSON]]:
    drafts = [draft for step in telling.steps for draft in step.drafts if draft.kind == "audit"]
    return [(draft.body["action"], draft.body["outcome"]) for draft in drafts]


def joins(leg: str, at: float, bridge: str = "b1") -> Fact:
    return f.LegJoined(at, "t", leg, bridge)


def test_the_phone_is_rung_and_put_beside_the_agents_leg_once_and_is_in_no_call(talking: Telling) -> None:
    leg = talking.agent_leg()
    name = begun(talking, 10.0)
    [ring] = talking.actions(RingSupervisor)
    assert (ring.leg, ring.seat) == (name, BOSS_SEAT)
    assert (sent(talking), spied(talking)) == (["listen"], [leg])
    talking.tell(f.LegRinging(12.0, "t", name), f.LegAnswered(12.0, "t", name))
    assert sent(talking) == ["listen"], "nothing is sent twice"
    assert talking.command("command-1").state is CommandState.DONE
    assert name not in str(talking.record())
    assert talking.agent("1001") is AgentState.BUSY
    assert audited(talking) == [("supervision_on_call", "done"), ("supervise", "done")]


def test_a_phone_that_nobody_takes_is_told_and_over() -> None:
    telling = Telling()
    telling.ready()
    record = telling.order(Supervise("1001", BOSS_SEAT, Mode.LISTEN, Afterwards.WAIT), 10.0, agent=None)
    name = record.result["supervision"]
    telling.tell(leg_started(name, BOSS_SEAT, 10.0, dialled="s"), f.LegEnded(40.0, "t", name, 19, False))
    failed = telling.command(record.command)
    assert (failed.state, failed.reason) == (CommandState.FAILED, "phone_not_answered")
    assert telling.runtime.supervisions.open == {}


def test_it_follows_the_call_to_another_agent_and_waits_for_the_next_when_the_call_is_over() -> None:
    telling = Telling()
    telling.ready()
    first = telling.talk()
    begun(telling, 10.0)
    telling.tell(
        *seat_rings("transfer-1", "seat-02", CALL, 12.0),
        f.LegParted(13.0, "t", first, "b1"),
        f.LegEnded(13.0, "t", first, 16, True),
        *seat_answers("transfer-1", CALL, 14.0, "b2"),
    )
    assert spied(telling) == [first, "transfer-1"]
    assert sent(telling) == ["listen", "wait", "listen"]
    telling.tell(f.LegEnded(20.0, "t", "transfer-1", 16, False), f.LegEnded(20.0, "t", CALL, 16, True))
    assert sent(telling)[-1] == "wait"
    telling.order(ForceState("1001", Forced.READY), 21.0, agent=None)
    second = telling.talk("hotline-2.1", at=30.0, bridge="b3")
    assert (sent(telling)[-1], spied(telling)[-1]) == ("listen", second)


def test_told_to_stop_after_the_call_the_phone_is_hung_up_with_it(talking: Telling) -> None:
    leg = talking.agent_leg()
    name = begun(talking, 10.0, afterwards=Afterwards.STOP)
    talking.tell(f.LegEnded(20.0, "t", leg, 16, False), f.LegEnded(20.0, "t", CALL, 16, True))
    assert [h.leg for h in talking.actions(HangUp)] == [name], "once"
    talking.tell(f.LegEnded(20.1, "t", name, 16, False))
    assert audited(talking)[-1] == ("supervision_ended", "done")


def test_barging_in_makes_a_party_whose_leg_ends_when_the_citizen_goes(talking: Telling) -> None:
    leg = talking.agent_leg()
    name = begun(talking, 10.0)
    changing = talking.order(ChangeSupervision(name, Mode.BARGE), 12.0, agent=None)
    assert changing.state is CommandState.ACCEPTED
    talking.tell(joins(name, 12.5))
    assert talking.command(changing.command).state is CommandState.DONE
    segment = talking.record().segments[-1]
    assert (set(segment.legs), segment.agent) == ({leg, CALL, name}, "1001")
    talking.tell(
        f.LegParted(15.0, "t", CALL, "b1"),
        f.LegEnded(15.0, "t", CALL, 16, True),
    )
    assert [h.leg for h in talking.actions(HangUp)] == [name]


@pytest.mark.parametrize("mode", [Mode.LISTEN, Mode.WHISPER])
def test_another_mode_is_so_once_the_phone_has_come_there(talking: Telling, mode: Mode) -> None:
    name = begun(talking, 10.0, Mode.WHISPER if mode is Mode.LISTEN else Mode.LISTEN)
    [earlier] = sent(talking)
    talking.supervisors_come = False
    changing = talking.order(ChangeSupervision(name, mode), 12.0, agent=None)
    assert changing.state is CommandState.ACCEPTED
    talking.tell(f.SupervisorDoes(12.05, "t", name, earlier))
    assert talking.command(changing.command).state is CommandState.ACCEPTED, "that was about the mode before"
    comes(talking, name, 12.1)
    done = talking.command(changing.command)
    assert (done.state, done.ended_at) == (CommandState.DONE, 12.1)


def test_another_mode_that_the_phone_never_comes_to_is_not_so_and_is_tried_so_often(talking: Telling) -> None:
    name = begun(talking, 10.0)
    talking.supervisors_come = False
    changing = talking.order(ChangeSupervision(name, Mode.WHISPER), 12.0, agent=None)
    talking.tell(*(acd.TimePassed(12.0 + tick, "t") for tick in range(1, 9)))
    assert sent(talking) == ["listen"] + ["whisper"] * SENDS
    failed = talking.command(changing.command)
    assert (failed.state, failed.reason) == (CommandState.FAILED, "no_effect")
    talking.order(ChangeSupervision(name, Mode.LISTEN), 22.0, agent=None)
    talking.tell(*(acd.TimePassed(22.0 + tick, "t") for tick in range(1, 9)))
    assert sent(talking) == ["listen"] + ["whisper"] * SENDS + ["listen"] * SENDS, (
        "each mode is tried so often"
    )


def test_a_phone_is_sent_on_only_when_it_has_come_where_it_was_sent(talking: Telling) -> None:
    """A redirect was undone that came as the dialplan began to run: the supervisor sat in silence."""
    leg = talking.agent_leg()
    talking.supervisors_come = False
    record = talking.order(Supervise("1001", BOSS_SEAT, Mode.LISTEN, Afterwards.WAIT), 10.0, agent=None)
    name = record.result["supervision"]
    talking.tell(leg_started(name, BOSS_SEAT, 10.0, dialled="s"), f.LegAnswered(11.0, "t", name))
    assert sent(talking) == [], "the dialplan brings it to `wait` by itself"
    talking.tell(f.SupervisorDoes(11.1, "t", name, "wait"))
    assert (sent(talking), spied(talking)) == (["listen"], [leg])
    talking.order(ChangeSupervision(name, Mode.WHISPER), 11.15, agent=None)
    assert sent(talking) == ["listen"]
    comes(talking, name, 11.2)
    assert sent(talking) == ["listen", "whisper"]


def test_a_phone_that_did_not_come_is_sent_again(talking: Telling) -> None:
    talking.supervisors_come = False
    name = begun(talking, 10.0)
    talking.tell(acd.TimePassed(11.0 + ARRIVES_WITHIN_S / 2, "t"))
    assert sent(talking) == ["listen"]
    talking.tell(acd.TimePassed(11.0 + ARRIVES_WITHIN_S, "t"))
    assert sent(talking) == ["listen", "listen"]
    comes(talking, name, 12.1)
    talking.tell(acd.TimePassed(20.0, "t"))
    assert sent(talking) == ["listen", "listen"]


def test_a_phone_that_asterisk_refused_to_send_is_sent_again(talking: Telling) -> None:
    """A supervisor who had barged in was still leaving the bridge when the agent put the citizen on hold."""
    talking.supervisors_come = False
    name = begun(talking, 10.0)
    [first] = talking.actions(SendSupervisor)
    talking.tell(ActionFailed(11.0 + SENT_AGAIN_S / 2, "t", first, REFUSED))
    assert sent(talking) == ["listen"], "not at once: it is still on its way"
    talking.tell(acd.TimePassed(11.0 + 2 * SENT_AGAIN_S, "t"))
    assert sent(talking) == ["listen", "listen"]
    comes(talking, name, 12.0)
    talking.supervisors_come = True
    talking.order(ChangeSupervision(name, Mode.WHISPER), 13.0, agent=None)
    talking.tell(ActionFailed(13.1, "t", first, REFUSED), acd.TimePassed(20.0, "t"))
    assert sent(talking) == ["listen", "listen", "whisper"], "that was about what it does no more"


def test_taking_over_that_asterisk_refused_is_tried_again(talking: Telling) -> None:
    name = begun(talking, 10.0)
    talking.supervisors_come = False
    talking.order(TakeOverCall(name), 12.0, agent=None)
    talking.tell(ActionFailed(12.1, "t", talking.actions(SendSupervisor)[-1], REFUSED))
    talking.tell(acd.TimePassed(12.0 + 2 * SENT_AGAIN_S, "t"))
    assert sent(talking) == ["listen", "take", "take"]


def test_without_a_call_another_mode_is_noted_for_the_next_one_at_once() -> None:
    telling = Telling()
    telling.ready()
    name = begun(telling, 10.0)
    changing = telling.order(ChangeSupervision(name, Mode.WHISPER), 12.0, agent=None)
    assert (changing.state, sent(telling)) == (CommandState.DONE, []), "the phone waits since it was answered"


def test_taking_over_ends_the_agents_leg_once_supervisor_and_citizen_are_connected(talking: Telling) -> None:
    leg = talking.agent_leg()
    name = begun(talking, 10.0)
    taking = talking.order(TakeOverCall(name), 12.0, agent=None)
    assert sent(talking) == ["listen", "take"]
    assert {a.name: a.value for a in talking.actions(SetFact)}["HL_PEER"] == f"PJSIP/trunk-{CALL}"
    assert talking.actions(HangUp) == []
    talking.tell(
        f.RecordingStarted(12.1, "t", name, CALL),
        f.LegParted(12.2, "t", CALL, "b1"),
        joins(name, 12.2, "b2"),
        joins(CALL, 12.3, "b2"),
    )
    assert [h.leg for h in talking.actions(HangUp)] == [leg]
    assert talking.command(taking.command).state is CommandState.DONE
    assert talking.runtime.supervisions.open == {}
    talking.tell(f.LegParted(12.4, "t", leg, "b1"), f.LegEnded(12.4, "t", leg, 16, False))
    segment = talking.record().segments[-1]
    assert (set(segment.legs), segment.seat, segment.recorded_leg) == ({name, CALL}, BOSS_SEAT, name)
    assert talking.agent("1001") is AgentState.WRAP_UP


def test_after_a_restart_the_phone_is_sent_anew_and_one_that_left_meanwhile_is_over(talking: Telling) -> None:
    leg = talking.agent_leg()
    name = begun(talking, 10.0, Mode.WHISPER)
    present = [shown(CALL, "trunk", CALL, bridge="b1"), shown(leg, "seat-01", CALL, bridge="b1")]
    beside = shown(name, BOSS_SEAT, "", place="supervisor")
    seats = frozenset(SEATS)
    again = Telling(talking.resume(), now=50.0, sees=snapshot(*present, beside, at=50.0, reachable=seats))
    assert (sent(again), spied(again)) == (["whisper"], [leg])
    gone = Telling(talking.resume(), now=50.0, sees=snapshot(*present, at=50.0, reachable=seats))
    assert gone.runtime.supervisions.open == {}
    assert gone.state[f"supervision/{name}"] is None


def test_by_feature_code_who_may_and_who_may_not(talking: Telling) -> None:
    leg = talking.agent_leg()
    talking.ready("1002", "seat-02")
    talking.ready("1003", BOSS_SEAT)

    def dials(name: str, seat: str, at: float) -> None:
        talking.tell(
            leg_started(name, seat, at, dialled="*211001"),
            f.LegAnswered(at, "t", name),
            f.FeatureDialled(at, f"t-{name}", name, f"PJSIP/{seat}-{name}", seat, "listen", "1001"),
        )

    dials("x-1", "seat-02", 20.0)
    assert [a.result for a in talking.actions(AnswerFeature)] == ["refused"]
    assert audited(talking)[-1] == ("supervise", "forbidden_role")
    dials("x-2", BOSS_SEAT, 21.0)
    assert (sent(talking), spied(talking)) == (["listen"], [leg])
    assert talking.agent("1003") is AgentState.BUSY, "who listens is offered no call"
    key = f.FeatureDialled(22.0, "t-key", "x-2", f"PJSIP/{BOSS_SEAT}-x-2", BOSS_SEAT, "supervision_key", "2")
    talking.tell(key)
    assert sent(talking) == ["listen", "whisper"]
    assert len(talking.actions(AnswerFeature)) == 1


@pytest.mark.parametrize(
    ("force", "now", "after"),
    [
        (ForceState("1001", Forced.NOT_READY, "break"), AgentState.NOT_READY, AgentState.NOT_READY),
        (ForceState("1001", Forced.READY), AgentState.READY, AgentState.READY),
        (ForceState("1001", Forced.LOGGED_OUT), AgentState.LOGGED_OUT, AgentState.LOGGED_OUT),
    ],
)
def test_a_state_is_forced_now_or_from_the_end_of_the_call(
    force: ForceState, now: AgentState, after: AgentState
) -> None:
    idle = Telling()
    idle.ready()
    record = idle.order(force, 5.0, agent=None)
    assert (record.state, record.result["holds"], idle.agent("1001")) == (CommandState.DONE, "now", now)
    busy = Telling()
    busy.ready()
    leg = busy.talk()
    record = busy.order(force, 10.0, agent=None)
    assert (record.result["holds"], busy.agent("1001")) == ("after_the_call", AgentState.BUSY)
    busy.tell(f.LegEnded(20.0, "t", leg, 16, True), f.LegEnded(20.0, "t", CALL, 16, False))
    busy.tell(acd.TimePassed(40.0, "t"))
    assert busy.agent("1001") is after


def test_what_cannot_be_forced_is_refused_and_audited() -> None:
    telling = Telling()
    telling.ready()
    for asked, error in (
        (ForceState("1002", Forced.READY), "not_logged_in"),
        (ForceState("1001", Forced.NOT_READY, "nonsense"), "unknown_reason"),
        (EndCall("nowhere"), "unknown_call"),
        (StopSupervision("nothing"), "unknown_supervision"),
    ):
        assert telling.order(asked, 5.0, agent=None).reason == error
    assert [outcome for _, outcome in audited(telling)] == [
        "not_logged_in", "unknown_reason", "unknown_call", "unknown_supervision",
    ]  # fmt: skip


def test_a_stuck_call_ends_when_each_of_its_legs_has_ended_or_is_unknown(talking: Telling) -> None:
    leg = talking.agent_leg()
    record = talking.order(EndCall(CALL), 10.0, agent=None)
    assert {each.leg for each in talking.actions(EndLeg)} == {leg, CALL}
    talking.tell(f.LegEnded(10.1, "t", leg, 0, False))
    assert talking.command(record.command).state is CommandState.ACCEPTED
    talking.tell(f.LegEnded(10.1, "t", CALL, 0, False))
    assert talking.command(record.command).state is CommandState.DONE
    assert talking.record().ended_at == 10.1
    assert talking.agent("1001") is AgentState.WRAP_UP
