from __future__ import annotations

from acd.timers import Timers


def test_what_is_due_comes_in_the_order_of_time_and_then_of_its_key() -> None:
    timers = Timers()
    timers.set(("b", "x"), 5.0)
    timers.set(("a", "y"), 5.0)
    timers.set(("c", "z"), 1.0)
    assert timers.next_due() == 1.0
    assert timers.pop_due(0.5) is None
    assert [timers.pop_due(5.0) for _ in range(4)] == [("c", "z"), ("a", "y"), ("b", "x"), None]


def test_a_deadline_set_again_or_cancelled_is_not_due_at_its_old_time() -> None:
    timers = Timers()
    timers.set(("a", "x"), 1.0)
    timers.set(("a", "x"), 3.0)
    timers.set(("b", "x"), 2.0)
    timers.cancel(("b", "x"))
    timers.cancel(("never", "set"))
    assert timers.next_due() == 3.0
    assert timers.items() == [(("a", "x"), 3.0)]


def test_a_deadline_moved_many_times_takes_no_more_room() -> None:
    timers = Timers()
    timers.set(("other", "y"), 10.0)
    for turn in range(10_000):
        timers.set(("a", "x"), 20.0 + turn)
    assert len(timers._heap) <= 70
    assert timers.pop_due(1e9) == ("other", "y")
    assert timers.pop_due(1e9) == ("a", "x")
    assert timers.next_due() is None


def test_nothing_is_cleared_away_while_every_deadline_stands() -> None:
    timers = Timers()
    heap = timers._heap
    for number in range(200):
        timers.set(("a", f"x{number}"), float(number))
    assert timers._heap is heap
