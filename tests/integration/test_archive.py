"""What was journaled about a call is found in PostgreSQL as it was, its newest version, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.effects import AgentChanged
from acd.model import AgentState
from cti.calls.records import CallOutcome, CallRecord, WrapUpRecord
from cti.calls.times import call_times
from cti.database import BadCursor, DatabaseAway, create_engine
from recording.archive import (
    CallArchive,
    write_agent_states,
    write_calls,
    write_decisions,
    write_recordings,
)
from recording.tables import agent_states, legs
from tests.support.archive_records import (
    NOON,
    agent_changed,
    decided,
    ended,
    entries,
    ringing,
    stored,
)

_numbers = count(1)


async def write(engine: AsyncEngine, *records: CallRecord) -> None:
    async with engine.begin() as connection:
        await write_calls(connection, entries(records))


@pytest.fixture
def archive(database: AsyncEngine) -> CallArchive:
    return CallArchive(database)


async def test_a_call_is_read_as_it_was_journaled(database: AsyncEngine, archive: CallArchive) -> None:
    async with database.begin() as connection:
        await write_calls(connection, entries([ended()]))
        await write_decisions(
            connection, entries([decided(offer="c.1-b", at=NOON + 20), decided(offer="c.1-a")])
        )
        await write_recordings(
            connection, entries([stored(recording="c.1-z", segment="c.1/2"), stored(segment="c.1/1")])
        )

    found = await archive.call("c.1")

    assert found is not None
    assert found.record == ended()
    assert found.decisions == [decided(offer="c.1-a"), decided(offer="c.1-b", at=NOON + 20)]
    assert found.recordings == [stored(segment="c.1/1"), stored(recording="c.1-z", segment="c.1/2")]


async def test_a_call_that_has_only_begun_is_read_too(database: AsyncEngine, archive: CallArchive) -> None:
    await write(database, ringing())

    found = await archive.call("c.1")

    assert found is not None
    assert (found.record, found.decisions, found.recordings) == (ringing(), [], [])


async def test_what_nobody_knows_is_none(archive: CallArchive) -> None:
    assert await archive.call("nobody") is None
    assert await archive.recording("nobody") is None


async def test_a_newer_version_replaces_the_call_with_all_its_parts(
    database: AsyncEngine, archive: CallArchive
) -> None:
    await write(database, ended(version=5))
    shorter = replace(ended(version=6), legs=ended().legs[:1], segments=[], offers=ended().offers[1:])

    await write(database, shorter)

    found = await archive.call("c.1")
    assert found is not None
    assert found.record == shorter


async def test_an_older_version_changes_nothing(database: AsyncEngine, archive: CallArchive) -> None:
    await write(database, ended(version=5))

    await write(database, ringing(version=4))

    found = await archive.call("c.1")
    assert found is not None
    assert found.record == ended(version=5)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(6)),
    again=st.lists(st.integers(0, 5), max_size=6),
    cuts=st.sets(st.integers(1, 11), max_size=4),
)
async def test_in_whatever_order_and_however_often_versions_arrive_the_newest_stays(
    database: AsyncEngine, order: list[int], again: list[int], cuts: set[int]
) -> None:
    call = f"p.{next(_numbers)}"
    other = f"{call}-other"
    versions = [
        replace(ended(call, version=number), legs=ended(call).legs[: number % 3 + 1], priority=number)
        for number in range(6)
    ]
    arrivals = [versions[number] for number in [*order, *again]]
    edges = [0, *sorted(cut for cut in cuts if cut < len(arrivals)), len(arrivals)]
    for begin, end in pairwise(edges):
        await write(database, *arrivals[begin:end], ringing(other))

    found = await CallArchive(database).call(call)

    assert found is not None
    assert found.record == versions[5]
    async with database.connect() as connection:
        rows = select(func.count()).select_from(legs).where(legs.c.call == call)
        assert await connection.scalar(rows) == len(versions[5].legs)


async def test_a_leg_that_went_over_to_another_call_is_kept_with_both(
    database: AsyncEngine, archive: CallArchive
) -> None:
    other = replace(ringing("c.2"), legs=[*ringing("c.2").legs, ended().legs[2]])

    await write(database, ended(), other)

    for call, record in (("c.1", ended()), ("c.2", other)):
        found = await archive.call(call)
        assert found is not None
        assert found.record == record


async def test_a_decision_told_twice_is_kept_once(database: AsyncEngine, archive: CallArchive) -> None:
    await write(database, ringing())
    for _ in range(2):
        async with database.begin() as connection:
            await write_decisions(connection, entries([decided(), decided()]))

    found = await archive.call("c.1")

    assert found is not None
    assert found.decisions == [decided()]


async def test_every_change_of_an_agent_is_kept_in_order(database: AsyncEngine) -> None:
    history = [
        agent_changed("1001", at=NOON),
        replace(agent_changed("1001", "c.1", at=NOON), state=AgentState.RESERVED),
        replace(agent_changed("1001", at=NOON + 9), state=AgentState.WRAP_UP, until=NOON + 19, reason="x"),
    ]
    async with database.begin() as connection:
        await write_agent_states(connection, entries(history))

    async with database.connect() as connection:
        rows = (await connection.execute(select(agent_states).order_by(agent_states.c.id))).all()
    assert [row.state for row in rows] == ["ready", "reserved", "wrap_up"]
    assert rows[2].until == datetime.fromtimestamp(NOON + 19, UTC)
    assert (rows[1].contact, rows[2].reason, rows[2].cause) == ("c.1", "x", "api-1")


async def test_of_a_recording_the_one_stored_last_is_kept(
    database: AsyncEngine, archive: CallArchive
) -> None:
    await write(database, ended())
    later = replace(stored(), stored_at=stored().stored_at + timedelta(seconds=1), size_bytes=7)
    for batch in ([stored()], [later, stored()], [stored()]):
        async with database.begin() as connection:
            await write_recordings(connection, entries(batch))

    assert await archive.recording("c.1-b") == later


async def test_a_recording_belongs_to_a_call(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        with pytest.raises(IntegrityError, match="fk_recordings_call"):
            await write_recordings(connection, entries([stored()]))


async def test_calls_are_listed_latest_first_page_by_page(
    database: AsyncEngine, archive: CallArchive
) -> None:
    # Pairs that began at the same time, so a page ends between two of them.
    records = [ended(f"c.{number}", at=NOON + number // 2) for number in range(7)]
    await write(database, *records)

    pages, cursor = [], None
    while True:
        page = await archive.calls(limit=3, before_cursor=cursor)
        pages.append([record.call for record in page.calls])
        cursor = page.next_cursor
        if cursor is None:
            break

    assert pages == [["c.6", "c.5", "c.4"], ["c.3", "c.2", "c.1"], ["c.0"]]


async def test_calls_that_arrive_while_one_leafs_through_shift_no_page(
    database: AsyncEngine, archive: CallArchive
) -> None:
    await write(database, *(ended(f"c.{number}", at=NOON + number) for number in range(4)))
    first = await archive.calls(limit=2)
    await write(database, ended("c.9", at=NOON + 9))

    second = await archive.calls(limit=2, before_cursor=first.next_cursor)

    assert [record.call for record in second.calls] == ["c.1", "c.0"]
    assert second.next_cursor is None


async def test_listed_calls_are_whole(database: AsyncEngine, archive: CallArchive) -> None:
    await write(database, ended("c.1"), ringing("c.2", at=NOON + 1))

    page = await archive.calls()

    assert page.calls == [ringing("c.2", at=NOON + 1), ended("c.1")]


async def test_calls_are_found_by_time_queue_agent_and_outcome(
    database: AsyncEngine, archive: CallArchive
) -> None:
    await write(
        database,
        ended("early", at=NOON - 60),
        ended("noon", at=NOON),
        replace(ended("other", at=NOON + 1), queue="vip", agent="1003"),
        replace(ringing("gone", at=NOON + 2), outcome=CallOutcome.ABANDONED),
    )

    async def found(**filters: object) -> list[str]:
        page = await archive.calls(**filters)  # type: ignore[arg-type]
        return [record.call for record in page.calls]

    noon = datetime.fromtimestamp(NOON, UTC)
    assert await found(since=noon) == ["gone", "other", "noon"], "from this moment on"
    assert await found(until=noon) == ["early"], "before this moment"
    assert await found(queue="vip") == ["other"]
    assert await found(agent="1002") == ["noon", "early"]
    assert await found(outcome=CallOutcome.ABANDONED) == ["gone"]
    assert await found(queue="general", agent="1002", since=noon) == ["noon"]


async def test_calls_are_found_by_the_work_order_they_were_dialled_for(
    database: AsyncEngine, archive: CallArchive
) -> None:
    await write(database, ended("asked"), replace(ended("visit", at=NOON + 60), work_order="wo-asked"))
    page = await archive.calls(work_order="wo-asked")
    assert [record.call for record in page.calls] == ["visit"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "2026-03-02T12:00:00.000000Z", "2026-99-02T12:00:00.000000Z~c.1"]
)
async def test_a_cursor_that_no_page_gave_out_is_refused(archive: CallArchive, cursor: str) -> None:
    with pytest.raises(BadCursor, match="next_cursor"):
        await archive.calls(before_cursor=cursor)


async def test_a_database_that_is_away_says_so_in_one_way(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = create_engine(f"postgresql:///nowhere?host={tmp_path_factory.mktemp('away')}")
    archive = CallArchive(engine)

    with pytest.raises(DatabaseAway):
        await archive.call("c.1")
    with pytest.raises(DatabaseAway):
        await archive.calls()
    with pytest.raises(DatabaseAway):
        await archive.recording("c.1-b")
    await engine.dispose()


async def test_who_wrapped_a_call_up_and_how_long_is_in_the_agents_history(
    database: AsyncEngine, archive: CallArchive
) -> None:
    def was(agent: str, at: float, state: AgentState, since: float, call: str | None = None) -> AgentChanged:
        return replace(agent_changed(agent, call, at=at), state=state, since=since)

    wraps = AgentState.WRAP_UP
    history = [
        was("1001", NOON, AgentState.BUSY, NOON, "w.1"),
        was("1001", NOON + 60, wraps, NOON + 60, "w.1"),
        was("1002", NOON + 61, AgentState.READY, NOON + 61),
        was("1001", NOON + 65, wraps, NOON + 60, "w.1"),  # longer
        was("1001", NOON + 80, AgentState.READY, NOON + 80),
        was("1002", NOON + 90, wraps, NOON + 90, "w.1"),
        was("1001", NOON + 95, wraps, NOON + 95, "w.2"),
    ]
    await write(database, ended("w.1"))
    async with database.begin() as connection:
        await write_agent_states(connection, entries(history))

    found = await archive.call("w.1")

    assert found is not None
    assert found.wrap_ups == [
        WrapUpRecord("1001", NOON + 60, NOON + 80),
        WrapUpRecord("1002", NOON + 90, None),
    ]
    assert call_times(found.record, found.wrap_ups, NOON + 100).wrap_up_s == 30.0
