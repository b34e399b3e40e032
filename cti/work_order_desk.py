"""Work orders as the service writes them: the newest version, journaled or archived, and what follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime

from acd.model import Instant
from cti.database import DatabaseAway
from cti.ports import JournalPort
from cti.records_json import JSON, decode, encode
from cti.verbs.callbacks import RequestCallback, unknown_work_order
from cti.verbs.campaigns import AddToCampaign, Mistake
from cti.verbs.dial import DialOut
from cti.views import Refused
from workorder.lifecycle import InvalidTransition, NotTheirs, fill
from workorder.model import Disposition, WorkOrder
from workorder.store import WorkOrders

ARCHIVE_S = 2.0
"""An archive that has not answered by then cannot say whether there is a work order."""


class JournaledWorkOrders:
    """`cti.ports.WorkOrderDesk`: the journal knows what was written lately, the archive the rest."""

    def __init__(self, journal: JournalPort, archive: WorkOrders) -> None:
        self._journal = journal
        self._archive = archive

    async def filled(
        self,
        work_order: str,
        category: str,
        summary: str,
        disposition: str,
        by: str,
        supervisor: bool,
        at: Instant,
    ) -> dict[str, JSON]:
        """The next version of the work order's record. Raises `Refused`."""
        try:
            chosen = Disposition(disposition)
        except ValueError:
            allowed = ", ".join(Disposition)
            raise Refused("unknown_disposition", f"It must be one of {allowed}.", "disposition") from None
        order = await self._newest(work_order)
        try:
            written = fill(
                order,
                category=category,
                summary=summary,
                disposition=chosen,
                by=by,
                supervisor=supervisor,
                at=datetime.fromtimestamp(at, UTC),
            )
        except NotTheirs as error:
            raise Refused("not_their_work_order", str(error)) from error
        except InvalidTransition as error:
            raise Refused("not_allowed_now", str(error)) from error
        return encode(written)

    async def require(self, asked: object) -> None:
        """Looks whether there is each work order that a command is about.

        Raises `Refused` for the first that there is not. While the archive is away nobody can say, and the
        command goes on.
        """
        named = _named_in(asked)
        missing = await self.missing({each for each in named if each is not None})
        for row, name in enumerate(named, start=1):
            if name in missing:
                in_list = row if isinstance(asked, AddToCampaign) else None
                raise Mistake(in_list, unknown_work_order(name)).of_the_part()

    async def missing(self, named: Collection[str]) -> set[str]:
        """Those of these that there are not; none while the archive is away, as nobody can say."""
        # The journal first: what is gone from it is in the archive.
        missing = {each for each in named if self._journal.latest("work_order", each) is None}
        if not missing:
            return missing
        try:
            async with asyncio.timeout(ARCHIVE_S):
                return missing - await self._archive.known(missing)
        except (TimeoutError, DatabaseAway):
            return set()

    async def _newest(self, work_order: str) -> WorkOrder:
        body = self._journal.latest("work_order", work_order)
        if body is not None:
            return decode(WorkOrder, body)
        try:
            archived = await self._archive.get(work_order)
        except DatabaseAway as error:
            raise Refused(
                "archive_unreachable", "The archive does not answer; try again in a minute."
            ) from error
        if archived is None:
            raise Refused("unknown_work_order", f"There is no work order {work_order}.")
        return archived


def _named_in(asked: object) -> list[str | None]:
    """The work orders that a command is about; of a list, by row."""
    match asked:
        case DialOut() | RequestCallback():
            return [asked.work_order]
        case AddToCampaign():
            return [citizen.work_order for citizen in asked.citizens]
    return []
