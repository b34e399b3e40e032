"""PostgreSQL away: calls are routed all the same, also by a service that starts without it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lab.account import account
from tests.support.staffed import staffed


async def test_a_service_that_starts_without_postgresql_routes_and_archives_later(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=0.0) as place:
        postgres = place.center.postgres
        assert postgres is not None
        await place.center.service.stop()
        await asyncio.to_thread(postgres.kill)
        await place.center.service.start()

        _, task = place.callers.begin("13900000001", "12345", talks_s=1.5)
        await place.answer_next()
        place.center.service.reload()
        report = await task
        assert report.outcome == "answered"
        health = await place.center.api().get("/health/ready")
        assert health["database_reachable"] is False

        await asyncio.to_thread(postgres.start_again)

        async def complete() -> bool:
            try:
                return len((await place.archive()).recordings) == 1
            except OSError:
                return False

        await place.until(complete)
        assert (await account(place.center, place.phones, [report])).problems == []
