"""The real service, over a real journal, with Asterisk played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

from config.policy import routing_policy
from cti.calls.actions import Beat
from cti.calls.outputs import RecordingDue, RecordingVoid
from cti.clock import SteadyClock
from cti.feed import EventFeed
from cti.hotline import Hotline, Names
from cti.journal import Journal
from cti.plan import Plan
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.service import Service
from cti.work_order_desk import JournaledWorkOrders
from tests.support.conversation import snapshot
from tests.support.fake_archive import FakeWorkOrders
from tests.support.fake_telephony import FakeTelephony
from tests.support.small_site import OTHER_SEAT, SEAT, small_site
from workorder.store import WorkOrders


class NoRecordings:
    def submit(self, due: RecordingDue) -> None: ...
    def void(self, void: RecordingVoid) -> None: ...
    def confirm(self, recording: str) -> None: ...


class ArchiveAt:
    """An archive that is as far as a test says; at first farther than any journal."""

    reachable = True

    def __init__(self) -> None:
        self.applied_seq = 1 << 62

    def backlog(self) -> int:
        return 0


@asynccontextmanager
async def running_hotline(
    root: Path, archive: ArchiveAt | None = None
) -> AsyncIterator[tuple[Hotline, Service]]:
    """The small site's service, in sight of an Asterisk in which nothing is."""
    site = small_site(root)
    policy = routing_policy(site)
    clock = SteadyClock()
    journal = Journal.open(root / "journal.sqlite")
    feed = EventFeed(journal)
    telephony = FakeTelephony()
    telephony.present = snapshot(reachable=frozenset({SEAT, OTHER_SEAT}))
    seats = tuple(seat.id for seat in site.seats)
    reasons = {reason.digit: reason.id for reason in site.not_ready_reasons}
    plan = Plan(seats, site.trunk.id, reasons, lambda _at: (0.0, float("inf")))
    work_orders = JournaledWorkOrders(journal, cast(WorkOrders, FakeWorkOrders()))
    running = Service(
        runtime=Runtime(plan, policy, Resume(), clock.now()),
        telephony=telephony,
        journal=journal,
        recordings=NoRecordings(),
        work_orders=work_orders,
        now=clock.now,
        last_seen=clock.now(),
        journaled=feed.publish,
    )
    telephony.on_fact = running.on_fact
    telephony.on_connected = running.on_connected
    names = Names(
        queues={queue.id: queue.name for queue in site.queues},
        agents={agent.id: agent.name for agent in site.agents},
        skills={skill.id: skill.name for skill in site.skills},
        whole="全部",
    )
    task = asyncio.create_task(running.run())
    try:
        await telephony.wait_for(Beat)
        yield Hotline(running, names, archive or ArchiveAt(), feed, b"secret", work_orders), running
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        journal.close()
