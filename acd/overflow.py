"""What happens to contacts when a limit of their queue is reached."""

from __future__ import annotations

from acd.effects import ContactDiverted
from acd.floor import Floor
from acd.hours import is_closed
from acd.model import ContactState, Diversion, Limit, OverflowRule
from acd.records import Contact
from acd.triggers import ContactTrigger
from acd.waiting_room import abandoned_from

ON_ARRIVAL = frozenset(Limit)
WHILE_WAITING = frozenset({Limit.WAITED, Limit.NOBODY_LOGGED_IN})
"""Whoever was let in before the queue filled up or closed stays."""


def divert_if_due(floor: Floor, contact: Contact, limits: frozenset[Limit]) -> None:
    """Follows the first of the queue's rules that applies, and the rules of the queue that it leads to.

    A citizen who was dialled keeps to one of their own: who waits too long for an agent hears so.
    """
    if contact.dialled:
        terms = floor.queues[contact.queue].callbacks
        if floor.at >= abandoned_from(contact, floor.queues[contact.queue]):
            waited = terms.abandoned_after_s, terms.abandoned_prompt
            _divert(floor, contact, OverflowRule(Limit.WAITED, Diversion.MESSAGE, *waited))
        return
    for number, rule in enumerate(floor.terms[contact.queue].overflow):
        name = f"{contact.queue}/{number}"
        if (
            rule.limit in limits
            and name not in contact.diversions
            and (rule.to is not Diversion.QUEUE or rule.target in floor.policy.queues)
            and _reached(floor, contact, rule)
        ):
            contact.diversions.append(name)
            _divert(floor, contact, rule)
            return


def _reached(floor: Floor, contact: Contact, rule: OverflowRule) -> bool:
    queue = contact.queue
    match rule.limit:
        case Limit.CLOSED:
            return is_closed(floor.terms[queue], floor.at)
        case Limit.NOBODY_LOGGED_IN:
            stage = floor.waiting.place_of(contact.contact)[0]
            return stage.final and not stage.staffed
        case Limit.SIZE:
            return floor.figures.waiting(queue) > rule.threshold
        case Limit.EXPECTED_WAIT:
            position = floor.figures.position(queue, contact.queued_at, contact.contact)
            estimate = floor.pace(queue).estimate(position)
            return estimate is not None and estimate.wait_s > rule.threshold
        case Limit.WAITED:
            return floor.at >= contact.queued_at + rule.threshold


def _divert(floor: Floor, contact: Contact, rule: OverflowRule) -> None:
    floor.effects.append(
        ContactDiverted(
            at=floor.at,
            cause=floor.cause,
            contact=contact.contact,
            queue=contact.queue,
            limit=rule.limit,
            to=rule.to,
            target=rule.target,
        )
    )
    match rule.to:
        case Diversion.QUEUE:
            floor.leave_waiting(contact)
            floor.change_queue(contact, rule.target)
            floor.enter_waiting(contact)
            floor.tell_contact(contact, ContactTrigger.ALTERED)
            divert_if_due(floor, contact, ON_ARRIVAL)
        case Diversion.CALLBACK:
            floor.place_again(contact)
        case Diversion.MESSAGE | Diversion.BUSY:
            assert contact.state is ContactState.WAITING
            if contact.returned:
                floor.figures.waits_no_more(contact.queue, contact.contact, contact.queued_at)
            else:
                floor.figures.diverted(contact.queue, contact.contact, contact.queued_at, floor.at)
            floor.forget(contact, ContactTrigger.DIVERTED)
