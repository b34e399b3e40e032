"""Alter a waiting call: another priority, another queue, other agents. It keeps its wait."""

from __future__ import annotations

from dataclasses import dataclass

from acd.events import ContactAltered
from acd.model import ContactState, Instant, QueueId
from cti.calls.actions import Action, MoveToQueue, NotePriority, NoteSteps
from cti.calls.facts import CallId
from cti.calls.steps import LONGEST, steps_of
from cti.verbs.model import Command, Done, Progress, Situation, Verb
from cti.verbs.parties import open_call
from cti.views import Refused


@dataclass(frozen=True, slots=True)
class AlterContact:
    """None leaves what it is about as it is. An offer under way goes on."""

    call: CallId
    queue: QueueId | None = None
    priority: int | None = None
    steps: str | None = None
    """As `cti.calls.steps` writes them; they replace the hotline's own, and the queue's come after them."""


def begin(situation: Situation, command: Command[AlterContact], at: Instant) -> Progress:
    asked = command.asked
    call = open_call(situation, asked.call)
    contact = situation.router.contact(asked.call)
    if contact is None or contact.state is ContactState.CONNECTED:
        raise Refused("not_waiting", f"Call {asked.call} does not wait for an agent.", "call")
    if asked.queue is not None and not situation.router.knows_queue(asked.queue):
        raise Refused("unknown_queue", f"There is no queue {asked.queue}.", "queue")
    steps = None if asked.steps is None else steps_of(asked.steps)
    if asked.steps is not None:
        if len(asked.steps) > LONGEST:
            raise Refused(
                "steps_too_long", "These are more steps than a call can carry; give fewer.", "steps"
            )
        if steps is None:
            raise Refused("bad_steps", "These are no routing steps.", "steps")
        for problem in situation.router.step_problems(steps):
            raise Refused("bad_steps", f"{problem[0].upper()}{problem[1:]}.", "steps")
    cause, channel = command.command, call.caller_channel
    actions: list[Action] = []
    if asked.queue is not None:
        actions.append(MoveToQueue(cause, channel, asked.queue))
    if asked.priority is not None:
        actions.append(NotePriority(cause, channel, asked.priority))
    if asked.steps is not None:
        actions.append(NoteSteps(cause, channel, asked.steps))
    event = ContactAltered(at, cause, asked.call, asked.queue, asked.priority, steps)
    return Progress(actions=tuple(actions), events=(event,), outcome=Done())


ALTER_CONTACT = Verb("alter_contact", AlterContact, begin)
