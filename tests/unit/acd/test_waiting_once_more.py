"""Contacts that wait once more after an agent had them."""

from __future__ import annotations

from acd.effects import MakeOffer
from acd.events import ContactServedElsewhere
from acd.model import Diversion, Has, Limit, OverflowRule, QueuePolicy, RoutingStep
from tests.unit.acd.counting import RULES
from tests.unit.acd.floorplan import Center, policy


def test_who_waits_once_more_after_an_agent_had_them_counts_once_however_it_ends() -> None:
    center = Center(RULES)
    center.ready("ann")
    ends = "answered", "abandoned", "elsewhere", "callback"
    for number, end in enumerate(ends):
        contact = f"c{number}"
        center.connect(contact, "ann", "p")
        center.wait(30)
        center.leave(contact)
        center.release("ann")
        center.not_ready("ann")
        center.queue(contact, queued_at=center.now - 30, returned=True)
        waiting = center.router.queue_figures("q")
        assert (waiting.waiting, waiting.returned) == (1, number + 1)
        if end == "answered":
            center.ready("ann")
            center.answer(center.offer().offer)
            assert center.router.queue_figures("q").talking == 1
            center.leave(contact)
            center.release("ann")
        elif end == "abandoned":
            center.leave(contact)
        elif end == "callback":
            center.leave_for_callback(contact)
        else:
            center.tell(
                ContactServedElsewhere(center.now, "t", contact, "q", center.now - 30, center.now, "bob")
            )
        center.ready("ann")
    again = center.router.queue_figures("q")
    assert (again.offered, again.answered, again.abandoned, again.took_callback) == (0, 0, 0, 0)
    assert (again.returned, again.waiting, again.talking, again.handled) == (4, 0, 0, 1)
    whole = center.router.queue_figures(None)
    assert (whole.offered, whole.answered, whole.abandoned, whole.returned) == (4, 4, 0, 4)
    assert center.router.agent_figures("ann").answered == 5  # type: ignore[union-attr]


def test_who_waits_once_more_and_changes_the_queue_or_is_sent_away_counts_no_second_time() -> None:
    queues = [
        QueuePolicy("q"),
        QueuePolicy("p", overflow=(OverflowRule(Limit.SIZE, Diversion.MESSAGE, 0, "full"),)),
        QueuePolicy("r"),
    ]
    center = Center(policy(queues, {"ann": {}}))
    center.queue("sent away", "p", queued_at=center.now - 30, returned=True)
    center.queue("moved", "q", queued_at=center.now - 30, returned=True)
    center.alter("moved", queue="r")
    assert center.router.queue_figures("r").waiting == 1
    assert center.router.queue_figures("q").waiting == 0
    for queue, returned in (("p", 1), ("q", 1), ("r", 0), (None, 2)):
        figures = center.router.queue_figures(queue)
        assert (figures.offered, figures.moved_away, figures.diverted) == (0, 0, 0)
        assert figures.returned == returned


def test_who_waits_once_more_is_not_counted_after_a_restart_either() -> None:
    center = Center(RULES)
    center.queue("c1", queued_at=center.now - 30, returned=True)
    taken_over = Center(RULES)
    taken_over.router.restore_figures(center.router.figures_snapshot())
    taken_over.queue("c1", queued_at=taken_over.now - 30, returned=True)
    taken_over.leave("c1")
    figures = taken_over.router.queue_figures("q")
    assert (figures.offered, figures.abandoned, figures.waiting) == (0, 0, 0)


def test_the_steps_of_who_waits_once_more_begin_anew() -> None:
    steps = (RoutingStep(Has("x"), 10),)
    center = Center(policy([QueuePolicy("q", steps=steps)], {"ann": {}, "expert": {"x": 5}}))
    center.ready("ann")
    center.log_in("expert")
    center.queue("c1", queued_at=center.now - 60, returned=True)
    assert not center.heard(MakeOffer)
    center.wait(10)
    assert center.offer().agent == "ann"
