"""Commands of an agent who asks somebody on the phone's second line, with the citizen on hold by command."""

from __future__ import annotations

import pytest

from cti.calls import facts as f
from cti.calls.actions import HangUp, Place, SendLeg
from cti.verbs.consult import Cancel, Complete
from cti.verbs.hang_up import HangUpCall
from cti.verbs.hold import Hold, Retrieve
from cti.verbs.records import CommandState
from tests.support.conversation import leg_started
from tests.support.telling import CALL, Telling

SECOND, COLLEAGUE = "hotline-2.5", "hotline-2.6"


@pytest.fixture
def told() -> Telling:
    told = Telling()
    told.ready()
    first = told.talk()
    told.ready("1002", "seat-02", 8.0)
    told.order(Hold(CALL), 10.0)
    told.tell(
        f.LegParted(10.1, "t", CALL, "b1"),
        f.LegParted(10.1, "t", first, "b1"),
        f.CallerHeld(10.2, "t", CALL, CALL, first),
        f.LegHeld(11.0, "t", first),
        leg_started(SECOND, "seat-01", 11.1, dialled="8002"),
        f.SeatDialled(11.2, "t", SECOND, CALL, "seat-01", "8002", to_seat="seat-02"),
        f.LegStarted(11.3, "t", COLLEAGUE, f"PJSIP/{COLLEAGUE}", "seat-02", None, SECOND, "8001", ""),
        f.LegRinging(11.4, "t", COLLEAGUE),
    )
    return told


def answers(told: Telling) -> None:
    told.tell(
        f.LegAnswered(15.0, "t", COLLEAGUE),
        f.LegAnswered(15.0, "t", SECOND),
        f.LegJoined(15.1, "t", COLLEAGUE, "b2"),
        f.LegJoined(15.1, "t", SECOND, "b2"),
    )


def first_of(told: Telling) -> str:
    return next(leg.leg for leg in told.record().legs if leg.seat == "seat-01")


def hung_up(told: Telling) -> set[str]:
    return {action.leg for action in told.actions(HangUp)}


def sent(told: Telling) -> list[tuple[str, Place]]:
    return [(action.channel, action.place) for action in told.actions(SendLeg)][1:]  # the first is the hold's


def test_retrieve_takes_the_citizen_up_and_lets_the_second_line_be(told: Telling) -> None:
    answers(told)
    record = told.order(Retrieve(CALL), 20.0)
    first = first_of(told)
    told.tell(f.LegJoined(20.2, "t", first, "b3"), f.LegJoined(20.2, "t", CALL, "b3"))
    assert told.command(record.command).state is CommandState.DONE
    assert (sent(told), hung_up(told)) == ([(f"PJSIP/seat-01-{first}", Place.CONNECT)], set())


@pytest.mark.parametrize("talks", [True, False])
def test_cancel_lets_go_whom_the_second_line_asked_or_still_rings(told: Telling, talks: bool) -> None:
    if talks:
        answers(told)
    told.order(Cancel(CALL), 20.0)
    assert sent(told) == [(f"PJSIP/seat-01-{first_of(told)}", Place.CONNECT)]
    assert SECOND in hung_up(told)
    assert first_of(told) not in hung_up(told)


def test_complete_connects_whom_the_second_line_asked_with_the_citizen(told: Telling) -> None:
    answers(told)
    record = told.order(Complete(CALL), 20.0)
    assert sent(told) == [(f"PJSIP/{COLLEAGUE}", Place.CONNECT)]
    assert hung_up(told) == {first_of(told), SECOND}
    told.tell(
        f.LegParted(20.1, "t", COLLEAGUE, "b2"),
        f.LegJoined(20.2, "t", COLLEAGUE, "b3"),
        f.LegJoined(20.2, "t", CALL, "b3"),
    )
    assert told.command(record.command).state is CommandState.DONE


def test_an_agent_who_hangs_up_by_command_leaves_with_both_lines(told: Telling) -> None:
    answers(told)
    record = told.order(HangUpCall(CALL), 20.0)
    assert hung_up(told) == {first_of(told), SECOND}
    for leg in (first_of(told), SECOND):
        told.tell(f.LegEnded(20.1, "t", leg, 16, False))
    assert told.command(record.command).state is CommandState.DONE
