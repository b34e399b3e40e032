"""Work orders as the service writes them: the newest version, journaled or archived, and what follows it."""

from __future__ import annotations

from datetime import UTC, datetime

from acd.model import Instant
from cti.database import DatabaseAway
from cti.ports import JournalPort
from cti.records_json import JSON, decode, encode
from cti.views import Refused
from workorder.lifecycle import InvalidTransition, NotTheirs, fill
from workorder.model import Disposition, WorkOrder
from workorder.store import WorkOrders


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
