"""The arithmetic of the capacity bench and of the soak: search, floors, slope, what is read in logs."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from bench.capacity import Carried, missed, search, trouble
from bench.load import Window, cpu_s, make_site, resident_bytes
from bench.soak import asterisk_log, judged, service_log, slope

CALM = Window(20.0, 100, 130, 100, 12.0, (), 1.0, 1000)
HELD = Carried(10.0, 260, 12.0, 100.0, 50.0, 11.0, "an offer took 300 ms")
MIB = 2**20


class Machine:
    """Carries up to `limit` calls a second, but for the hiccups."""

    def __init__(self, limit: float, hiccups: int = 0) -> None:
        self.limit = limit
        self.hiccups = hiccups
        self.paces: list[float] = []

    async def attempt(self, pace: float) -> Window:
        self.paces.append(pace)
        late = pace > self.limit
        if not late and self.hiccups:
            self.hiccups -= 1
            late = True
        return replace(CALM, begun=round(pace * 20), late_ms=300.0 if late else 12.0)


async def test_the_search_narrows_the_limit_from_both_sides() -> None:
    machine = Machine(9.0)
    best, broke, why = await search(machine.attempt, first=2, growth=1.5, most=100, halvings=3)

    assert best is not None
    assert broke is not None
    assert best.calls_per_s <= 9.0 < broke
    assert broke - best.calls_per_s <= (10.125 - 6.75) / 4
    assert why == "an offer took 300 ms"


async def test_one_hiccup_is_no_limit() -> None:
    best, broke, _ = await search(Machine(9.0, hiccups=1).attempt, first=2, growth=2, most=8, halvings=3)

    assert best is not None
    assert (best.calls_per_s, broke) == (8.0, None)


async def test_the_search_ends_at_its_own_limit() -> None:
    machine = Machine(1000.0)
    await search(machine.attempt, first=2, growth=2, most=7, halvings=3)

    assert machine.paces == [2, 4, 7]


async def test_a_machine_that_carries_nothing_has_no_best() -> None:
    best, broke, _ = await search(Machine(0.0).attempt, first=2, growth=2, most=8, halvings=1)

    assert (best, broke) == (None, 1.0)


@pytest.mark.parametrize(
    ("window", "told"),
    [
        (CALM, ""),
        (replace(CALM, late_ms=200.5), "an offer took 200 ms"),
        (replace(CALM, offers=0), "no phone was rung"),
        (replace(CALM, failures=("caller 1: 503",)), "1 calls failed, the first: caller 1: 503"),
    ],
)
def test_trouble_is_named(window: Window, told: str) -> None:
    assert trouble(window) == told


def test_less_than_85_percent_is_missed() -> None:
    assert missed(HELD, replace(HELD, calls_per_s=11.7, simultaneous=305)) == []
    assert len(missed(HELD, replace(HELD, calls_per_s=11.8))) == 1
    assert len(missed(HELD, replace(HELD, calls_per_s=0.0, simultaneous=0))) == 2


def test_a_share_of_what_was_not_brought_to_its_limit_is_no_share() -> None:
    endless = replace(HELD, broke_at_per_s=None)
    assert len(missed(HELD, endless)) == 1
    assert missed(endless, endless) == []


def test_a_slope_is_found_with_an_interval_that_holds_it() -> None:
    chance = random.Random(1)
    samples = [(at, (100 + 12 * at / 3600 + chance.gauss(0, 0.1)) * MIB) for at in range(0, 3600, 10)]
    found = slope(samples)

    assert found.low <= 12 <= found.high
    assert found.high - found.low < 0.5
    assert judged(found, 60) != []
    assert judged(found, 5) == [], "too short to tell"


def test_a_step_early_on_is_no_growth_that_can_be_told() -> None:
    """Memory that moves in blocks resembles its neighbours: the interval must say how little is known."""
    samples = [(at, (100 + (at > 1800)) * MIB) for at in range(0, 3600, 10)]
    found = slope(samples)

    assert found.high - found.low > 0.5
    assert judged(found, 60) == []


def test_memory_that_stays_has_no_slope() -> None:
    assert slope([(at, 100.0 * MIB) for at in range(0, 100, 10)]).mib_per_h == 0


def test_a_slope_needs_three_samples() -> None:
    with pytest.raises(ValueError, match="needs 3"):
        slope([(0, 1.0), (10, 1.0)])


def test_errors_are_found_in_the_services_log() -> None:
    lines = [
        '{"event": "routing", "level": "info"}',
        '{"event": "late", "level": "warning"}',
        '{"event": "illegal_event", "level": "error"}',
        "Traceback (most recent call last):",
    ]
    assert service_log(lines) == (
        ["service: illegal_event", "service: Traceback (most recent call last):"],
        {"late": 1},
    )


def test_errors_are_found_in_asterisks_log() -> None:
    lines = [
        "[2026] WARNING[1] pjproject: x",
        "[2026] WARNING[525][C-0000170c] taskprocessor.c: y",
        "[2026] ERROR[2] chan.c: z",
        "[2026] Asterisk 22 built by n",
    ]
    assert asterisk_log(lines) == (
        ["Asterisk: [2026] ERROR[2] chan.c: z"],
        {"pjproject": 1, "taskprocessor.c": 1},
    )


def test_a_site_may_have_more_seats_than_the_example(tmp_path: Path) -> None:
    site = make_site(tmp_path, 90).site

    assert (len(site.seats), len({agent.id for agent in site.agents})) == (90, 90)
    assert all(agent.skills["general"] >= 1 for agent in site.agents), "each can be offered a caller"


def test_a_process_has_memory_and_uses_the_processor() -> None:
    before = cpu_s(os.getpid())
    while cpu_s(os.getpid()) - before < 0.02:
        sum(range(10_000))
    assert resident_bytes(os.getpid()) > MIB
