"""Wrong PINs are counted, for the agent and for the seat; too many lock for a while."""

from __future__ import annotations

from cti.commands import PinTried
from cti.pins import STATE, PinGuard, Verdict

MOST, LOCKED_S = 3, 60.0


class Guarded:
    def __init__(self) -> None:
        self.guard = PinGuard()
        self.state: dict[str, object] = {}

    def tries(self, at: float, right: bool, agent: str = "1001", seat: str | None = "s01") -> Verdict:
        tried = PinTried(at, "t", agent, right, seat)
        verdict = self.guard.tried(tried, most=MOST, locked_s=LOCKED_S)
        self.state |= verdict.state
        return verdict

    def said(self, at: float, right: bool, agent: str = "1001", seat: str | None = "s01") -> str | None:
        refused = self.tries(at, right, agent, seat).refused
        return refused.error if refused else None


def test_a_right_pin_is_let_in_and_a_wrong_one_is_not() -> None:
    door = Guarded()
    assert door.said(1.0, True) is None
    assert door.said(2.0, False) == "wrong_pin"


def test_too_many_wrong_pins_lock_and_even_the_right_one_is_not_looked_at_until_the_time_is_over() -> None:
    door = Guarded()
    assert [door.said(float(at), False, seat=None) for at in (1, 2)] == ["wrong_pin"] * 2
    locked = door.tries(3.0, False, seat=None)
    assert locked.refused is not None
    assert (locked.refused.error, locked.locked) == ("pin_locked", ["agent/1001"])
    assert door.said(4.0, True, seat=None) == "pin_locked"
    assert door.guard.locked_until("1001", None, 4.0) == 63.0
    assert door.said(63.0, True, seat=None) is None


def test_tries_while_locked_do_not_lock_longer() -> None:
    door = Guarded()
    for at in (1.0, 2.0, 3.0, 50.0):
        door.said(at, False, seat=None)
    assert door.guard.locked_until("1001", None, 51.0) == 63.0


def test_who_tries_every_agent_at_one_phone_locks_that_phone_and_not_the_agents() -> None:
    door = Guarded()
    for at, agent in enumerate(("1001", "1002", "1003"), start=1):
        door.said(float(at), False, agent)
    assert door.said(4.0, True, "1004") == "pin_locked"
    assert door.said(4.0, True, "1004", "s02") is None
    assert door.said(4.0, True, "1001", "s02") is None


def test_a_right_pin_forgets_the_wrong_ones_and_so_does_time() -> None:
    door = Guarded()
    for at, right in ((1.0, False), (2.0, False), (3.0, True), (4.0, False), (5.0, False)):
        door.said(at, right, seat=None)
    assert door.said(70.0, False, seat=None) == "wrong_pin", "those before are older than they count"
    assert door.said(71.0, False, seat=None) == "wrong_pin"


def test_a_supervisor_unlocks_an_agent() -> None:
    door = Guarded()
    for at in (1.0, 2.0, 3.0):
        door.said(at, False, seat=None)
    assert door.guard.unlock("1001") == {f"{STATE}agent/1001": None}
    assert door.guard.unlock("1001") == {}
    assert door.said(4.0, True, seat=None) is None


def test_a_lock_outlives_a_restart() -> None:
    door = Guarded()
    for at in (1.0, 2.0, 3.0):
        door.said(at, False)
    later = PinGuard()
    later.restore(door.state)  # type: ignore[arg-type]
    assert later.locked_until("1001", None, 4.0) == 63.0
    assert later.locked_until("1002", "s01", 4.0) == 63.0
    assert later.locked_until("1002", "s02", 4.0) is None


def test_what_no_longer_counts_is_not_kept() -> None:
    door = Guarded()
    for number in range(20):
        door.tries(1.0, False, f"20{number:02}", f"s{number:02}")
    verdict = door.tries(100.0, False, "1001", "s99")
    assert len([key for key, body in verdict.state.items() if body is None]) == 40
    assert set(verdict.state) >= {f"{STATE}agent/1001", f"{STATE}seat/s99"}
