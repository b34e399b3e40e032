"""The place of a caller who was cut off."""

from __future__ import annotations

import pytest

from acd.effects import Decided, MakeOffer, PlaceChanged
from acd.events import PlaceKept
from tests.unit.acd.floorplan import START, Center, policy


def test_a_caller_who_was_cut_off_and_dials_again_soon_has_the_old_place() -> None:
    center = Center(policy(keep_place_s=60.0))
    center.queue("c1", caller="someone")
    center.wait(10)
    center.queue("c2", caller="someone else")
    center.leave("c1", cut_off=True)
    center.wait(59)
    center.queue("c3", caller="someone")
    center.ready("ann")
    assert center.offer().contact == "c3"
    assert center.heard(Decided)[0].waited_s == 0, "the wait shown is that of this call"
    assert center.router.queue_figures("q").abandoned == 1


def test_a_place_is_kept_once_for_so_long_and_only_for_those_cut_off() -> None:
    center = Center(policy(keep_place_s=60.0))
    center.queue("hung up", caller="a")
    center.queue("too late", caller="b")
    center.queue("unknown")
    center.leave("hung up")
    center.leave("too late", cut_off=True)
    center.leave("unknown", cut_off=True)
    center.wait(5)
    center.queue("first")
    center.wait(1)
    center.queue("again", caller="a")
    center.wait(60)
    center.queue("late", caller="b")
    center.ready("ann")
    assert center.offer().contact == "first"
    assert center.router.snapshot()["kept_places"] == {}


def keep(center: Center, caller: str, waited_s: float, for_s: float | None = None) -> None:
    until = None if for_s is None else center.now + for_s
    center.tell(PlaceKept(center.now, center.cause, caller, center.now - waited_s, until))


def places(center: Center) -> list[tuple[str, float | None, str | None]]:
    """What was said last: whose place is kept for how long from now, or who took it."""
    return [
        (each.caller, None if each.until is None else each.until - center.now, each.taken_by)
        for each in center.heard(PlaceChanged)
    ]


def test_a_place_is_told_when_it_is_kept_taken_and_over() -> None:
    center = Center(policy(keep_place_s=60.0))
    center.queue("c1", caller="them")
    center.queue("c2", caller="others")
    center.leave("c1", cut_off=True)
    assert places(center) == [("them", 60.0, None)]
    center.queue("c3", caller="them")
    assert places(center) == [("them", None, "c3")]
    center.leave("c2", cut_off=True)
    center.wait(60)
    assert places(center) == [("others", None, None)]


def test_a_place_from_before_a_restart_is_kept_until_its_time_is_over() -> None:
    center = Center(policy())
    center.queue("waits", queued_at=center.now - 5)
    keep(center, "them", waited_s=100, for_s=20)
    keep(center, "late", waited_s=100, for_s=20)
    center.wait(19)
    center.queue("again", caller="them")
    center.wait(1)
    center.queue("too late", caller="late")
    center.ready("ann")
    assert center.offer().contact == "again"
    center.end(center.offer().offer)
    center.leave("again")
    center.ready("ann")
    assert center.offer().contact == "waits"


def test_a_place_of_one_who_was_cut_off_elsewhere_is_kept_as_long_as_the_policy_says() -> None:
    center = Center(policy(keep_place_s=60.0))
    keep(center, "them", waited_s=10)
    assert places(center) == [("them", 60.0, None)]


@pytest.mark.parametrize("for_s", [0.0, -5.0])
def test_a_place_whose_time_is_over_is_not_kept(for_s: float) -> None:
    center = Center(policy(keep_place_s=60.0))
    keep(center, "them", waited_s=100, for_s=for_s)
    assert (center.said, center.router.snapshot()["kept_places"]) == ((), {})


@pytest.mark.parametrize(("late_s", "first"), [(-1.0, "again"), (0.0, "waits"), (1.0, "waits")])
def test_a_router_that_was_not_woken_in_time_gives_no_place_away_that_is_over(
    late_s: float, first: str
) -> None:
    center = Center(policy())
    center.queue("waits")
    keep(center, "them", waited_s=100, for_s=20)
    center.now += 20 + late_s
    center.queue("again", caller="them")
    center.ready("ann")
    assert center.offer().contact == first
    assert center.router.snapshot()["kept_places"] == {}


def test_a_contact_that_took_a_place_has_it_when_it_is_told_again() -> None:
    center = Center(policy())
    center.queue("earlier", queued_at=center.now - 50)
    center.queue("took one", queued_at=center.now - 10, place_from=center.now - 100)
    center.ready("ann")
    assert center.offer().contact == "took one"


@pytest.mark.parametrize(("keep_place_s", "kept"), [(0.0, False), (0.5, True)])
def test_a_place_is_kept_for_any_time_above_none(keep_place_s: float, kept: bool) -> None:
    center = Center(policy(keep_place_s=keep_place_s))
    center.queue("c1", caller="them")
    center.leave("c1", cut_off=True)
    assert bool(center.router.snapshot()["kept_places"]) is kept


def test_a_caller_who_comes_back_at_the_very_end_of_the_time_has_lost_the_place() -> None:
    center = Center(policy(keep_place_s=60.0))
    center.now = START
    center.queue("c1", caller="them")
    center.leave("c1", cut_off=True)
    center.wait(60)
    center.queue("between", queued_at=center.now - 1)
    center.queue("again", caller="them")
    center.ready("ann")
    assert [offer.contact for offer in center.heard(MakeOffer)] == ["between"]
