"""Place and expected wait of each waiting call, as the service shows them."""

from __future__ import annotations

from acd.estimate import GAPS_NEEDED
from acd.events import TimePassed
from cti.calls.actions import RingSeat
from tests.support.conversation import agent_hangs_up, caller_arrives, seat_answers, seat_rings
from tests.unit.cti.rig import Rig


def test_a_waiting_calls_place_is_known_at_once_and_its_wait_after_some_answers() -> None:
    rig = Rig()
    router = rig.runtime.router
    for number in range(GAPS_NEEDED + 3):
        rig.tell(*caller_arrives(f"c{number}", number / 100.0))
    assert [router.position(f"c{number}") for number in range(3)] == [1, 2, 3]
    assert router.estimate("c0") is None
    rig.ready_agent(at=19.0)
    for number in range(GAPS_NEEDED + 1):
        call, at = f"c{number}", 20.0 + 20.0 * number
        [*_, ring] = [each for each in rig.actions(rig.steps, RingSeat) if isinstance(each, RingSeat)]
        assert ring.call == call
        rig.tell(*seat_rings(ring.leg, "seat-01", call, at), *seat_answers(ring.leg, call, at + 1))
        rig.tell(*agent_hangs_up(ring.leg, call, at + 5), TimePassed(at + 18, "t"))
    last = f"c{GAPS_NEEDED + 2}"
    estimate = router.estimate(last)
    assert router.position(last) == 2
    assert estimate is not None
    assert (estimate.position, estimate.wait_s, estimate.error_s) == (2, 40.0, 0.0)
    assert (router.position("c0"), router.estimate("c0")) == (None, None)
