"""A callback's way: scheduled, waiting in its queue as a contact, dialled, over.

A callback that is to be tried now is a contact of its queue, with the time at which the caller first queued.
One that rings the agent first is offered as a call is. For one that rings the customer first an agent is
chosen in the same way, and kept free while the citizen is dialled: so each citizen who answers has an agent.
What is dialled beyond that is the dialler's decision (`cti.callbacks.pacing`).
"""

from __future__ import annotations

from acd.effects import CallbackChanged, DialCallback
from acd.floor import Floor
from acd.hours import is_open, next_change
from acd.model import (
    AgentId,
    AgentState,
    AttemptOutcome,
    CallbackEnd,
    CallbackMode,
    CallbackState,
    CallbackTerms,
    ContactId,
    ContactState,
    Instant,
    OfferOutcome,
    OneOf,
    QueueId,
    RoutingStep,
)
from acd.records import Agent, Callback, Contact, note
from acd.states import CALLBACK, GONE
from acd.triggers import CallbackTrigger, ContactTrigger, OfferTrigger

DIAL_BELT_S = 180.0
"""How long an attempt may take before it is given up as failed; longer than any network lets a phone ring."""
_TRIGGER_OF_END = {
    CallbackEnd.REACHED: CallbackTrigger.REACHED,
    CallbackEnd.CALLED_AGAIN: CallbackTrigger.CALLED_AGAIN,
    CallbackEnd.CANCELLED: CallbackTrigger.CANCELLED,
}


def open_callback(floor: Floor, callback: Callback) -> None:
    """Takes a callback in that was not known; it is still to be put where it belongs."""
    floor.callbacks[callback.callback] = callback
    if callback.caller is not None:
        floor.callback_of[callback.caller] = callback.callback
    floor.hold_queue(callback.queue)


def own_steps(floor: Floor, callback: Callback) -> tuple[RoutingStep, ...]:
    """The owner for a while, then what the callback itself asks for."""
    owner_ttl_s = floor.terms[callback.queue].callbacks.owner_ttl_s
    if callback.owner is None or not owner_ttl_s:
        return callback.own_steps
    return (RoutingStep(OneOf((callback.owner,)), owner_ttl_s, beyond_queue=True), *callback.own_steps)


def due_from(floor: Floor, callback: Callback, earliest: Instant) -> Instant | None:
    """When it may be tried, not before `earliest` nor the present; None when that is too late."""
    due = max(earliest, floor.at)
    hours = floor.terms[callback.queue].callbacks.hours
    if hours is not None and not is_open(hours, due):
        opens = next_change(hours, due)
        if opens is None:
            return None
        due = opens
    return due if due < callback.latest_at else None


def reconsider(floor: Floor, callback: Callback, trigger: CallbackTrigger | None) -> None:
    """Puts a callback without an attempt under way where it belongs at this moment.

    One that is being offered goes on ringing while anybody may be dialled at all: what else was changed about
    it holds when the offer is over. `trigger` None: time passed.
    """
    name = callback.callback
    contact = floor.contacts.get(name)
    offered = contact is not None and contact.state is not ContactState.WAITING
    if offered and due_from(floor, callback, floor.at) == floor.at:
        floor.timers.set(("callback", name), _no_longer_from(floor, callback))
        if trigger is not None:
            move_callback(floor, callback, trigger, callback.state)
        return
    due = due_from(floor, callback, callback.due_at)
    if due is None:
        end_callback(floor, callback, CallbackEnd.EXPIRED, trigger or CallbackTrigger.EXPIRED)
        return
    if due > floor.at:
        callback.due_at = due
        floor.timers.set(("callback", name), due)
        _unqueue(floor, contact)
        waits = callback.state is CallbackState.WAITING
        no_longer = CallbackTrigger.NOT_NOW if waits else CallbackTrigger.DUE
        move_callback(floor, callback, trigger or no_longer, CallbackState.SCHEDULED)
        return
    floor.timers.set(("callback", name), _no_longer_from(floor, callback))
    if contact is None:
        _queue(floor, callback)
    if trigger is not None or callback.state is not CallbackState.WAITING:
        move_callback(floor, callback, trigger or CallbackTrigger.DUE, CallbackState.WAITING)


def _no_longer_from(floor: Floor, callback: Callback) -> Instant:
    """From when on no attempt may begin, of a callback that may be tried at this moment."""
    hours = floor.terms[callback.queue].callbacks.hours
    closes = None if hours is None else next_change(hours, floor.at)
    return callback.latest_at if closes is None else min(closes, callback.latest_at)


def hours_changed(floor: Floor, callback: Callback) -> None:
    """The hours for dialling may be others from now on; whom they do not concern is told of to nobody."""
    if callback.state is CallbackState.DIALLING:
        return
    stays = callback.state is CallbackState.SCHEDULED
    if not stays or due_from(floor, callback, callback.due_at) != callback.due_at:
        reconsider(floor, callback, None)


def callback_due(floor: Floor, callback: Callback) -> None:
    """A callback's timer fell due."""
    if callback.state is CallbackState.DIALLING:
        unreached(floor, callback, AttemptOutcome.FAILED, CallbackTrigger.OVERDUE, by_agent=False)
    else:
        reconsider(floor, callback, None)


def begin_attempt(floor: Floor, callback: Callback, trigger: CallbackTrigger, agent: AgentId | None) -> None:
    """The citizen is dialled, by the agent who took the callback or (None) by somebody else."""
    contact = floor.contacts.get(callback.callback)
    callback.dialled_by = agent
    callback.tried = {} if contact is None else dict(contact.tried)
    if agent is None:
        _unqueue(floor, contact)
    floor.timers.set(("callback", callback.callback), floor.at + DIAL_BELT_S)
    move_callback(floor, callback, trigger, CallbackState.DIALLING)
    if agent is not None:
        floor.effects.append(DialCallback(floor.cause, callback.callback, agent, callback.attempts + 1))


def dial_for(floor: Floor, callback: Callback, agent: Agent) -> None:
    """Customer first: the citizen is dialled, and the agent is theirs if they answer."""
    begin_attempt(floor, callback, CallbackTrigger.TAKEN, None)
    floor.promise(agent, callback)
    dial = DialCallback(floor.cause, callback.callback, agent.agent, callback.attempts + 1, callback.mode)
    floor.effects.append(dial)


def promise_anew(floor: Floor) -> None:
    """Promises free agents of the queue to citizens whose phone rings while their own agent went away.

    The longest idle first. While nobody is free the phone rings on: hanging up would leave a citizen with a
    call missed for nothing, and the next agent who becomes free is theirs.
    """
    for name in list(floor.broken_promises):
        callback = floor.callbacks[name]
        need = floor.needs[callback.queue]
        for _, candidate in floor.ready.candidates(need):
            agent = floor.agents[candidate]
            if need.accepts(agent.policy):
                floor.promise(agent, callback)
                break


def claim(floor: Floor, name: ContactId, queue: QueueId) -> AgentId | None:
    """The citizen of a callback answered and waits in the queue: who is to talk with them, and is free.

    That is who is promised to them; else, while nobody of the queue is free, who is promised to somebody
    of the same queue whose phone still rings, the one dialled last. None: nobody in particular.
    """
    callback, need = floor.callbacks.get(name), floor.needs[queue]
    lost_theirs = name in floor.broken_promises
    floor.broken_promises.pop(name, None)
    if callback is None or callback.agent is None:
        if any(need.accepts(floor.agents[each].policy) for _, each in floor.ready.candidates(need)):
            return None
        ringing = [
            each
            for each in floor.callbacks.values()
            if each.queue == queue
            and each.agent is not None
            and need.accepts(floor.agents[each.agent].policy)
        ]
        if not ringing:
            return None
        callback = max(ringing, key=lambda each: floor.timers.due(("callback", each.callback)))
    agent = callback.agent
    floor.end_promise(callback)
    if lost_theirs:
        floor.broken_promises[callback.callback] = None
    return agent


def reached(floor: Floor, callback: Callback) -> None:
    """The citizen talks, which is what counts as the agent's work."""
    name = callback.callback
    contact = floor.contacts.get(name)
    if contact is not None and contact.agent is not None and contact.state is ContactState.CONNECTED:
        agent = floor.agents.get(contact.agent)
        if agent is not None and agent.contact == name and agent.state is AgentState.BUSY:
            floor.count_time(agent)
            floor.end_handling(agent)
            floor.note_taken(agent, floor.at)
            agent.serving, agent.serves_now = callback.queue, True
    drop_callback(floor, callback, CallbackEnd.REACHED)


def unreached(
    floor: Floor, callback: Callback, outcome: AttemptOutcome, trigger: CallbackTrigger, *, by_agent: bool
) -> None:
    """An attempt came to nothing, perhaps as its agent hung up (`by_agent`). There is nothing to wrap up."""
    contact = floor.contacts.get(callback.callback)
    dialled_by, callback.dialled_by = callback.dialled_by, None
    tried, callback.tried = callback.tried, {}
    if contact is not None:
        agent = floor.agents.get(contact.agent) if contact.agent is not None else None
        if agent is not None and agent.contact == contact.contact:
            agent.wrap_up_s = 0.0
        floor.figures.ended(contact.queue)
        floor.forget(contact, ContactTrigger.UNREACHED)
    floor.end_promise(callback)
    callback.last_outcome = outcome
    if outcome not in (AttemptOutcome.CANCELLED, AttemptOutcome.ABANDONED):
        callback.attempts += 1
    terms = floor.terms[callback.queue].callbacks
    if outcome is AttemptOutcome.ABANDONED:
        callback.mode = CallbackMode.AGENT_FIRST
    if callback.ends_as is not None:
        end_callback(floor, callback, callback.ends_as, trigger)
    elif outcome is AttemptOutcome.INVALID_NUMBER:
        end_callback(floor, callback, CallbackEnd.INVALID_NUMBER, trigger)
    elif callback.attempts >= terms.max_attempts:
        end_callback(floor, callback, CallbackEnd.UNREACHED, trigger)
    else:
        callback.due_at = max(callback.due_at, floor.at + _delay_s(terms, outcome))
        reconsider(floor, callback, trigger)
        again = floor.contacts.get(callback.callback)
        if again is not None and dialled_by is not None and by_agent:
            # Others may be asked at once; whoever hung up would be rung for the same citizen without end.
            floor.leave_waiting(again)
            again.tried = tried
            floor.note_tried(again, dialled_by, floor.at, terms.failed_delay_s)
            floor.enter_waiting(again)


def _delay_s(terms: CallbackTerms, outcome: AttemptOutcome) -> float:
    match outcome:
        case AttemptOutcome.BUSY:
            return terms.busy_delay_s
        case AttemptOutcome.NO_ANSWER:
            return terms.no_answer_delay_s
        case AttemptOutcome.FAILED | AttemptOutcome.ABANDONED:
            return terms.failed_delay_s
        case _:
            return 0.0  # it was the agent who did not want to, or nobody could be dialled


def end_callback(floor: Floor, callback: Callback, end: CallbackEnd, trigger: CallbackTrigger) -> None:
    """The callback is over. A contact that waits for it goes; one that talks goes on."""
    CALLBACK.check(callback.callback, _before(callback), trigger, GONE)
    floor.end_promise(callback)
    name = callback.callback
    contact = floor.contacts.get(name)
    if contact is None or contact.state is not ContactState.CONNECTED:
        _unqueue(floor, contact)
    floor.timers.cancel(("callback", name))
    del floor.callbacks[name]
    if callback.caller is not None:
        del floor.callback_of[callback.caller]
    floor.figures.callback_over(callback.queue, end, floor.at)
    tell_callback(floor, callback, end=end)
    floor.leave_queue(callback.queue)


def drop_callback(floor: Floor, callback: Callback, end: CallbackEnd) -> None:
    """It is over for a reason that has a trigger of its own; an attempt under way is the last one."""
    trigger = _TRIGGER_OF_END[end]
    if callback.state is CallbackState.DIALLING and end is not CallbackEnd.REACHED:
        callback.ends_as = end
        move_callback(floor, callback, trigger, CallbackState.DIALLING)
    else:
        end_callback(floor, callback, end, trigger)


def talking_contact(callback: Callback, agent: AgentId, at: Instant) -> Contact:
    """The contact of a callback whose citizen is found talking with an agent."""
    contact = _contact(callback, ContactState.CONNECTED, at)
    contact.agent = agent
    return contact


def tell_callback(
    floor: Floor, callback: Callback, end: CallbackEnd | None = None, joined: ContactId | None = None
) -> None:
    floor.effects.append(
        CallbackChanged(
            at=floor.at,
            cause=floor.cause,
            callback=callback.callback,
            queue=callback.queue,
            state=callback.state if end is None else None,
            end=end,
            priority=callback.priority,
            queued_at=callback.queued_at,
            caller=callback.caller,
            owner=callback.owner,
            mode=callback.mode,
            attempts=callback.attempts,
            due_at=callback.due_at,
            latest_at=callback.latest_at,
            steps=callback.own_steps,
            last_outcome=callback.last_outcome,
            ends_as=None if end is not None else callback.ends_as,
            joined=joined,
        )
    )


def move_callback(floor: Floor, callback: Callback, trigger: CallbackTrigger, state: CallbackState) -> None:
    CALLBACK.check(callback.callback, _before(callback), trigger, state)
    callback.state = state
    note(callback.history, floor.at, trigger, state)
    tell_callback(floor, callback)


def _before(callback: Callback) -> str:
    return callback.state if callback.history else GONE


def _queue(floor: Floor, callback: Callback) -> None:
    """Makes the callback a contact of its queue."""
    floor.figures.callback_waits(callback.queue, callback.callback, callback.queued_at)
    contact = _contact(callback, ContactState.WAITING, floor.at)
    contact.own_steps = own_steps(floor, callback)
    floor.admit(contact, ContactTrigger.QUEUED)


def _unqueue(floor: Floor, contact: Contact | None) -> None:
    """Takes the contact of a callback out that waits or is being offered."""
    if contact is None:
        return
    if contact.offer is not None:
        floor.withdraw_offer(floor.offers[contact.offer], OfferTrigger.WITHDRAWN, OfferOutcome.CANCELLED)
    floor.figures.callback_left(contact.queue, contact.contact, contact.queued_at)
    floor.forget(contact, ContactTrigger.WITHDRAWN)


def _contact(callback: Callback, state: ContactState, at: Instant) -> Contact:
    return Contact(
        callback.callback,
        callback.queue,
        callback.priority,
        callback.queued_at,
        state,
        at,
        caller=callback.caller,
        callback=True,
        place_from=callback.queued_at,
        steps_from=at,
    )
