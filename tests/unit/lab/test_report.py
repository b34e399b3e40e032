"""The demo's verdict: it must find what does not agree, and measure from the right beginning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lab.account import too_short_to_hear
from lab.report import Counts, archive_problems, disagreements, offer_latencies_ms, spread
from lab.witness import ArchiveSays, AsteriskSaw, SeenCall

BEGAN = 1_000.0


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(BEGAN + seconds, UTC)


def saw(**times: float) -> AsteriskSaw:
    call = SeenCall("c1", "13900000001", BEGAN, queued_at=BEGAN + 3, answered_at=BEGAN + 6, seat="seat-01")
    call.recorded.add("o1")
    call.ended_at = BEGAN + times.get("ended", 30.0)
    return AsteriskSaw({"c1": call}, {"o1": BEGAN + times.get("rings", 5.01)}, {"o1": BEGAN + 30}, 1)


def says(**changes: Any) -> ArchiveSays:
    kept: dict[str, Any] = {
        "calls": {"c1": {"call": "c1", "seat": "seat-01", "outcome": "answered"}},
        "recordings": [{"call": "c1", "recording": "o1"}],
        "work_orders": [{"call": "c1"}],
        "segments": [],
        "offers": [{"offer": "o1", "call": "c1", "agent": "1001", "made_at": at(5.005)}],
        "agent_states": [],
        "decisions": 1,
    }
    return ArchiveSays(**kept | changes)


def test_percentiles_are_values_that_occurred() -> None:
    measured = spread(float(value) for value in range(1, 101))
    assert (measured.n, measured.p50, measured.p99, measured.max) == (100, 50.0, 99.0, 100.0)
    assert spread([]).p50 is None


def test_sources_that_differ_are_told_figure_by_figure() -> None:
    assert disagreements({"callers": Counts(3, 2, 1), "Asterisk": Counts(3, 2, 1)}) == []
    assert disagreements({"callers": Counts(3, 2, 1), "Asterisk": Counts(3, 1, 1)}) == [
        "answered: callers 2, Asterisk 1"
    ]


def test_a_complete_archive_has_no_problems() -> None:
    assert archive_problems(saw(), says()) == []


def test_whatever_the_archive_lacks_is_a_problem() -> None:
    lacking: list[dict[str, Any]] = [
        {"calls": {}},
        {"calls": {"c1": {"call": "c1", "seat": "seat-02", "outcome": "answered"}}},
        {"recordings": []},
        {"recordings": [{"call": "c1", "recording": "o1"}, {"call": "c1", "recording": "o1"}]},
        {"work_orders": []},
        {"work_orders": [{"call": "c1"}, {"call": "c1"}]},
    ]
    assert [len(archive_problems(saw(), says(**changes))) for changes in lacking] == [1] * len(lacking)


def test_an_offer_is_measured_from_the_end_of_the_wrap_up_when_the_agent_came_last() -> None:
    states = [
        {"agent": "1001", "state": "wrap_up", "at": at(1), "until": at(5.0)},
        {"agent": "1001", "state": "ready", "at": at(5.004), "until": None},
    ]
    after_agent, after_caller = offer_latencies_ms(saw(), says(agent_states=states))
    assert [round(value, 3) for value in after_agent] == [10.0]
    assert after_caller == []


def test_an_offer_is_measured_from_the_wait_when_the_caller_came_last() -> None:
    states = [{"agent": "1001", "state": "ready", "at": at(1), "until": None}]
    after_agent, after_caller = offer_latencies_ms(saw(rings=3.02), says(agent_states=states))
    assert after_agent == []
    assert [round(value, 3) for value in after_caller] == [20.0]


def test_only_a_pair_connected_for_less_than_a_second_need_not_have_heard_each_other() -> None:
    assert too_short_to_hear(saw(ended=6.5)) == {"13900000001"}
    assert too_short_to_hear(saw(ended=7.5)) == set()
