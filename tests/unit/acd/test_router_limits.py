"""Limits and overflow."""

from __future__ import annotations

import pytest

from acd.effects import ContactDiverted
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
from tests.unit.acd.floorplan import Center, policy, served_in_turn


def diverted(center: Center) -> list[tuple[str, Limit, Diversion, str]]:
    return [(each.contact, each.limit, each.to, each.target) for each in center.heard(ContactDiverted)]


def reached(center: Center) -> list[tuple[str, Limit]]:
    return [(each.contact, each.limit) for each in center.heard(ContactDiverted)]


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


def test_of_several_rules_that_apply_the_first_alone_is_followed() -> None:
    center = center_with(
        OverflowRule(Limit.SIZE, Diversion.CALLBACK, 0, "offer"),
        OverflowRule(Limit.SIZE, Diversion.MESSAGE, 0, "full"),
    )
    center.queue("c1")
    assert diverted(center) == [("c1", Limit.SIZE, Diversion.CALLBACK, "offer")]
    assert center.contact("c1").state is ContactState.WAITING


def test_a_limit_reached_exactly_is_not_exceeded() -> None:
    rules = (OverflowRule(Limit.EXPECTED_WAIT, Diversion.BUSY, 30.0),)
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.0, overflow=rules)], {"ann": {}}))
    served_in_turn(center, callers=8, answers=6)
    center.queue("exactly")
    assert not reached(center)
    center.queue("more than that")
    assert reached(center) == [("more than that", Limit.EXPECTED_WAIT)]


def test_limits_look_at_their_own_queue_alone() -> None:
    full = (OverflowRule(Limit.SIZE, Diversion.BUSY, 1.0),)
    center = Center(policy([QueuePolicy("q", overflow=full), QueuePolicy("p")]))
    center.queue("c1", "p")
    center.queue("c2", "p")
    center.queue("c3")
    assert not reached(center)
    center.queue("c4")
    assert reached(center) == [("c4", Limit.SIZE)]


def test_of_several_limits_of_time_each_is_followed_in_its_time_whatever_their_order() -> None:
    rules = (
        OverflowRule(Limit.SIZE, Diversion.BUSY, 99.0),
        OverflowRule(Limit.WAITED, Diversion.MESSAGE, 60.0, "sorry"),
        OverflowRule(Limit.WAITED, Diversion.CALLBACK, 20.0),
        OverflowRule(Limit.WAITED, Diversion.CALLBACK, 40.0),
    )
    center = Center(policy([QueuePolicy("q", overflow=rules)]))
    center.log_in("ann")
    center.queue("c1")
    begin = center.now
    for due in (20.0, 40.0, 60.0):
        assert center.router.next_deadline() == begin + due
        center.wait(20)
        assert reached(center) == [("c1", Limit.WAITED)]
    assert center.router.contact("c1") is None


def test_that_nobody_is_logged_in_is_looked_for_also_behind_a_limit_of_time() -> None:
    rules = (
        OverflowRule(Limit.WAITED, Diversion.CALLBACK, 10.0),
        OverflowRule(Limit.WAITED, Diversion.CALLBACK, 50.0),
        OverflowRule(Limit.NOBODY_LOGGED_IN, Diversion.BUSY),
    )
    center = Center(policy([QueuePolicy("q", overflow=rules)]))
    center.log_in("ann")
    center.queue("c1")
    center.wait(10)
    assert center.router.next_deadline() == center.now + 40, "somebody is logged in"
    center.log_out("ann")
    center.wait(0)
    assert reached(center) == [("c1", Limit.NOBODY_LOGGED_IN)]


def test_while_a_step_can_still_be_served_somebody_is_logged_in() -> None:
    rules = (OverflowRule(Limit.NOBODY_LOGGED_IN, Diversion.BUSY),)
    step = RoutingStep(Has("law"), 30.0, beyond_queue=True)
    center = Center(
        policy([QueuePolicy("q", {"tax": 1}, overflow=rules, steps=(step,))], {"ann": {"law": 1}})
    )
    center.log_in("ann")
    center.queue("c1")
    center.wait(29)
    assert not reached(center)
    center.wait(1)
    assert reached(center) == [("c1", Limit.NOBODY_LOGGED_IN)]


def test_the_expected_wait_counts_those_of_its_own_queue_alone() -> None:
    rules = (OverflowRule(Limit.EXPECTED_WAIT, Diversion.BUSY, 30.0),)
    center = Center(
        policy([QueuePolicy("q", wrap_up_s=0.0, overflow=rules), QueuePolicy("p", {"law": 1})], {"ann": {}})
    )
    center.queue("other", "p")
    served_in_turn(center, callers=8, answers=6)
    center.queue("exactly")
    assert not reached(center)
