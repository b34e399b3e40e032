"""Blind transfer: the citizen goes to a queue, an agent, a seat or a number; the agent is done with them."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant, QueuePolicy
from cti.calls.actions import HangUp, MoveToQueue, Place, SendLeg, SetFact
from cti.calls.facts import CallId
from cti.verbs.model import DONE, Command, Failed, Progress, Situation, Verb
from cti.verbs.parties import Party, To, acting_leg, at_rest, new_leg, open_call, ring, together
from cti.views import Refused

NOT_TAKEN = Failed("not_taken", "Nobody took the call; the citizen waits in the queue again.")
LET_GO = Failed("not_taken", "Nobody took the call; the citizen, whom an agent had called, was let go.")


@dataclass(frozen=True, slots=True)
class Transfer:
    call: CallId
    party: Party
    priority: int | None = None
    """In the new queue; None: as before, or the queue's `transfer_priority` if that is higher."""


def begin(situation: Situation, command: Command[Transfer], _at: Instant) -> Progress:
    asked, cause = command.asked, command.command
    call = open_call(situation, asked.call)
    leg = acting_leg(situation, call, command)
    citizen = situation.calls.state.citizen_leg(call)
    if citizen is None or not citizen.was_connected:
        raise Refused("no_citizen", "There is no citizen in the call who could be transferred.")
    at_rest(situation, command, leg, citizen)
    result = {"citizen": citizen.record.leg}
    if asked.party.to is To.QUEUE:
        queue = asked.party.name
        if queue not in situation.policy.queues:
            raise Refused("unknown_queue", f"There is no queue {queue}.", "to")
        if call.record.queue is None or call.caller is None:
            raise Refused("not_inbound", "Only a citizen who called can wait in a queue.", "to")
        priority = _priority(asked, call.record.priority, situation.policy.queues[queue])
        return Progress(
            (
                MoveToQueue(cause, citizen.record.channel, queue),
                SetFact(cause, citizen.record.leg, "HL_PRIORITY", str(priority)),
                SendLeg(cause, citizen.record.channel, Place.WAITING),
                HangUp(cause, leg.record.leg),
            ),
            result=result,
        )
    party = ring(situation, command, call, asked.party, Place.CONNECT, citizen.record.channel)
    return Progress(
        (
            SetFact(cause, citizen.record.leg, "HL_HELD_BY", party.leg),
            SendLeg(cause, citizen.record.channel, Place.HELD),
            HangUp(cause, leg.record.leg),
            party,
        ),
        result=result,
    )


def _priority(asked: Transfer, before: int, queue: QueuePolicy) -> int:
    if asked.priority is not None:
        return asked.priority
    return before if queue.transfer_priority is None else max(before, queue.transfer_priority)


def follow(situation: Situation, command: Command[Transfer], _at: Instant) -> Progress | None:
    call = situation.calls.calls.get(command.asked.call)
    citizen = command.result["citizen"]
    if call is None or citizen not in call.live:
        return Progress(outcome=Failed("citizen_gone", "The citizen hung up first."))
    if command.asked.party.to is To.QUEUE:
        return DONE if call.waits and call.record.queue == command.asked.party.name else None
    if together(situation, new_leg(command), citizen):
        return DONE
    if not situation.calls.is_over(new_leg(command)):
        return None
    return Progress(outcome=NOT_TAKEN if call.caller is not None else LET_GO)


TRANSFER = Verb("transfer", Transfer, begin, follow, within_s=60.0)
