"""Commands that cross: one takes effect, the other is refused; nobody is rung twice, nobody left alone."""

from __future__ import annotations

import pytest

from cti.ami.encode import encode
from cti.calls import facts as f
from cti.calls.actions import ActionFailed, DialFromSeat, HangUp, Place, RingParty, RingSeat, SendLeg
from cti.commands import LogIn
from cti.verbs.conference import Confer
from cti.verbs.consult import Cancel, Complete, Consult, Swap
from cti.verbs.dial import DialOut
from cti.verbs.hold import Hold, Retrieve
from cti.verbs.park import Park, PickUp, SendToRating
from cti.verbs.parties import Party, To
from cti.verbs.records import CommandRecord, CommandState
from cti.verbs.transfer import LET_GO, Transfer
from tests.support.conversation import caller_arrives, leg_started, seat_answers, seat_rings, shown, snapshot
from tests.support.telling import CALL, SEATS, Telling

ASKED, OTHER = Party(To.AGENT, "1002"), Party(To.SEAT, "seat-03")
OUTSIDE = Party(To.NUMBER, "13900002222")


@pytest.fixture
def waiting() -> Telling:
    """A citizen waits; three agents are there, none of them ready."""
    told = Telling()
    told.tell(*(LogIn(0.0, "t", f"100{place}", seat) for place, seat in enumerate(SEATS, 1)))
    told.tell(*caller_arrives(CALL, 1.0))
    return told


def asking(told: Telling, *, rings: bool = True) -> tuple[CommandRecord, str]:
    """1001 has the citizen on hold and 1002 rung; gives the command and the leg that rings."""
    record = told.order(Consult(CALL, ASKED), 20.0)
    told.set_aside(20.1)
    [ring] = told.actions(RingParty)
    if rings:
        told.tell(leg_started(ring.leg, "seat-02", 20.2, dialled="s"), f.LegRinging(20.3, "t", ring.leg))
    return record, ring.leg


def refused(told: Telling, asked: object, at: float, agent: str = "1001") -> str | None:
    before = len(told.actions(RingParty)) + len(told.actions(SendLeg))
    record = told.order(asked, at, agent)
    assert record.state is CommandState.REFUSED, record
    assert len(told.actions(RingParty)) + len(told.actions(SendLeg)) == before
    return record.reason


# -- whom to ring --------------------------------------------------------------------------------------------


def test_of_two_who_pick_one_caller_up_one_is_rung(waiting: Telling) -> None:
    first = waiting.order(PickUp(CALL), 10.0, "1001")
    assert refused(waiting, PickUp(CALL), 10.0, "1002") == "already_ringing"
    [ring] = waiting.actions(RingParty)
    waiting.tell(leg_started(ring.leg, "seat-01", 10.1, call=CALL, dialled="s"))
    assert refused(waiting, PickUp(CALL), 10.2, "1002") == "already_ringing"
    waiting.tell(f.LegAnswered(11.0, "t", ring.leg))
    assert refused(waiting, PickUp(CALL), 11.0, "1002") == "already_ringing", "the connection is under way"
    waiting.tell(f.LegJoined(11.1, "t", ring.leg, "b1"), f.LegJoined(11.1, "t", CALL, "b1"))
    assert waiting.command(first.command).state is CommandState.DONE


def test_who_is_about_to_be_picked_up_is_offered_to_nobody(waiting: Telling) -> None:
    waiting.order(PickUp(CALL), 10.0, "1001")
    waiting.ready("1002", "seat-02", 10.01)
    assert waiting.actions(RingSeat) == []


@pytest.mark.parametrize("leg_there", [False, True])
def test_who_is_being_offered_is_not_picked_up_beside(leg_there: bool) -> None:
    told = Telling()
    told.ready()
    told.tell(LogIn(0.0, "t", "1002", "seat-02"), *caller_arrives(CALL, 1.0))
    [ring] = told.actions(RingSeat)
    if leg_there:
        told.tell(*seat_rings(ring.leg, ring.seat, CALL, 4.5))
    assert refused(told, PickUp(CALL), 5.0, "1002") == "already_ringing"


def never_answered(leg: str) -> list[f.Fact]:
    return [leg_started(leg, "seat-01", 10.1, call=CALL, dialled="s"), f.LegEnded(40.0, "t", leg, 19, False)]


@pytest.mark.parametrize("came_of_it", ["refused", "failed", "ended unseen", "unanswered", "gone"])
def test_a_ring_that_comes_to_nothing_leaves_the_caller_to_others(waiting: Telling, came_of_it: str) -> None:
    record = waiting.order(PickUp(CALL), 10.0, "1001")
    [ring] = waiting.actions(RingParty)
    match came_of_it:
        case "refused":
            waiting.tell(ActionFailed(10.1, record.command, ring, "refused: no such endpoint"))
        case "failed":
            waiting.tell(f.OriginateFailed(10.1, "t", ring.leg, "failed"))
        case "ended unseen":
            waiting.tell(f.LegEnded(10.1, "t", ring.leg, 20, False))
        case "unanswered":
            waiting.tell(*never_answered(ring.leg))
        case "gone":
            waiting.tell(f.PbxLost(10.1, "t"), snapshot(
                shown(CALL, "trunk", CALL, place="waiting", queued_at=4.0, started_at=1.0),
                at=12.0, reachable=frozenset(SEATS),
            ))  # fmt: skip
    assert waiting.command(record.command).state is CommandState.FAILED
    waiting.ready("1002", "seat-02", 41.0)
    assert [offer.seat for offer in waiting.actions(RingSeat)] == ["seat-02"]


def test_a_transfer_that_is_given_twice_rings_once(talking: Telling) -> None:
    talking.order(Transfer(CALL, ASKED), 20.0)
    assert refused(talking, Transfer(CALL, ASKED), 20.0) == "command_under_way"
    assert refused(talking, Transfer(CALL, OTHER), 20.0) == "command_under_way"
    [ring] = talking.actions(RingParty)
    assert [action.leg for action in talking.actions(HangUp)] == [talking.agent_leg()]
    talking.tell(
        f.LegParted(20.1, "t", CALL, "b1"), f.LegParted(20.1, "t", talking.agent_leg(), "b1"),
        f.CallerHeld(20.2, "t", CALL, CALL, ring.leg),
    )  # fmt: skip
    assert refused(talking, Transfer(CALL, OTHER), 20.3) == "already_ringing", "the agent's leg ends only now"
    talking.tell(f.LegEnded(20.4, "t", talking.agent_leg(), 16, False))
    assert refused(talking, Transfer(CALL, OTHER), 20.5) == "not_in_call"


@pytest.mark.parametrize("rings", [False, True])
def test_while_one_is_rung_to_be_asked_nobody_else_is(talking: Telling, rings: bool) -> None:
    asking(talking, rings=rings)
    for second in (Consult(CALL, OTHER), Transfer(CALL, OTHER), Confer(CALL, OUTSIDE)):
        assert refused(talking, second, 22.0) == "already_ringing"


def test_a_seat_that_is_about_to_ring_is_not_rung_for_anybody_else(talking: Telling) -> None:
    talking.order(DialOut("13800000001"), 20.0, "1002")
    assert talking.order(DialOut("13800000001"), 20.0, "1002").reason == "seat_busy"
    assert len(talking.actions(DialFromSeat)) == 1
    assert refused(talking, Consult(CALL, Party(To.SEAT, "seat-02")), 20.1) == "seat_busy"


# -- calling off ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("take_up", [Retrieve(CALL), Cancel(CALL)])
@pytest.mark.parametrize("heard_of", ["asked for", "rings", "answered"])
def test_who_is_taken_up_while_somebody_is_rung_keeps_the_agent(
    talking: Telling, take_up: Retrieve | Cancel, heard_of: str
) -> None:
    consult, rung = asking(talking, rings=heard_of != "asked for")
    if heard_of == "answered":
        talking.tell(f.LegAnswered(24.9, "t", rung))
    record = talking.order(take_up, 25.0)
    assert [action.leg for action in talking.actions(HangUp)] == [rung]
    leg = talking.agent_leg()
    talking.tell(f.LegJoined(25.1, "t", leg, "b2"), f.LegJoined(25.1, "t", CALL, "b2"))
    assert talking.command(record.command).state is CommandState.DONE
    talking.tell(f.LegEnded(25.2, "t", rung, 16, False))
    called_off = talking.command(consult.command)
    assert (called_off.state, called_off.reason) == (CommandState.FAILED, "called_off")
    assert talking.record().segments[-1].legs == (leg, CALL)
    assert (talking.agent("1001"), talking.agent("1002")) == ("busy", "ready")


def test_the_ring_that_is_called_off_may_end_before_the_agent_is_back(talking: Telling) -> None:
    consult, rung = asking(talking)
    talking.order(Retrieve(CALL), 25.0)
    talking.tell(f.LegEnded(25.05, "t", rung, 16, False))
    assert talking.command(consult.command).reason == "called_off"


def test_a_phone_that_fails_at_once_was_not_called_off_though_the_agent_is_on_the_way_yet(
    talking: Telling,
) -> None:
    consult = talking.order(Consult(CALL, ASKED), 20.0)
    [ring] = talking.actions(RingParty)
    talking.tell(f.OriginateFailed(20.05, "t", ring.leg, "failed"))
    talking.set_aside(20.1)
    assert talking.command(consult.command).reason == "not_taken"


def test_who_lets_the_phone_ring_leaves_the_citizen_on_hold(talking: Telling) -> None:
    consult, rung = asking(talking)
    talking.tell(f.LegEnded(50.0, "t", rung, 19, False))
    assert talking.command(consult.command).reason == "not_taken"


# -- one leg, two places -------------------------------------------------------------------------------------

MOVES = [
    Hold(CALL), Transfer(CALL, ASKED), Transfer(CALL, Party(To.QUEUE, "expert")), Consult(CALL, ASKED),
    Park(CALL), SendToRating(CALL), Confer(CALL, ASKED),
]  # fmt: skip


@pytest.mark.parametrize("first", MOVES, ids=lambda asked: type(asked).__name__)
@pytest.mark.parametrize("second", MOVES, ids=lambda asked: type(asked).__name__)
def test_of_two_that_move_a_conversation_at_once_the_second_is_refused(
    talking: Telling, first: object, second: object
) -> None:
    assert talking.order(first, 20.0).state is CommandState.ACCEPTED
    assert refused(talking, second, 20.0) == "command_under_way"


@pytest.mark.parametrize("first", [Retrieve(CALL), Cancel(CALL)])
@pytest.mark.parametrize("second", [Retrieve(CALL), Cancel(CALL), Transfer(CALL, OTHER)])
def test_of_two_that_take_up_at_once_the_second_is_refused(
    talking: Telling, first: object, second: object
) -> None:
    asking(talking)
    assert talking.order(first, 25.0).state is CommandState.ACCEPTED
    assert refused(talking, second, 25.0) == "command_under_way"


@pytest.mark.parametrize("first", [Complete(CALL), Cancel(CALL), Swap(CALL)])
@pytest.mark.parametrize("second", [Complete(CALL), Cancel(CALL), Swap(CALL)])
def test_of_two_that_end_a_consult_at_once_the_second_is_refused(
    talking: Telling, first: object, second: object
) -> None:
    _, expert = asking(talking)
    talking.tell(f.LegAnswered(22.0, "t", expert), f.LegJoined(22.1, "t", expert, "b2"))
    talking.tell(f.LegJoined(22.1, "t", talking.agent_leg(), "b2"))
    assert talking.order(first, 25.0).state is CommandState.ACCEPTED
    assert refused(talking, second, 25.0) == "command_under_way"


def test_a_leg_that_never_arrives_does_not_block_its_call_for_good(talking: Telling) -> None:
    talking.order(Hold(CALL), 20.0)
    assert refused(talking, Hold(CALL), 24.9) == "command_under_way"
    assert talking.order(Hold(CALL), 25.1).state is CommandState.ACCEPTED


# -- what is told --------------------------------------------------------------------------------------------


def test_a_citizen_who_was_called_is_not_said_to_wait_when_a_transfer_fails(talking: Telling) -> None:
    leg = talking.order(DialOut("13800000001"), 20.0, "1002").result["call"]
    talking.tell(
        leg_started(leg, "seat-02", 20.2, dialled="s"),
        f.LegAnswered(21.0, "t", leg),
        f.SeatDialled(21.1, "t", leg, leg, "seat-02", "13800000001"),
        leg_started("out", "trunk", 21.2, call=leg),
        *seat_answers("out", leg, 25.0, "b9"),
    )
    record = talking.order(Transfer(leg, OTHER), 30.0, "1002")
    [ring] = talking.actions(RingParty)
    talking.tell(
        f.LegParted(30.1, "t", "out", "b9"), f.LegParted(30.1, "t", leg, "b9"),
        f.CallerHeld(30.2, "t", "out", leg, ring.leg), f.LegEnded(30.3, "t", leg, 16, False),
        *seat_rings(ring.leg, "seat-03", leg, 30.2), f.LegEnded(60.0, "t", ring.leg, 19, False),
    )  # fmt: skip
    failed = talking.command(record.command)
    assert (failed.reason, failed.sentence) == (LET_GO.reason, LET_GO.sentence)


@pytest.mark.parametrize("party", [ASKED, OUTSIDE])
def test_who_is_rung_for_a_caller_is_named_on_the_callers_channel(talking: Telling, party: Party) -> None:
    talking.order(Transfer(CALL, party), 20.0)
    [ring] = talking.actions(RingParty)
    assert ring.place is Place.CONNECT
    variables = encode(ring).headers["Variable"]
    endpoint = "seat-02" if party is ASKED else "trunk"
    assert {f"SHARED(HL_RINGS,PJSIP/trunk-{CALL})={endpoint}", "HL_RUNG=1"} <= set(variables)
