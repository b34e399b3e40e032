"""What the API needs of the archive; `recording` and `workorder` provide it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from acd.effects import Decided
from cti.audit import AuditEntry, ChainReport
from cti.callbacks.records import CallbackEntry
from cti.calls.records import CallOutcome, CallRecord, WrapUpRecord
from cti.verbs.port import CommandPort
from cti.views import ServicePort
from recording.model import RecordingRecord
from recording.ratings import ArchivedRating, RatingFigures, RatingGroup
from recording.voicemails import ArchivedVoicemail
from workorder.model import WorkOrder, WorkOrderState

T = TypeVar("T")


class ArchiveUnreachable(Exception):
    """The archive's database did not answer. Nothing was lost by that; the question can be asked again."""


class LiveService(ServicePort, CommandPort, Protocol):
    """The running service: what it shows, what it can be told, and what happens in it."""


class ArchivedCall(Protocol):
    """A call with all that was kept about it."""

    @property
    def record(self) -> CallRecord: ...
    @property
    def decisions(self) -> Sequence[Decided]: ...
    @property
    def recordings(self) -> Sequence[RecordingRecord]: ...
    @property
    def wrap_ups(self) -> Sequence[WrapUpRecord]: ...


class CallPage(Protocol):
    """Calls, latest first."""

    @property
    def calls(self) -> Sequence[CallRecord]: ...
    @property
    def next_cursor(self) -> str | None: ...


class WorkOrderPage(Protocol):
    """Work orders, latest first."""

    @property
    def work_orders(self) -> Sequence[WorkOrder]: ...
    @property
    def next_cursor(self) -> str | None: ...


class CallArchive(Protocol):
    """Every method raises an OSError while the database is away; a list raises `BadCursor`."""

    async def call(self, call_id: str) -> ArchivedCall | None: ...

    async def calls(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        queue: str | None,
        agent: str | None,
        outcome: CallOutcome | None,
        work_order: str | None,
        limit: int,
        before_cursor: str | None,
    ) -> CallPage: ...

    async def recording(self, recording_id: str) -> RecordingRecord | None: ...


class WorkOrders(Protocol):
    """Every method raises an OSError while the database is away; a list raises `BadCursor`."""

    async def get(self, work_order_id: str) -> WorkOrder | None: ...

    async def list(
        self, *, state: WorkOrderState | None, agent: str | None, limit: int, before_cursor: str | None
    ) -> WorkOrderPage: ...

    async def for_call(self, call_id: str) -> Sequence[WorkOrder]: ...


class AuditPage(Protocol):
    """Entries, latest first."""

    @property
    def entries(self) -> Sequence[AuditEntry]: ...
    @property
    def next_cursor(self) -> str | None: ...


class CallbackPage(Protocol):
    """Callbacks, latest request first."""

    @property
    def callbacks(self) -> Sequence[CallbackEntry]: ...
    @property
    def next_cursor(self) -> str | None: ...


class AuditLog(Protocol):
    """Every method raises an OSError while the database is away; a list raises `BadCursor`."""

    async def entries(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        who: str | None,
        action: str | None,
        whom: str | None,
        call: str | None,
        limit: int,
        before_cursor: str | None,
    ) -> AuditPage: ...

    async def verify(self) -> Sequence[ChainReport]:
        """Recomputes every chain."""


class Callbacks(Protocol):
    """Every method raises an OSError while the database is away; a list raises `BadCursor`."""

    async def get(self, callback: str) -> CallbackEntry | None: ...

    async def campaign(self, campaign: str) -> Mapping[str, int]: ...

    async def list(
        self,
        *,
        open_only: bool,
        queue: str | None,
        owner: str | None,
        work_order: str | None,
        campaign: str | None,
        limit: int,
        before_cursor: str | None,
    ) -> CallbackPage: ...


class RatingPage(Protocol):
    """Ratings, latest first."""

    @property
    def ratings(self) -> Sequence[ArchivedRating]: ...
    @property
    def next_cursor(self) -> str | None: ...


class VoicemailPage(Protocol):
    """Messages, latest first."""

    @property
    def voicemails(self) -> Sequence[ArchivedVoicemail]: ...
    @property
    def next_cursor(self) -> str | None: ...


class FlowArchive(Protocol):
    """Every method raises an OSError while the database is away; a list raises `BadCursor`."""

    async def ratings(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        agent: str | None,
        queue: str | None,
        limit: int,
        before_cursor: str | None,
    ) -> RatingPage: ...

    async def figures(
        self, by: RatingGroup, *, since: datetime | None, until: datetime | None
    ) -> Sequence[RatingFigures]: ...

    async def voicemails(
        self, *, since: datetime | None, until: datetime | None, limit: int, before_cursor: str | None
    ) -> VoicemailPage: ...


async def from_archive(question: Awaitable[T], within_s: float) -> T:
    """The archive's answer. Raises ArchiveUnreachable when there is none within `within_s`, and BadCursor."""
    try:
        async with asyncio.timeout(within_s):
            return await question
    except TimeoutError:
        raise ArchiveUnreachable(f"no answer within {within_s:g} s") from None
    except OSError as error:
        raise ArchiveUnreachable(type(error).__name__) from error
