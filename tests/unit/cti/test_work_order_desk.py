"""Whether there is a work order: the journal knows the newest, the archive the rest; away, nobody can say."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import cast

import pytest

import cti.work_order_desk
from cti.calls.outputs import CallbackReason
from cti.journal import Journal
from cti.verbs.callbacks import RequestCallback
from cti.verbs.campaigns import AddToCampaign, ListedCitizen
from cti.verbs.dial import DialOut
from cti.verbs.hang_up import HangUpCall
from cti.views import Refused
from cti.work_order_desk import JournaledWorkOrders
from tests.support.archive_records import draft, spawned
from tests.support.fake_archive import FakeWorkOrders, work_order
from workorder.store import WorkOrders

JOURNALED, ARCHIVED = "wo-c.1", "wo-c.2"


@pytest.fixture
def archive() -> FakeWorkOrders:
    archive = FakeWorkOrders()
    archive.orders[ARCHIVED] = work_order("c.2", None)
    return archive


@pytest.fixture
def desk(tmp_path: Path, archive: FakeWorkOrders) -> Iterator[JournaledWorkOrders]:
    journal = Journal.open(tmp_path / "journal.sqlite")
    journal.write([draft(spawned("c.1"))], {})
    yield JournaledWorkOrders(journal, cast(WorkOrders, archive))
    journal.close()


async def test_one_that_is_journaled_or_archived_is_there(desk: JournaledWorkOrders) -> None:
    for name in (JOURNALED, ARCHIVED, None):
        await desk.require(DialOut("13800000001", name))
        await desk.require(RequestCallback("13800000001", "general", CallbackReason.VISIT, work_order=name))
    await desk.require(HangUpCall("c.1"))


async def test_one_that_was_never_made_is_refused_and_of_a_list_its_row_is_named(
    desk: JournaledWorkOrders,
) -> None:
    rows = tuple(ListedCitizen("13800000001", work_order=name) for name in (JOURNALED, None, "wo-none"))
    for asked, sentence in (
        (
            DialOut("13800000001", "wo-none"),
            "There is no work order wo-none; name one that there is, or none.",
        ),
        (
            AddToCampaign("flu", "general", rows),
            "Row 3: There is no work order wo-none; name one that there is, or none.",
        ),
    ):
        with pytest.raises(Refused) as refused:
            await desk.require(asked)
        told = refused.value
        assert (told.error, told.sentence, told.field) == ("unknown_work_order", sentence, "work_order")


async def test_while_the_archive_is_away_or_stuck_nobody_can_say(
    desk: JournaledWorkOrders, archive: FakeWorkOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = DialOut("13800000001", "wo-none")
    archive.away = True
    await desk.require(asked)

    async def stuck(_named: Collection[str]) -> set[str]:
        await asyncio.Event().wait()
        return set()

    monkeypatch.setattr(archive, "known", stuck)
    monkeypatch.setattr(cti.work_order_desk, "ARCHIVE_S", 0.01)
    await desk.require(asked)
