"""Whether what was journaled is in the archive, as the API asks before it answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.running_hotline import ArchiveAt, running_hotline
from tests.support.small_site import AGENT, SEAT


async def test_it_waits_until_the_archive_has_what_the_journal_had_when_asked(tmp_path: Path) -> None:
    archive = ArchiveAt()
    archive.applied_seq = 0
    async with running_hotline(tmp_path, archive) as (hotline, service):
        await hotline.log_in(AGENT, SEAT, "t")
        upto = service.journal.written_seq
        assert upto > 0
        asked = asyncio.create_task(hotline.archived(60.0))
        archive.applied_seq = upto - 1
        assert not await hotline.archived(0.0), "one entry is missing"
        assert not asked.done()
        archive.applied_seq = upto
        assert await asked
        assert await hotline.archived(0.0)
