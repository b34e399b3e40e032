"""Ratings and messages in PostgreSQL, as they were journaled, and the figures of ratings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from cti.calls.records import CallOutcome, CallRecord, RatingOutcome, RatingRecord, VoicemailRecord
from recording.archive import CallArchive, write_calls, write_recordings
from recording.ratings import RatingArchive, RatingGroup
from recording.voicemails import VoicemailArchive
from tests.support.archive_records import NOON, ended, entries, ringing, stored

TIME = datetime.fromtimestamp(NOON, UTC)


def rated(call: str, score: int | None, *, agent: str = "1002", at: float = NOON) -> CallRecord:
    record = ended(call, at=at)
    outcome = RatingOutcome.RATED if score else RatingOutcome.HUNG_UP
    record.rating = RatingRecord(agent, at + 126, outcome, score, 1, at + 130 if score else None)
    return record


def closed(call: str, *, at: float = NOON) -> CallRecord:
    record = ringing(call, at=at)
    record.queued_at = record.offered_at = None
    record.offers.clear()
    record.closed_at, record.outcome, record.choice = at + 5, CallOutcome.VOICEMAIL, "office.law"
    record.voicemail = VoicemailRecord(call, at + 10, at + 20)
    return record


async def write(engine: AsyncEngine, *records: CallRecord) -> None:
    async with engine.begin() as connection:
        await write_calls(connection, entries(records))


async def test_a_rating_and_a_message_are_read_with_their_call(database: AsyncEngine) -> None:
    records = [rated("c.1", 4), closed("c.2")]
    await write(database, *records)
    await write(database, *records)
    for record in records:
        found = await CallArchive(database).call(record.call)
        assert found is not None
        assert found.record == record


async def test_a_rating_that_changed_replaces_what_was_there(database: AsyncEngine) -> None:
    asked = rated("c.1", None)
    assert asked.rating is not None
    asked.rating.outcome = None
    await write(database, asked)
    await write(database, replace(rated("c.1", 5), version=asked.version + 1))
    [only] = (await RatingArchive(database).ratings(
        since=None, until=None, agent=None, queue=None, limit=9, before_cursor=None
    )).ratings  # fmt: skip
    assert (only.call, only.score, only.outcome) == ("c.1", 5, RatingOutcome.RATED)


async def test_ratings_are_listed_latest_first_and_counted_by_agent_and_queue(database: AsyncEngine) -> None:
    await write(
        database,
        rated("c.1", 5, at=NOON),
        rated("c.2", 1, at=NOON + 100),
        rated("c.3", None, at=NOON + 200),
        rated("c.4", 4, agent="1003", at=NOON + 300),
        rated("c.5", 4, at=NOON + 90_000),
    )
    archive = RatingArchive(database)
    first = await archive.ratings(
        since=TIME, until=TIME + timedelta(days=1), agent="1002", queue="general", limit=2, before_cursor=None
    )
    rest = await archive.ratings(
        since=TIME,
        until=TIME + timedelta(days=1),
        agent="1002",
        queue="general",
        limit=2,
        before_cursor=first.next_cursor,
    )
    assert [each.call for each in (*first.ratings, *rest.ratings)] == ["c.3", "c.2", "c.1"]
    assert rest.next_cursor is None
    day = {"since": TIME, "until": TIME + timedelta(days=1)}
    agents = await archive.figures(RatingGroup.AGENT, **day)
    assert [(each.of, each.asked, each.rated, each.scores[1], each.scores[5]) for each in agents] == [
        ("1002", 3, 2, 1, 1),
        ("1003", 1, 1, 0, 0),
    ]
    [queue] = await archive.figures(RatingGroup.QUEUE, **day)
    assert (queue.of, queue.asked, queue.rated) == ("general", 4, 3)


async def test_messages_are_listed_with_their_recording_once_it_is_archived(database: AsyncEngine) -> None:
    await write(database, closed("c.1"), closed("c.2", at=NOON + 100))
    recording = stored(recording="c.1", call="c.1", segment="c.1/voicemail")
    async with database.begin() as connection:
        await write_recordings(connection, entries([recording]))
    page = await VoicemailArchive(database).voicemails(since=None, until=None, limit=1, before_cursor=None)
    rest = await VoicemailArchive(database).voicemails(
        since=None, until=None, limit=1, before_cursor=page.next_cursor
    )
    assert [
        (each.call, each.recording, each.duration_s) for each in (*page.voicemails, *rest.voicemails)
    ] == [
        ("c.2", None, None),
        ("c.1", "c.1", recording.duration_s),
    ]
