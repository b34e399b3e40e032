"""The pipeline's clock under a machine's clock that is set, and what goes by the machine's all the same."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from acd.hours import is_open
from acd.model import AgentPolicy, Calendar, CallbackTerms, OpeningHours, Policy, QueuePolicy
from cti.clock import HOURS_AGREE_S, SLEW_PER_S, STATE, ClockWatch, SteadyClock, by_the_wall
from cti.records_json import JSON

HOUR_S = 3600.0
NINE_OCLOCK = 1_772_413_200.0
"""Of a Monday in China."""


@dataclass
class Machine:
    wall: float = NINE_OCLOCK
    monotonic: float = 500.0

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(time, "time", lambda: machine.wall)
    monkeypatch.setattr(time, "monotonic", lambda: machine.monotonic)
    return machine


@pytest.mark.parametrize("set_by_s", [HOUR_S, -HOUR_S])
def test_a_clock_that_is_set_is_followed_slowly_and_known_to_be_ahead(
    machine: Machine, set_by_s: float
) -> None:
    clock = SteadyClock()
    assert (clock.now(), clock.ahead_s()) == (NINE_OCLOCK, 0.0)
    machine.wall += set_by_s
    assert clock.now() == NINE_OCLOCK
    machine.pass_time(100.0)
    slewed = 100 * SLEW_PER_S * (1 if set_by_s > 0 else -1)
    assert clock.now() == pytest.approx(NINE_OCLOCK + 100 + slewed)
    assert clock.ahead_s() == pytest.approx(set_by_s - slewed)


@pytest.mark.parametrize("set_by_s", [HOUR_S, -HOUR_S])
def test_the_next_service_goes_on_with_the_clock_of_the_last_one(machine: Machine, set_by_s: float) -> None:
    before = SteadyClock()
    kept: JSON = dict(before.kept())
    machine.wall += set_by_s
    machine.pass_time(3.0)
    clock = SteadyClock(kept)
    assert clock.now() == pytest.approx(before.now(), abs=4 * SLEW_PER_S)
    assert clock.ahead_s() == pytest.approx(set_by_s, abs=4 * SLEW_PER_S)


@pytest.mark.parametrize(
    "kept", [None, "of another age", {"boot": "another", "offset_s": 5.0}, {"offset_s": "x"}]
)
def test_a_clock_of_which_nothing_is_known_begins_as_the_machines(machine: Machine, kept: JSON) -> None:
    assert SteadyClock(kept).now() == NINE_OCLOCK


def policy() -> Policy:
    office = Calendar((OpeningHours(tuple(range(7)), 8 * HOUR_S, 9.5 * HOUR_S),))
    queue = QueuePolicy("office", calendar=office, callbacks=CallbackTerms(hours=office))
    return Policy({"office": queue, "always": QueuePolicy("always")}, {"1001": AgentPolicy("1001")})


def test_calendars_mean_the_machines_clock_however_far_it_is_ahead() -> None:
    rules = policy()
    for ahead_s, is_now_open in ((0.0, True), (HOUR_S, False), (-HOUR_S, True), (-HOUR_S - 60, False)):
        office = by_the_wall(rules, ahead_s).queues["office"]
        assert office.calendar is not None
        assert office.callbacks.hours is not None
        assert is_open(office.calendar, NINE_OCLOCK) is is_now_open
        assert is_open(office.callbacks.hours, NINE_OCLOCK) is is_now_open
    assert by_the_wall(rules, HOUR_S).queues["always"] == rules.queues["always"]
    assert by_the_wall(rules, HOURS_AGREE_S) is rules


@dataclass
class Seen:
    moves: int = 0
    kept: dict[str, JSON] = field(default_factory=dict)

    async def move_hours(self) -> None:
        self.moves += 1


async def test_hours_are_moved_when_the_clock_is_set_and_as_it_is_followed(machine: Machine) -> None:
    clock, seen = SteadyClock(), Seen()
    watch = ClockWatch(clock, seen.move_hours, seen.kept.update)
    with capture_logs() as logs:
        await watch.look()
        assert seen.moves == 0
        machine.wall += HOUR_S
        await watch.look()
        await watch.look()
        assert seen.moves == 1
        for _ in range(50):
            machine.pass_time(HOURS_AGREE_S / 50 / SLEW_PER_S * 1.1)
            await watch.look()
        assert seen.moves == 2
        machine.wall -= HOUR_S
        await watch.look()
        assert seen.moves == 3
    told = [entry["by_s"] for entry in logs if entry["event"] == "clock_set"]
    assert told == [pytest.approx(HOUR_S, abs=0.1), pytest.approx(-HOUR_S, abs=0.1)], "not as it is followed"


async def test_what_the_next_service_needs_is_kept_and_kept_up(machine: Machine) -> None:
    clock, seen = SteadyClock(), Seen()
    watch = ClockWatch(clock, seen.move_hours, seen.kept.update)
    await watch.look()
    first = seen.kept.pop(STATE)
    assert first == clock.kept()
    await watch.look()
    assert seen.kept == {}, "nothing has changed"
    machine.wall += HOUR_S
    machine.pass_time(10.0)
    await watch.look()
    assert seen.kept[STATE] == clock.kept() != first
