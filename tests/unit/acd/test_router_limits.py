"""Limits and overflow, opening hours and night mode, and the estimate of the wait."""

from __future__ import annotations

import pytest

from acd.effects import ContactDiverted, MakeOffer
from acd.estimate import Estimate, Pace, worth_announcing
from acd.hours import is_open, next_change
from acd.model import (
    Calendar,
    CallbackTerms,
    ContactState,
    Diversion,
    Has,
    Limit,
    OfferOutcome,
    OpeningHours,
    OverflowRule,
    QueuePolicy,
    RoutingStep,
)
from acd.policy import problems
from tests.unit.acd.floorplan import START, Center, policy

DAILY = tuple(range(7))
CLOSES_SOON = Calendar((OpeningHours(DAILY, 0, 28_800 + 60), OpeningHours(DAILY, 28_800 + 120, 86_400)))
"""08:00 in China is `START`: open until 08:01, and again from 08:02."""


def diverted(center: Center) -> list[tuple[str, Limit, Diversion, str]]:
    return [(each.contact, each.limit, each.to, each.target) for each in center.heard(ContactDiverted)]


def center_with(*rules: OverflowRule, **terms: object) -> Center:
    return Center(policy([QueuePolicy("q", overflow=rules, **terms), QueuePolicy("spill")]))  # type: ignore[arg-type]


def test_a_full_queue_sends_the_next_one_to_another_queue_with_its_wait() -> None:
    center = center_with(OverflowRule(Limit.SIZE, Diversion.QUEUE, 2, "spill"))
    for contact in ("c1", "c2", "c3"):
        center.queue(contact, queued_at=center.now - 5)
    assert diverted(center) == [("c3", Limit.SIZE, Diversion.QUEUE, "spill")]
    assert center.contact("c3").queue == "spill"
    assert center.contact("c3").queued_at == center.now - 5
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.waiting, figures.moved_away) == (3, 2, 1)
    assert center.router.queue_figures("spill").offered == 1


def test_a_contact_that_waited_too_long_is_offered_a_callback_once_and_waits_on() -> None:
    center = center_with(OverflowRule(Limit.WAITED, Diversion.CALLBACK, 30))
    center.queue("c1")
    center.wait(29.9)
    assert not diverted(center)
    center.wait(0.1)
    assert diverted(center) == [("c1", Limit.WAITED, Diversion.CALLBACK, "")]
    center.wait(300)
    assert not diverted(center)
    assert center.contact("c1").state is ContactState.WAITING


def test_a_contact_being_offered_when_its_time_is_up_is_diverted_when_that_fails() -> None:
    center = center_with(OverflowRule(Limit.WAITED, Diversion.BUSY, 10))
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.wait(12)
    assert center.contact("c1").state is ContactState.OFFERED
    center.end(offer, OfferOutcome.NO_ANSWER)
    center.wait(0)
    assert center.router.contact("c1") is None
    figures = center.router.queue_figures("q")
    assert (figures.diverted, figures.abandoned, figures.waiting) == (1, 0, 0)


def test_without_anybody_logged_in_the_rule_for_that_holds_on_arrival_and_when_the_last_leaves() -> None:
    center = center_with(OverflowRule(Limit.NOBODY_LOGGED_IN, Diversion.MESSAGE, 0, "nobody"))
    center.queue("c1")
    assert diverted(center) == [("c1", Limit.NOBODY_LOGGED_IN, Diversion.MESSAGE, "nobody")]
    center.log_in("ann")
    center.queue("c2")
    assert not diverted(center)
    center.log_out("ann")
    center.wait(0)
    assert diverted(center) == [("c2", Limit.NOBODY_LOGGED_IN, Diversion.MESSAGE, "nobody")]


def test_rules_of_the_queue_that_overflow_leads_to_hold_there() -> None:
    center = Center(
        policy(
            [
                QueuePolicy("q", overflow=(OverflowRule(Limit.SIZE, Diversion.QUEUE, 0, "spill"),)),
                QueuePolicy("spill", overflow=(OverflowRule(Limit.SIZE, Diversion.BUSY, 0),)),
            ]
        )
    )
    center.queue("c1")
    assert [each[2] for each in diverted(center)] == [Diversion.QUEUE, Diversion.BUSY]
    assert center.router.contact("c1") is None


def test_a_closed_queue_turns_callers_away_and_serves_those_it_has() -> None:
    center = center_with(OverflowRule(Limit.CLOSED, Diversion.MESSAGE, 0, "closed"), calendar=CLOSES_SOON)
    center.queue("early")
    center.wait(60)
    center.queue("late")
    assert diverted(center) == [("late", Limit.CLOSED, Diversion.MESSAGE, "closed")]
    center.ready("ann")
    assert center.offer().contact == "early"
    center.wait(60)
    center.queue("next")
    assert not diverted(center)


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


def test_the_expected_wait_is_the_position_times_the_pace_with_its_error() -> None:
    pace = Pace()
    assert pace.estimate(1) is None
    for number in range(7):
        pace.answered(queued_at=0.0, at=100.0 + 10 * number)
    assert pace.estimate(3) == Estimate(3, 30.0, 0.0)
    pace.answered(queued_at=0.0, at=180.0)
    estimate = pace.estimate(2)
    assert estimate is not None
    assert estimate.wait_s == pytest.approx(2 * 80 / 7)
    assert estimate.error_s > 0


def test_an_answer_to_somebody_who_just_came_says_nothing_about_the_pace() -> None:
    pace = Pace()
    for number in range(20):
        pace.answered(queued_at=100.0 * number + 50, at=100.0 * number + 60)
    assert pace.estimate(1) is None


def test_a_queue_whose_wait_would_be_too_long_diverts_on_arrival() -> None:
    center = center_with(OverflowRule(Limit.EXPECTED_WAIT, Diversion.CALLBACK, 25), wrap_up_s=0.0, steps=())
    for number in range(10):
        center.queue(f"c{number}")
    before = center.router.snapshot()
    assert center.router.estimate("c9") is None
    assert center.router.snapshot() == before, "asking changes nothing"
    center.ready("ann")
    for _ in range(7):
        center.answer(center.offer().offer)
        center.wait(10)
        center.release("ann")
    estimate = center.router.estimate("c8")
    assert estimate is not None
    assert (estimate.position, estimate.wait_s) == (2, 20.0)
    assert center.router.estimate("nobody") is None
    center.queue("new")
    assert diverted(center) == [("new", Limit.EXPECTED_WAIT, Diversion.CALLBACK, "")]


def test_an_estimate_is_announced_only_when_it_got_better() -> None:
    said = Estimate(5, 50.0, 5.0)
    assert worth_announcing(None, said)
    assert worth_announcing(said, Estimate(4, 40.0, 5.0))
    assert not worth_announcing(said, Estimate(4, 60.0, 5.0))
    assert not worth_announcing(said, Estimate(5, 40.0, 5.0))


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (
            {"overflow": (OverflowRule(Limit.SIZE, Diversion.QUEUE, 1, "nowhere"),)},
            "queue q, overflow 1: there is no queue nowhere; a configured one would be right",
        ),
        (
            {"overflow": (OverflowRule(Limit.SIZE, Diversion.QUEUE, 1),)},
            "queue q, overflow 1: there is no queue (none named); a configured one would be right",
        ),
        (
            {"overflow": (OverflowRule(Limit.SIZE, Diversion.BUSY, -1),)},
            "queue q, overflow 1: threshold is -1; 0 or more seconds would be right",
        ),
        (
            {"overflow": (OverflowRule(Limit.SIZE, Diversion.MESSAGE, 1),)},
            "queue q, overflow 1: names no message; the name of a prompt would be right",
        ),
        (
            {"overflow": (OverflowRule(Limit.CLOSED, Diversion.BUSY),)},
            "queue q, overflow 1: is for when the queue is closed, but it has no calendar;"
            " a calendar would be right",
        ),
        (
            {"overflow": (OverflowRule(Limit.SIZE, Diversion.QUEUE, 1, "q"),)},
            "queue q: overflow leads back to itself; a way that ends would be right",
        ),
        (
            {"night_skills": {}},
            "queue q: has night_skills but no calendar to say when it is night; both would be right",
        ),
        (
            {"calendar": Calendar((OpeningHours((0,), 0, 50), OpeningHours((0, 1), 40, 60)))},
            "queue q, calendar: two spans of opening hours overlap on weekday 0; one for both would be right",
        ),
        (
            {"callbacks": CallbackTerms(hours=Calendar((OpeningHours((0,), 60, 50),)))},
            "queue q, callbacks, hours: open from 60 to 50; between 0 and 86400, rising, would be right",
        ),
        (
            {"calendar": Calendar((OpeningHours((0,), 60, 50),))},
            "queue q, calendar: open from 60 to 50; between 0 and 86400, rising, would be right",
        ),
        (
            {"calendar": Calendar((OpeningHours((7,)),))},
            "queue q, calendar: weekdays are (7,); numbers from 0 (Monday) to 6 would be right",
        ),
        (
            {"calendar": Calendar((OpeningHours((0,)),), ("tomorrow",))},
            "queue q, calendar: holiday 'tomorrow' is not a date; one like 2026-10-01 would be right",
        ),
    ],
)
def test_mistakes_in_limits_and_hours_are_named(terms: dict[str, object], problem: str) -> None:
    assert problems(policy([QueuePolicy("q", **terms)])) == (problem,)  # type: ignore[arg-type]


def test_a_skill_of_the_night_that_is_not_there_is_named() -> None:
    queue = QueuePolicy("q", calendar=CLOSES_SOON, night_skills={"tax": 1})
    assert problems(policy([queue], skills=())) == (
        "queue q, night_skills: there is no skill tax; a configured one would be right",
    )


def leads_to(queue: str, target: str, to: Diversion = Diversion.QUEUE) -> QueuePolicy:
    return QueuePolicy(queue, overflow=(OverflowRule(Limit.SIZE, to, 1, target),))


def test_overflow_into_a_circle_is_the_mistake_of_those_in_it() -> None:
    rules = policy([leads_to("start", "p"), leads_to("p", "q"), leads_to("q", "p")])
    assert problems(rules) == (
        "queue p: overflow leads back to itself; a way that ends would be right",
        "queue q: overflow leads back to itself; a way that ends would be right",
    )


def test_a_message_named_as_a_queue_leads_nowhere() -> None:
    rules = policy([leads_to("p", "q", Diversion.MESSAGE), leads_to("q", "p")])
    assert problems(rules) == ()


def test_overflow_in_a_circle_is_refused() -> None:
    rules = policy(
        [
            QueuePolicy("p", overflow=(OverflowRule(Limit.SIZE, Diversion.QUEUE, 1, "q"),)),
            QueuePolicy("q", overflow=(OverflowRule(Limit.WAITED, Diversion.QUEUE, 1, "p"),)),
        ]
    )
    assert problems(rules) == (
        "queue p: overflow leads back to itself; a way that ends would be right",
        "queue q: overflow leads back to itself; a way that ends would be right",
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


def test_a_diversion_names_the_queue_whose_limit_was_reached() -> None:
    center = center_with(OverflowRule(Limit.SIZE, Diversion.QUEUE, 0, "spill"))
    center.queue("c1")
    assert [each.queue for each in center.heard(ContactDiverted)] == ["q"]


def test_nothing_is_to_happen_any_more_when_the_one_who_waited_for_a_limit_has_left() -> None:
    center = center_with(OverflowRule(Limit.WAITED, Diversion.CALLBACK, 30))
    center.queue("c1")
    assert center.router.next_deadline() == center.now + 30
    center.leave("c1")
    assert center.router.next_deadline() is None


def test_who_talks_has_no_estimate() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.0)]))
    for number in range(9):
        center.queue(f"c{number}")
    center.ready("ann")
    for number in range(8):
        center.answer(center.offer().offer)
        center.wait(10)
        if number < 7:
            center.release("ann")
    assert center.router.estimate("c8") is not None
    assert center.router.estimate("c7") is None


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


def test_answers_at_one_instant_have_no_time_between_them() -> None:
    pace = Pace()
    for _ in range(8):
        pace.answered(queued_at=0.0, at=100.0)
    assert pace.estimate(3) == Estimate(3, 0.0, 0.0)


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


def test_of_several_rules_that_apply_the_first_alone_is_followed() -> None:
    center = center_with(
        OverflowRule(Limit.SIZE, Diversion.CALLBACK, 0, "offer"),
        OverflowRule(Limit.SIZE, Diversion.MESSAGE, 0, "full"),
    )
    center.queue("c1")
    assert diverted(center) == [("c1", Limit.SIZE, Diversion.CALLBACK, "offer")]
    assert center.contact("c1").state is ContactState.WAITING
