"""Opening hours and night mode."""

from __future__ import annotations

import pytest

from acd.effects import ContactDiverted, MakeOffer
from acd.hours import is_open, next_change
from acd.model import Calendar, Diversion, Has, Limit, OpeningHours, OverflowRule, QueuePolicy, RoutingStep
from acd.policy import problems
from tests.unit.acd.floorplan import CLOSES_SOON, DAILY, START, Center, policy


def test_a_closed_queue_turns_callers_away_and_serves_those_it_has() -> None:
    turned_away = OverflowRule(Limit.CLOSED, Diversion.MESSAGE, 0, "closed")
    center = Center(policy([QueuePolicy("q", overflow=(turned_away,), calendar=CLOSES_SOON)]))
    center.queue("early")
    center.wait(60)
    center.queue("late")
    [told] = center.heard(ContactDiverted)
    assert (told.contact, told.limit, told.to, told.target) == (
        "late",
        Limit.CLOSED,
        Diversion.MESSAGE,
        "closed",
    )
    center.ready("ann")
    assert center.offer().contact == "early"
    center.wait(60)
    center.queue("next")
    assert not center.heard(ContactDiverted)


def test_night_mode_asks_for_fewer_skills_from_the_hour_on() -> None:
    queue = QueuePolicy(
        "q", {"tax": 3}, steps=(RoutingStep(Has("tax", 4), 600),), calendar=CLOSES_SOON, night_skills={}
    )
    center = Center(policy([queue], {"ann": {}, "bob": {"tax": 5}}))
    center.log_in("bob")
    center.ready("ann")
    center.queue("c1")
    center.wait(59)
    assert not center.heard(MakeOffer)
    center.wait(1)
    assert center.offer().agent == "ann"
    center.answer(center.offer().offer)
    center.release("ann")
    center.ready("ann")
    center.wait(60)
    center.queue("c2")
    assert not center.heard(MakeOffer), "it is day again"


def test_a_router_that_starts_at_night_is_in_night_mode() -> None:
    queue = QueuePolicy("q", {"tax": 3}, calendar=CLOSES_SOON, night_skills={})
    center = Center(policy([queue], {"ann": {}}))
    center.now = START + 90
    center.queue("c1")
    center.ready("ann")
    assert center.offer().agent == "ann"


def test_holidays_are_closed_all_day_and_weekdays_have_their_own_hours() -> None:
    weekdays = Calendar((OpeningHours((0, 1, 2, 3, 4), 28_800, 64_800),), ("2025-11-25",))
    monday_eight = START
    assert is_open(weekdays, monday_eight)
    assert not is_open(weekdays, monday_eight - 0.001)
    assert not is_open(weekdays, monday_eight + 36_000)
    assert not is_open(weekdays, monday_eight + 86_400), "the holiday"
    assert next_change(weekdays, monday_eight) == monday_eight + 36_000
    assert next_change(weekdays, monday_eight + 36_000) == monday_eight + 2 * 86_400
    assert not is_open(weekdays, monday_eight + 5 * 86_400), "Saturday"


def test_hours_round_the_clock_never_change() -> None:
    assert next_change(Calendar((OpeningHours(DAILY),)), START) is None


def test_a_skill_of_the_night_that_is_not_there_is_named() -> None:
    queue = QueuePolicy("q", calendar=CLOSES_SOON, night_skills={"tax": 1})
    assert problems(policy([queue], skills=())) == (
        "queue q, night_skills: there is no skill tax; a configured one would be right",
    )


def test_by_night_the_skills_of_the_night_are_asked_for_and_nothing_of_the_day() -> None:
    queue = QueuePolicy("q", requirement=Has("tax"), calendar=CLOSES_SOON, night_skills={"english": 1})
    center = Center(policy([queue], {"ann": {}, "bob": {"english": 1}}))
    center.queue("c1")
    center.ready("bob")
    assert not center.heard(MakeOffer)
    center.wait(60)
    assert center.offer().agent == "bob"
    center.ready("ann")
    center.queue("c2")
    assert not center.heard(MakeOffer)


def test_a_removed_queue_does_not_open_or_close_any_more() -> None:
    center = Center(policy([QueuePolicy("q"), QueuePolicy("old", calendar=CLOSES_SOON)]))
    center.queue("c1")
    assert center.router.next_deadline() == center.now + 60
    center.apply(policy([QueuePolicy("q")]))
    assert center.router.next_deadline() is None


def test_a_queue_whose_hours_were_taken_away_does_not_open_or_close_any_more() -> None:
    center = Center(policy([QueuePolicy("q", calendar=CLOSES_SOON)]))
    center.queue("c1")
    center.apply(policy([QueuePolicy("q")]))
    assert center.router.next_deadline() is None


def test_a_queue_that_closes_without_a_night_mode_asks_the_same_of_its_agents() -> None:
    center = Center(
        policy([QueuePolicy("q", {"tax": 3}, calendar=CLOSES_SOON)], {"ann": {}, "bob": {"tax": 3}})
    )
    center.queue("early")
    center.wait(60)
    center.ready("ann")
    assert not center.heard(MakeOffer)
    center.ready("bob")
    assert center.offer().agent == "bob"


@pytest.mark.parametrize("offset_s", [-36_000.0, 0.0, 28_800.0])
def test_the_next_change_is_found_whatever_the_offset_and_the_hour(offset_s: float) -> None:
    calendar = Calendar((OpeningHours(DAILY, 3600.0, 7200.0),), utc_offset_s=offset_s)
    midnight = 20_000 * 86_400.0 - offset_s
    for hour in range(24):
        at = midnight + hour * 3600.0 + 1.0
        expected = 3600.0 if hour < 1 else 7200.0 if hour < 2 else 90_000.0
        assert next_change(calendar, at) == midnight + expected


def test_a_change_later_today_is_found_west_of_greenwich_too() -> None:
    calendar = Calendar((OpeningHours(DAILY, 72_000.0, 75_600.0),), utc_offset_s=-36_000.0)
    midnight = 20_000 * 86_400.0 + 36_000.0
    assert next_change(calendar, midnight + 36_000.0) == midnight + 72_000.0


def test_a_removed_queue_that_has_drained_does_not_watch_its_hours_any_more() -> None:
    hours = Calendar((OpeningHours(DAILY, 0.0, 40_000.0),))
    center = Center(policy([QueuePolicy("old", calendar=hours), QueuePolicy("q")]))
    center.queue("c1", "old")
    center.apply(policy([QueuePolicy("q")]))
    center.leave("c1")
    assert center.router.next_deadline() is None
