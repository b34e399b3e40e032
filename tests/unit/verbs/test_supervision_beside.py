"""Supervision while the agent consults, confers and parks: what the supervisor's phone is sent to do."""

from __future__ import annotations

import pytest

from acd import events as acd
from cti.calls import facts as f
from cti.calls.actions import HangUp, Place, RingParty, SendLeg, SetFact
from cti.calls.facts import Fact
from cti.calls.supervision import Afterwards, Mode
from cti.calls.supervisions import BARGED_WITHIN_S
from cti.verbs.conference import Confer, Drop
from cti.verbs.consult import Cancel, Consult
from cti.verbs.hold import Hold
from cti.verbs.park import Park, PickUp
from cti.verbs.parties import Party, To
from cti.verbs.records import CommandState
from cti.verbs.supervision import ChangeSupervision, TakeOverCall
from tests.support.conversation import leg_started, seat_answers, seat_rings
from tests.support.telling import CALL, Telling
from tests.unit.verbs.test_supervision import begun, sent, spied

EXPERT = Party(To.AGENT, "1002")


def parts(leg: str, at: float, bridge: str) -> Fact:
    return f.LegParted(at, "t", leg, bridge)


def joins(leg: str, at: float, bridge: str) -> Fact:
    return f.LegJoined(at, "t", leg, bridge)


def barged(telling: Telling, at: float) -> str:
    """A supervisor barges in, and is in the bridge of agent and citizen."""
    name = begun(telling, at, Mode.BARGE)
    telling.tell(joins(name, at + 2, "b1"))
    return name


def asked(telling: Telling, at: float) -> str:
    """The agent consults 1002, who answers; gives the expert's leg."""
    telling.order(Consult(CALL, EXPERT), at)
    [ring] = telling.actions(RingParty)
    telling.set_aside(at + 0.1)
    telling.tell(
        leg_started(ring.leg, "seat-02", at + 1, call=CALL, dialled="s"),
        f.LegAnswered(at + 2, "t", ring.leg),
        joins(ring.leg, at + 2.1, "b2"),
        joins(telling.agent_leg(), at + 2.2, "b2"),
    )
    return ring.leg


@pytest.mark.parametrize("mode", [Mode.LISTEN, Mode.WHISPER])
def test_who_listens_or_whispers_stays_beside_the_agent_through_a_consult(
    talking: Telling, mode: Mode
) -> None:
    begun(talking, 10.0, mode)
    asked(talking, 20.0)
    assert (sent(talking), spied(talking)) == ([mode.value], [talking.agent_leg()])


def test_when_the_agent_hands_over_it_goes_on_beside_who_was_asked(talking: Telling) -> None:
    begun(talking, 10.0)
    expert = asked(talking, 20.0)
    talking.tell(
        parts(expert, 30.0, "b2"),
        f.LegEnded(30.1, "t", talking.agent_leg(), 16, False),
        joins(expert, 30.2, "b3"),
        joins(CALL, 30.3, "b3"),
    )
    assert spied(talking)[-1] == expert
    assert sent(talking)[-1] == "listen"


def test_who_barged_in_goes_with_the_agent_into_a_hold_a_consult_and_back(talking: Telling) -> None:
    name = barged(talking, 10.0)
    talking.order(Hold(CALL), 20.0)
    assert [send.place for send in talking.actions(SendLeg)] == [Place.HELD], "a hold is not refused"
    leg = talking.agent_leg()
    talking.tell(parts(CALL, 20.1, "b1"))
    assert sent(talking) == ["barge"], "the agent is still there"
    talking.tell(parts(leg, 20.2, "b1"))
    assert sent(talking) == ["barge", "whisper"], "only the agent hears the supervisor meanwhile"
    talking.tell(parts(name, 20.3, "b1"), f.CallerHeld(20.4, "t", CALL, CALL, leg))
    talking.tell(joins("expert", 21.0, "b2"), joins(leg, 21.1, "b2"))
    assert sent(talking)[2:] == ["barge"], "with whom the agent consults"
    talking.tell(joins(name, 21.2, "b2"))
    talking.tell(parts(leg, 22.0, "b2"), joins(leg, 22.1, "b3"), joins(CALL, 22.2, "b3"))
    assert sent(talking)[3:] == ["whisper", "barge"], "back with the citizen"


def test_who_barges_in_while_the_citizen_is_on_hold_whispers_until_there_is_somebody(
    talking: Telling,
) -> None:
    name = begun(talking, 10.0)
    talking.set_aside(20.0)
    change = talking.order(ChangeSupervision(name, Mode.BARGE), 25.0, agent=None)
    assert sent(talking) == ["listen", "whisper"]
    assert talking.command(change.command).state is CommandState.DONE
    talking.tell(joins(talking.agent_leg(), 30.0, "b2"), joins(CALL, 30.1, "b2"))
    assert sent(talking)[-1] == "barge"


def test_cancelling_a_consult_lets_the_expert_go_and_not_the_supervisor_who_barged_in(
    talking: Telling,
) -> None:
    name = begun(talking, 10.0)
    expert = asked(talking, 20.0)
    talking.order(ChangeSupervision(name, Mode.BARGE), 25.0, agent=None)
    talking.tell(joins(name, 25.1, "b2"))
    talking.order(Cancel(CALL), 30.0)
    assert [hung.leg for hung in talking.actions(HangUp)] == [expert]
    before, leg = len(sent(talking)), talking.agent_leg()
    talking.tell(parts(leg, 30.1, "b2"), joins(leg, 30.2, "b3"), joins(CALL, 30.3, "b3"))
    assert sent(talking)[before:] == ["barge"], "once, to where the agent is now"
    talking.tell(parts(name, 30.4, "b2"), joins(name, 30.5, "b3"))
    assert sent(talking)[before:] == ["barge"]


def test_a_phone_that_never_came_into_the_agents_bridge_is_sent_there_again(talking: Telling) -> None:
    name = begun(talking, 10.0, Mode.BARGE)
    talking.tell(acd.TimePassed(11.0 + BARGED_WITHIN_S - 0.1, "t"))
    assert sent(talking) == ["barge"]
    talking.tell(acd.TimePassed(11.0 + BARGED_WITHIN_S, "t"))
    assert sent(talking) == ["barge", "barge"]
    talking.tell(joins(name, 14.0, "b1"), acd.TimePassed(30.0, "t"))
    assert sent(talking) == ["barge", "barge"]


def conference(telling: Telling, expert: str, at: float) -> None:
    """All three are moved into the conference."""
    telling.tell(parts(expert, at, "b2"), parts(telling.agent_leg(), at + 0.1, "b2"))
    telling.tell(*(joins(leg, at + 0.2, "c1") for leg in (telling.agent_leg(), expert, CALL)))


@pytest.mark.parametrize("mode", [Mode.LISTEN, Mode.WHISPER])
def test_who_listens_or_whispers_stays_beside_the_agent_in_a_conference(talking: Telling, mode: Mode) -> None:
    begun(talking, 10.0, mode)
    expert = asked(talking, 20.0)
    talking.order(Confer(CALL), 25.0)
    conference(talking, expert, 25.1)
    assert (sent(talking), spied(talking)) == ([mode.value], [talking.agent_leg()])


def test_an_agent_confers_with_a_supervisor_beside_and_cannot_drop_the_supervisor(talking: Telling) -> None:
    name = barged(talking, 10.0)
    talking.order(Confer(CALL, EXPERT), 20.0)
    [send] = talking.actions(SendLeg)
    assert (send.place, send.other_place) == (Place.CONFERENCE, Place.CONFERENCE)
    leg = talking.agent_leg()
    talking.tell(parts(leg, 20.1, "b1"), parts(CALL, 20.2, "b1"), joins(CALL, 20.3, "c1"))
    talking.tell(joins(leg, 20.4, "c1"))
    assert sent(talking)[-1] == "barge"
    talking.tell(parts(name, 20.5, "b1"), joins(name, 20.6, "c1"))
    dropping = talking.order(Drop(CALL, name), 22.0)
    assert (dropping.state, dropping.reason) == (CommandState.REFUSED, "not_in_conference")


def test_taking_over_a_conference_lets_every_agent_go_once_the_supervisor_is_in_it(talking: Telling) -> None:
    name = begun(talking, 10.0)
    expert = asked(talking, 20.0)
    conference(talking, expert, 25.1)
    talking.order(TakeOverCall(name), 30.0, agent=None)
    assert sent(talking)[-1] == "take"
    assert talking.actions(HangUp) == []
    talking.tell(joins(name, 30.1, "c1"))
    assert {hung.leg for hung in talking.actions(HangUp)} == {talking.agent_leg(), expert}
    assert talking.runtime.supervisions.open == {}
    emptied = SetFact("t", name, "HL_SPIED", "")
    assert emptied in talking.actions(SetFact), "the phone does not stay on when the call is over"


def parked(telling: Telling, at: float) -> None:
    telling.order(Park(CALL), at)
    leg = telling.agent_leg()
    telling.tell(
        parts(CALL, at + 0.1, "b1"),
        f.CallerHeld(at + 0.2, "t", CALL, CALL, ""),
        f.LegEnded(at + 0.3, "t", leg, 16, False),
    )


@pytest.mark.parametrize("mode", [Mode.LISTEN, Mode.WHISPER])
def test_beside_a_parked_call_it_waits_and_follows_who_picks_it_up(talking: Telling, mode: Mode) -> None:
    begun(talking, 10.0, mode)
    parked(talking, 20.0)
    assert sent(talking) == [mode.value, "wait"]
    talking.order(PickUp(CALL), 25.0, agent="1002")
    leg = talking.actions(RingParty)[-1].leg
    talking.tell(*seat_rings(leg, "seat-02", CALL, 25.1), *seat_answers(leg, CALL, 27.0, "b4"))
    assert sent(talking) == [mode.value, "wait", mode.value]
    assert spied(talking)[-1] == leg


@pytest.mark.parametrize(
    ("afterwards", "then"), [(Afterwards.WAIT, ["wait", "listen"]), (Afterwards.STOP, ["wait"])]
)
def test_while_a_call_is_parked_the_agents_next_one_is_listened_to_unless_it_stops_after_the_call(
    talking: Telling, afterwards: Afterwards, then: list[str]
) -> None:
    begun(talking, 10.0, Mode.WHISPER, afterwards)
    parked(talking, 20.0)
    name = next(iter(talking.runtime.supervisions.open))
    talking.tell(
        leg_started("out-1", "seat-01", 40.0, dialled="s"),
        leg_started("out-2", "trunk", 40.1, call="out-1"),
        f.SeatDialled(40.0, "t", "out-1", "out-1", "seat-01", "13900000001"),
        f.LegAnswered(41.0, "t", "out-2"),
        joins("out-1", 41.1, "b5"),
        joins("out-2", 41.2, "b5"),
    )
    assert sent(talking)[1:] == then
    followed = talking.runtime.supervisions.open[name].call
    assert followed == (CALL if afterwards is Afterwards.STOP else "out-1")
