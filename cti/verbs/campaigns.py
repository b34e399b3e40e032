"""Campaigns: a list of citizens to be called, each of them a callback.

With the agent first nobody who answers is ever left without one; with the customer first no larger share than
the queue's `callbacks.max_abandoned_rate`. Callers on the line go first by the queue's `callbacks.priority`,
and `reserves` keep agents for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import AgentId, CallbackMode, Instant, QueueId
from cti.calls.outputs import CallbackReason, CallbackWanted
from cti.verbs.callbacks import require_agent, require_queue, require_time
from cti.verbs.model import Command, Done, Progress, Situation, Verb
from cti.views import Refused

ROWS_AT_ONCE = 100
"""So many at most in one command: each costs the service's one writer a moment, and calls go between them."""


@dataclass(frozen=True, slots=True)
class ListedCitizen:
    """One row of the list."""

    number: str
    priority: int = 0
    owner: AgentId | None = None
    work_order: str | None = None
    earliest_at: Instant | None = None
    latest_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class AddToCampaign:
    """A part of the list, all of it or nothing."""

    campaign: str
    queue: QueueId
    citizens: tuple[ListedCitizen, ...]
    mode: CallbackMode | None = None
    """Whose phone rings first; None: as the queue has it."""


def begin_add(situation: Situation, command: Command[AddToCampaign], at: Instant) -> Progress:
    asked = command.asked
    require_queue(situation, asked.queue)
    for row, citizen in enumerate(asked.citizens, start=1):
        try:
            require_agent(situation, citizen.owner)
            require_time(at, citizen.earliest_at, citizen.latest_at)
        except Refused as refused:
            raise Refused(refused.error, f"Row {row}: {refused.sentence}", refused.field) from None
    wanted = tuple(
        CallbackWanted(
            at=at,
            cause=command.command,
            callback=f"cb-{command.command}-{row:03}",
            number=citizen.number,
            queue=asked.queue,
            reason=CallbackReason.CAMPAIGN,
            queued_at=at,
            by=command.by,
            work_order=citizen.work_order,
            campaign=asked.campaign,
            priority=citizen.priority,
            owner=citizen.owner,
            earliest_at=citizen.earliest_at,
            latest_at=citizen.latest_at,
            mode=asked.mode,
        )
        for row, citizen in enumerate(asked.citizens, start=1)
    )
    return Progress(events=wanted, result={"campaign": asked.campaign}, outcome=Done())


ADD_TO_CAMPAIGN = Verb("add_to_campaign", AddToCampaign, begin_add, secret=True)
