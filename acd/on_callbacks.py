"""What follows from each event about a callback."""

from __future__ import annotations

from acd.callbacks import (
    begin_attempt,
    drop_callback,
    end_callback,
    move_callback,
    open_callback,
    own_steps,
    reached,
    reconsider,
    tell_callback,
    unreached,
)
from acd.events import (
    CallbackAltered,
    CallbackAttemptEnded,
    CallbackCancelled,
    CallbackRequested,
    CallbackTaken,
)
from acd.floor import Floor
from acd.model import AttemptOutcome, CallbackEnd, CallbackState, ContactState, Instant
from acd.records import Callback
from acd.refusals import InvalidTransition, UnknownEntity
from acd.states import CALLBACK, GONE
from acd.triggers import CallbackTrigger, ContactTrigger


def callback_requested(floor: Floor, event: CallbackRequested) -> None:
    known = floor.callbacks.get(event.callback)
    if not CALLBACK.allows(event.callback, known.state if known else GONE, CallbackTrigger.REQUESTED):
        return
    contact = floor.contacts.get(event.callback)
    if contact is not None:
        raise InvalidTransition(
            f"contact {event.callback}", contact.state, "callback requested under its id", contact.history
        )
    if event.queue not in floor.policy.queues:
        raise UnknownEntity("queue", event.queue)
    same = floor.callback_of.get(event.caller) if event.caller is not None else None
    if same is not None:
        _join(floor, floor.callbacks[same], event)
        return
    callback = Callback(
        event.callback,
        event.queue,
        event.priority,
        event.queued_at,
        event.caller,
        event.owner,
        event.mode,
        event.attempts,
        event.at if event.earliest_at is None else event.earliest_at,
        _expires_at(floor, event) if event.latest_at is None else event.latest_at,
        event.steps,
        last_outcome=event.last_outcome,
    )
    if not event.restored:
        floor.figures.callback_requested(event.queue, event.at)
    open_callback(floor, callback)
    if event.dialling:
        callback.ends_as = event.ends_as
        begin_attempt(floor, callback, CallbackTrigger.REQUESTED, None)
        if callback.rings_customer:
            floor.broken_promises[callback.callback] = None
    elif event.ends_as is not None:
        end_callback(floor, callback, event.ends_as, CallbackTrigger.REQUESTED)
    else:
        reconsider(floor, callback, CallbackTrigger.REQUESTED)


def callback_altered(floor: Floor, event: CallbackAltered) -> None:
    callback = _acted_on(floor, event.callback, CallbackTrigger.ALTERED)
    if callback is None:
        return
    if event.queue is not None and event.queue not in floor.policy.queues:
        raise UnknownEntity("queue", event.queue)
    _alter(floor, callback, event)
    _go_on(floor, callback, CallbackTrigger.ALTERED)


def callback_cancelled(floor: Floor, event: CallbackCancelled) -> None:
    end = CallbackEnd.CALLED_AGAIN if event.called_again else CallbackEnd.CANCELLED
    callback = _acted_on(floor, event.callback, CallbackTrigger(end.value))
    if callback is not None:
        drop_callback(floor, callback, end)


def callback_taken(floor: Floor, event: CallbackTaken) -> None:
    callback = _acted_on(floor, event.callback, CallbackTrigger.TAKEN)
    if callback is not None:
        begin_attempt(floor, callback, CallbackTrigger.TAKEN, None)


def callback_attempt_ended(floor: Floor, event: CallbackAttemptEnded) -> None:
    if event.outcome is AttemptOutcome.REACHED:
        callback = _acted_on(floor, event.callback, CallbackTrigger.REACHED)
        if callback is not None:
            reached(floor, callback)
        return
    callback = _acted_on(floor, event.callback, CallbackTrigger.UNREACHED)
    if callback is not None:
        unreached(floor, callback, event.outcome, CallbackTrigger.UNREACHED, by_agent=event.by_agent)


def _acted_on(floor: Floor, name: str, trigger: CallbackTrigger) -> Callback | None:
    """The callback, if the trigger acts on it."""
    callback = floor.callbacks.get(name)
    acts = CALLBACK.allows(name, callback.state if callback else GONE, trigger)
    return callback if acts else None


def _expires_at(floor: Floor, event: CallbackRequested) -> Instant:
    """The latest time of a request that names none, which counts from when it may be tried first."""
    begins = event.at if event.earliest_at is None else max(event.at, event.earliest_at)
    return begins + floor.terms[event.queue].callbacks.expires_s


def _join(floor: Floor, callback: Callback, event: CallbackRequested) -> None:
    """A second request of one caller changes the first, if that is open.

    One that was to be over after the attempt under way is wanted anew.
    """
    CALLBACK.allows(callback.callback, callback.state, CallbackTrigger.JOINED, callback.history)
    callback.ends_as = None
    due_at = min(callback.due_at, event.at)
    latest_at = max(callback.latest_at, _expires_at(floor, event))
    contact = floor.contacts.get(callback.callback)
    if event.queued_at < callback.queued_at:
        callback.queued_at = event.queued_at
        if contact is not None and contact.state is ContactState.WAITING:
            floor.leave_waiting(contact)
            floor.figures.callback_left(contact.queue, contact.contact, contact.queued_at)
            contact.queued_at = contact.place_from = event.queued_at
            floor.figures.callback_waits(contact.queue, contact.contact, contact.queued_at)
            floor.enter_waiting(contact)
    _alter(
        floor,
        callback,
        CallbackAltered(
            event.at,
            event.cause,
            callback.callback,
            priority=max(callback.priority, event.priority),
            owner=event.owner,
            earliest_at=due_at if event.earliest_at is None else event.earliest_at,
            latest_at=latest_at if event.latest_at is None else event.latest_at,
        ),
    )
    tell_callback(floor, callback, joined=event.callback)
    _go_on(floor, callback, CallbackTrigger.JOINED)


def _alter(floor: Floor, callback: Callback, event: CallbackAltered) -> None:
    """Writes the change down; a contact that waits or is being offered for the callback changes with it."""
    if event.queue is not None and event.queue != callback.queue:
        floor.hold_queue(event.queue)
        before, callback.queue = callback.queue, event.queue
    else:
        before = None
    if event.priority is not None:
        callback.priority = event.priority
    if event.owner is not None:
        callback.owner = event.owner
    if event.steps is not None:
        callback.own_steps = event.steps
    if event.earliest_at is not None:
        callback.due_at = event.earliest_at
    if event.latest_at is not None:
        callback.latest_at = event.latest_at
    contact = floor.contacts.get(callback.callback)
    if contact is not None and contact.state is not ContactState.CONNECTED:
        waits = contact.state is ContactState.WAITING
        if waits:
            floor.leave_waiting(contact)
        if contact.queue != callback.queue:
            floor.change_queue(contact, callback.queue)
        contact.priority = callback.priority
        steps = own_steps(floor, callback)
        if steps != contact.own_steps:
            contact.own_steps, contact.steps_from = steps, floor.at
        if waits:
            floor.enter_waiting(contact)
        floor.tell_contact(contact, ContactTrigger.ALTERED)
    if before is not None:
        floor.leave_queue(before)


def _go_on(floor: Floor, callback: Callback, trigger: CallbackTrigger) -> None:
    """Where the changed callback belongs now. An attempt under way goes on."""
    if callback.state is CallbackState.DIALLING:
        move_callback(floor, callback, trigger, callback.state)
    else:
        reconsider(floor, callback, trigger)
