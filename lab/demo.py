"""`make demo`: the whole hotline on this machine, at a peak that keeps callers waiting."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from lab import roots
from lab.account import account
from lab.callers import CallerPool, CallerReport
from lab.center import CallCenter
from lab.network import LOOPBACK
from lab.phones import Answerer, PhonePool
from lab.report import Report
from lab.site import REPOSITORY, make_lab_site
from lab.wallboard_picture import picture as take_picture

AGENTS = 40
PROGRESS_EVERY_S = 3.0
LOAD_NICENESS = 10
PICTURE_AFTER_SHARE = 0.55
"""The picture is taken when this share of the callers has called: the queue is at its longest then."""


@dataclass(frozen=True, slots=True)
class Load:
    """How the citizens of a demo call and how its agents work. Durations are seconds."""

    calls: int
    seed: int = 12345
    erlangs: float = 52.0
    """Offered load: more than the 40 agents carry, so that callers wait."""
    talk_s: tuple[float, float] = (8.0, 24.0)
    ring_s: tuple[float, float] = (0.4, 1.5)
    wrap_up_s: float = 2.0
    patience_s: tuple[float, float] = (12.0, 60.0)

    @property
    def handling_s(self) -> float:
        return sum(self.talk_s) / 2 + sum(self.ring_s) / 2 + self.wrap_up_s

    @property
    def calls_per_s(self) -> float:
        return self.erlangs / self.handling_s


async def demo(load: Load, directory: Path, console: Console, *, keep: bool, picture: Path | None) -> Report:
    """Runs a demo from setting up to the report. Raises the errors of what it starts."""
    began = time.monotonic()
    await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
    lab = make_lab_site(directory, queues={"wrap_up_s": load.wrap_up_s})
    chance = random.Random(load.seed)  # noqa: S311 - a load, not a secret
    async with CallCenter(directory, lab) as center:
        console.print(f"Asterisk, PostgreSQL and the service are up ({time.monotonic() - began:.1f} s)")
        # Phones and citizens are not part of what is shown: they must not take the machine from it.
        os.nice(LOAD_NICENESS)
        site = lab.site
        passwords = {seat.id: lab.secrets.seats[seat.id].get_secret_value() for seat in site.seats}
        registrar = (LOOPBACK, site.asterisk.sip_port)
        async with (
            PhonePool(passwords, registrar, directory / "phones") as phones,
            CallerPool(lab.trunk_peer, registrar, directory / "callers", phones.tones) as callers,
            Answerer(
                phones,
                rings_s=lambda _seat: chance.uniform(*load.ring_s),
                talks_s=lambda _seat: chance.uniform(*load.talk_s),
            ),
        ):
            seated = await center.seat_agents(AGENTS)
            console.print(f"{len(phones.registered)} phones registered, {len(seated)} agents logged in")
            watching = asyncio.create_task(_show_progress(center, console))
            try:
                reports, picture_task = await _call(load, chance, center, callers, picture)
            finally:
                watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            if picture_task is not None:
                console.print(f"picture: {await picture_task}")
            await _fill_work_orders(center, chance)
            report = await account(center, phones, reports)
            report.write(directory / "report.json")
            report.show(console)
            console.print(f"{directory / 'report.json'}")
            if keep:
                await _keep(center, console)
    return report


async def _call(
    load: Load, chance: random.Random, center: CallCenter, callers: CallerPool, picture: Path | None
) -> tuple[list[CallerReport], asyncio.Task[Path] | None]:
    """Lets the citizens call at random intervals (Poisson) and returns what each saw."""
    hotlines = center.lab.site.hotlines
    # Half of all calls come in on the hotline's own number, the rest on the lines merged into it.
    weights = [len(hotlines)] + [1] * (len(hotlines) - 1)
    calls: list[asyncio.Task[CallerReport]] = []
    picture_task: asyncio.Task[Path] | None = None
    async with asyncio.TaskGroup() as tasks:
        for index in range(load.calls):
            hotline = chance.choices(hotlines, weights)[0]
            calls.append(
                tasks.create_task(
                    callers.call(
                        number=f"139{index:08d}",
                        hotline=hotline.number,
                        patience_s=chance.uniform(*load.patience_s),
                    )
                )
            )
            if picture is not None and index == int(load.calls * PICTURE_AFTER_SHARE):
                picture_task = tasks.create_task(_take_picture(center, picture))
            await asyncio.sleep(chance.expovariate(load.calls_per_s))
    return [call.result() for call in calls], picture_task


async def _take_picture(center: CallCenter, out: Path) -> Path:
    url = f"{center.lab.api_url}/wallboard#token={center.lab.tokens['wallboard']}"
    await asyncio.to_thread(take_picture, url, out)
    return out


async def _show_progress(center: CallCenter, console: Console) -> None:
    api = center.api()
    while True:
        await asyncio.sleep(PROGRESS_EVERY_S)
        total = (await api.get("/v1/queues"))["total"]
        rate = f"{total['answer_rate']:.0%}" if total["answer_rate"] is not None else "-"
        console.print(
            f"waiting {total['waiting']:3}  longest {total['longest_wait_s']:5.1f} s"
            f"  talking {total['talking']:3}  answered {total['answered']:4}"
            f"  abandoned {total['abandoned']:3}  answer rate {rate}",
            highlight=False,
        )


async def _fill_work_orders(center: CallCenter, chance: random.Random) -> None:
    """Agents write the work orders of their calls, as they would while they wrap up."""
    categories = center.lab.site.work_orders.categories
    for order in await _all_pages(center, "/v1/work-orders", "work_orders"):
        await center.api().patch(
            f"/v1/work-orders/{order['work_order']}",
            category=chance.choice(categories),
            summary="市民来电反映情况，已记录。",
            disposition=chance.choice(("resolved_at_once", "to_dispatch")),
        )


async def _all_pages(center: CallCenter, path: str, key: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    query: dict[str, str] = {"limit": "500"}
    while True:
        page = await center.api().get(path, **query)
        items += page[key]
        if page["next_cursor"] is None:
            return items
        query["cursor"] = page["next_cursor"]


async def _keep(center: CallCenter, console: Console) -> None:
    """Leaves the hotline running until Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    url = center.lab.api_url
    console.print(f"wallboard: {url}/wallboard#token={center.lab.tokens['wallboard']}", soft_wrap=True)
    console.print(
        f"API: {url}/docs   token of a supervisor: {center.lab.tokens['supervisor']}", soft_wrap=True
    )
    console.print("Ctrl-C ends it.")
    await stop.wait()


def run_demo(calls: int, keep: bool, picture: Path | None) -> int:
    """Returns the exit status: 0 when all sources agree and nothing is missing."""
    console = Console()
    roots.asterisk_program()
    directory = REPOSITORY / "var" / "demo"
    report = asyncio.run(demo(Load(calls), directory, console, keep=keep, picture=picture))
    return 1 if report.problems else 0
