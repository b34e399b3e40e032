"""Contacts that wait or are served where the router does not serve, and how they count."""

from __future__ import annotations

import pytest

from acd.effects import CancelOffer, OfferClosed
from acd.events import ContactServedElsewhere
from acd.model import AgentState, OfferOutcome, QueuePolicy
from acd.refusals import UnknownEntity
from tests.unit.acd.counting import RULES, served_elsewhere
from tests.unit.acd.floorplan import TWO_QUEUES, Center, policy


def test_a_contact_that_waits_elsewhere_is_counted_once_whatever_becomes_of_it() -> None:
    center = Center(RULES)
    for contact in ("comes back", "answered", "gives up", "moved"):
        center.queue(contact)
        center.leave_for_elsewhere(contact)
    assert center.router.queue_figures("q").waiting == 0
    center.queue("comes back")
    center.queue("moved", "p")
    served_elsewhere(center, "answered", 3, answered=True, agent="ann")
    served_elsewhere(center, "gives up", 3, answered=False)
    served_elsewhere(center, "never known", 30, answered=True, agent="stranger")
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.answered, figures.timely, figures.abandoned) == (5, 2, 1, 1)
    assert (figures.short_abandoned, figures.moved_away, figures.waiting) == (1, 1, 1)
    assert center.router.queue_figures("p").offered == 1
    assert center.router.queue_figures(None).offered == 5
    ann = center.router.agent_figures("ann")
    assert ann is not None
    assert ann.answered == 1


def test_a_contact_that_the_router_holds_leaves_when_it_was_served_elsewhere() -> None:
    center = Center(RULES)
    center.ready("ann")
    center.queue("rings")
    offer = center.offer().offer
    center.queue("waits")
    served_elsewhere(center, "rings", 3, answered=True)
    served_elsewhere(center, "waits", 3, answered=False)
    center.end(offer, OfferOutcome.CANCELLED)
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.answered, figures.abandoned, figures.waiting) == (2, 1, 1, 0)
    center.connect("talks", "ann")
    served_elsewhere(center, "talks", 3, answered=True)
    assert center.router.queue_figures("q").answered == 2
    with pytest.raises(UnknownEntity):
        served_elsewhere(center, "c9", 3, answered=True, queue="gone")


def test_who_asks_elsewhere_to_be_called_back_neither_was_answered_nor_gave_up() -> None:
    center = Center(RULES)
    for contact in ("waits elsewhere", "is held", "waits once more"):
        center.queue(contact, returned=contact == "waits once more")
    center.leave_for_elsewhere("waits elsewhere")
    for contact in ("waits elsewhere", "is held", "waits once more", "never known"):
        event = ContactServedElsewhere(
            center.now, "x", contact, "q", center.now - 9, None, takes_callback=True
        )
        center.tell(event)
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.took_callback, figures.returned, figures.waiting) == (3, 3, 1, 0)
    assert (figures.answered, figures.abandoned, figures.longest_waited_s) == (0, 0, None)
    assert not center.router._floor.figures.away()


def test_who_waits_elsewhere_over_midnight_is_not_offered_again_the_next_day_but_is_the_day_after() -> None:
    center = Center(RULES)
    center.queue("c1")
    center.leave_for_elsewhere("c1")
    center.router.reset_figures(center.now + 10)
    assert "contact/c1" in center.router.figures_snapshot()
    center.router.reset_figures(center.now + 86_410)
    assert "contact/c1" not in center.router.figures_snapshot()


def test_who_waited_out_of_sight_comes_back_as_the_one_counted() -> None:
    center = Center(RULES)
    center.queue("c1")
    center.leave_for_elsewhere("c1")
    center.queue("c1", returned=True)
    center.leave("c1")
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.abandoned, figures.returned) == (1, 1, 0)


def test_one_served_elsewhere_counts_where_and_since_when_the_router_knows_it_to_have_waited() -> None:
    center = Center(policy([QueuePolicy("q", timely_s=15), QueuePolicy("p")], {"ann": {}}))
    center.queue("c1", queued_at=center.now - 20)
    center.ready("ann")
    offer = center.offer().offer
    center.tell(ContactServedElsewhere(center.now, "x", "c1", "p", center.now, center.now))
    assert center.heard(CancelOffer)
    center.end(offer, OfferOutcome.NO_ANSWER)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.CANCELLED
    assert center.agent("ann").state is AgentState.READY, "it was not their doing"
    q = center.router.queue_figures("q")
    assert (q.answered, q.timely, q.longest_waited_s) == (1, 0, 20)
    assert center.router.queue_figures("p").offered == 0


def test_who_waits_elsewhere_for_exactly_a_day_is_still_known() -> None:
    center = Center(TWO_QUEUES)
    center.queue("c1")
    center.leave_for_elsewhere("c1")
    center.router.reset_figures(center.now + 86_400)
    assert "contact/c1" in center.router.figures_snapshot()
