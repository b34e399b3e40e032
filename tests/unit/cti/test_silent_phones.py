"""A phone that cannot be reached and from which nothing comes any more has died: its citizen waits again."""

from __future__ import annotations

from cti.calls import facts as f
from cti.calls.actions import HangUp, Place, SendLeg
from cti.calls.quality import LegQuality, Stream
from cti.runtime import Runtime
from cti.silent_phones import REGISTERED_S
from tests.support.conversation import phone_changed, seat_answers, seat_rings
from tests.unit.cti.rig import CALL, Rig


def measured(leg: str, at: float, packets: int, *, final: bool = False) -> f.LegMeasured:
    return f.LegMeasured(at, "t", leg, LegQuality(Stream(packets, 0, 0.0), None, None), final)


def talking(*, reachable: bool = False) -> tuple[Rig, str]:
    """An agent and a citizen, whose phone was reachable at first."""
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    rig.tell(phone_changed("seat-01", reachable, 20.0))
    return rig, ring.leg


def suspects(runtime: Runtime, at: float = 25.0) -> list[str]:
    return [leg for leg, _ in runtime.silent_phones.suspects(at)]


def test_a_silent_phone_whose_registration_a_set_clock_ended_keeps_its_call() -> None:
    rig, leg = talking(reachable=True)
    rig.tell(f.ClockSet(15.0, "t", 3600.0), phone_changed("seat-01", None, 20.0, gone=True))
    assert suspects(rig.runtime) == []
    steps = rig.tell(*(measured(leg, 21.0 + second, 700) for second in range(5)))
    assert [action for step in steps for action in step.actions] == []
    assert suspects(rig.runtime, 15.0 + REGISTERED_S) == [leg], "by then it would have registered again"


def test_a_phone_that_is_registered_and_does_not_answer_is_a_suspect_after_a_set_clock_too() -> None:
    rig, leg = talking()
    rig.tell(f.ClockSet(15.0, "t", 3600.0))
    assert suspects(rig.runtime) == [leg]


def test_the_citizen_of_a_dead_phone_waits_again_and_its_leg_is_ended() -> None:
    rig, leg = talking()
    assert suspects(rig.runtime) == [leg]
    steps = rig.tell(measured(leg, 21.0, 700), measured(leg, 22.0, 700), measured(leg, 23.0, 700))
    assert [action for step in steps for action in step.actions] == [
        SendLeg("t", f"PJSIP/trunk-{CALL}", Place.WAITING),
        HangUp("t", leg),
    ]
    assert [notice.event for step in steps for notice in step.notices] == ["phone_died_in_call"]


def test_a_phone_that_still_speaks_keeps_its_call_though_it_cannot_be_reached() -> None:
    rig, leg = talking()
    steps = rig.tell(*(measured(leg, 21.0 + second, 700 + 50 * second) for second in range(10)))
    assert [action for step in steps for action in step.actions] == []


def test_a_silent_phone_that_can_be_reached_keeps_its_call() -> None:
    rig, leg = talking(reachable=True)
    assert suspects(rig.runtime) == []
    steps = rig.tell(*(measured(leg, 21.0 + second, 700) for second in range(10)))
    assert [action for step in steps for action in step.actions] == []


def test_a_phone_that_comes_back_begins_anew() -> None:
    rig, leg = talking()
    rig.tell(measured(leg, 21.0, 700))
    rig.tell(phone_changed("seat-01", True, 21.5))
    assert suspects(rig.runtime) == []
    rig.tell(phone_changed("seat-01", False, 30.0))
    assert suspects(rig.runtime) == [leg]
    steps = rig.tell(measured(leg, 31.0, 700), measured(leg, 32.0, 700))
    assert [action for step in steps for action in step.actions] == []


def test_what_is_told_as_a_leg_ends_is_no_look() -> None:
    rig, leg = talking()
    steps = rig.tell(measured(leg, 21.0, 700), measured(leg, 25.0, 700, final=True))
    assert [action for step in steps for action in step.actions] == []
