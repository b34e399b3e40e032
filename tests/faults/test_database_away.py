"""PostgreSQL away: calls are routed all the same, also by a service that starts without it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.scene import scene


async def test_a_service_that_starts_without_postgresql_routes_and_archives_later(tmp_path: Path) -> None:
    async with scene(tmp_path, 1) as place:
        postgres = place.center.postgres
        assert postgres is not None
        await place.center.service.stop()
        await asyncio.to_thread(postgres.kill)
        await place.center.service.start()

        caller, seat = await place.talking()
        await place.reloaded()
        await place.hears_on(caller)
        await place.phones.hang_up(seat)
        assert (await place.health())["database_reachable"] is False

        await asyncio.to_thread(postgres.start_again)
        await place.account()
        assert {report.outcome for report in place.reports} == {"answered"}
