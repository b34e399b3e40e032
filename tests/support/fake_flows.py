"""The archive of flows in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cti.database import DatabaseAway
from recording.ratings import ArchivedRating, RatingFigures, RatingGroup, RatingPage
from recording.voicemails import ArchivedVoicemail, VoicemailPage
from tests.support.fake_archive import place


class FakeFlows:
    """A `FlowArchive`. `away` makes every question fail."""

    def __init__(self) -> None:
        self.kept_ratings: list[ArchivedRating] = []
        self.kept_figures: list[RatingFigures] = []
        self.kept_voicemails: list[ArchivedVoicemail] = []
        self.away = False
        self.asked: dict[str, object] = {}

    def _answer(self, **asked: object) -> None:
        if self.away:
            raise DatabaseAway("connection refused")
        self.asked = asked

    async def ratings(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        agent: str | None,
        queue: str | None,
        limit: int,
        before_cursor: str | None,
    ) -> RatingPage:
        self._answer(since=since, until=until, agent=agent, queue=queue)
        begin = place(before_cursor)
        more = len(self.kept_ratings) > begin + limit
        return RatingPage(self.kept_ratings[begin : begin + limit], str(begin + limit) if more else None)

    async def figures(
        self, by: RatingGroup, *, since: datetime | None, until: datetime | None
    ) -> Sequence[RatingFigures]:
        self._answer(by=by, since=since, until=until)
        return self.kept_figures

    async def voicemails(
        self, *, since: datetime | None, until: datetime | None, limit: int, before_cursor: str | None
    ) -> VoicemailPage:
        self._answer(since=since, until=until)
        begin = place(before_cursor)
        more = len(self.kept_voicemails) > begin + limit
        return VoicemailPage(
            self.kept_voicemails[begin : begin + limit], str(begin + limit) if more else None
        )
