"""Whether an agent is party to a call, which lets them read about it."""

from __future__ import annotations

from api.context import Context
from api.ports import from_archive
from cti.calls.records import CallRecord


def agents_in(record: CallRecord) -> set[str | None]:
    """Whose own the call is: who talked in it, or whose phone is in it now or rings for it.

    Not an agent whose phone only rang.
    """
    connected = {leg for segment in record.segments for leg in segment.legs}
    return {
        record.agent,
        *(segment.agent for segment in record.segments),
        *(leg.agent for leg in record.legs if leg.leg in connected or leg.ended_at is None),
        *(offer.agent for offer in record.offers if offer.outcome is None),
    }


async def talked_in(context: Context, agent: str | None, call: str) -> bool:
    """Whether the agent is in that call, or talked in it. Raises ArchiveUnreachable for one that is over."""
    if any(view.call == call and agent in view.parties for view in context.service.open_calls()):
        return True
    archived = await from_archive(context.archive.call(call), context.limits.archive_s)
    if archived is None:
        return False
    connected = {leg for segment in archived.record.segments for leg in segment.legs}
    return any(leg.agent == agent and leg.leg in connected for leg in archived.record.legs)
