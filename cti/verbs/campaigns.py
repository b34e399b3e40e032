"""Campaigns: a list of citizens to be called, each of them a callback.

With the agent first nobody who answers is ever left without one; with the customer first no larger share than
the queue's `callbacks.max_abandoned_rate`. Callers on the line go first by the queue's `callbacks.priority`,
and `reserves` keep agents for them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from acd.model import AgentId, CallbackMode, Instant, QueueId
from acd.router import Router
from cti.calls.outputs import CallbackReason, CallbackWanted
from cti.verbs.callbacks import require_agent, require_queue, require_time, unknown_work_order
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


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a part of a list is not taken."""

    row: int | None
    """The citizen's place in the part, from 1; None: it is about the whole part."""
    refused: Refused

    def of_the_part(self) -> Refused:
        """As the part is refused, which names the row."""
        where = "" if self.row is None else f"Row {self.row}: "
        return Refused(self.refused.error, where + self.refused.sentence, self.refused.field)


def mistakes(
    router: Router, asked: AddToCampaign, at: Instant, missing: Collection[str] = ()
) -> list[Mistake]:
    """All that is wrong with a part; `missing` are those of its work orders that there are not."""
    found: list[Mistake] = []
    try:
        require_queue(router, asked.queue)
    except Refused as refused:
        found.append(Mistake(None, refused))
    for row, citizen in enumerate(asked.citizens, start=1):
        try:
            require_agent(router, citizen.owner)
            require_time(at, citizen.earliest_at, citizen.latest_at)
        except Refused as refused:
            found.append(Mistake(row, refused))
        if citizen.work_order is not None and citizen.work_order in missing:
            found.append(Mistake(row, unknown_work_order(citizen.work_order)))
    return found


def begin_add(situation: Situation, command: Command[AddToCampaign], at: Instant) -> Progress:
    asked = command.asked
    for wrong in mistakes(situation.router, asked, at):
        raise wrong.of_the_part()
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
