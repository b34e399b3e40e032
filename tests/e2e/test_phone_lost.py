"""A phone that dies while idle, ringing or talking: real softphones, killed as a power cut would."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from lab.callers import CallerPool
from lab.center import CallCenter
from lab.network import LOOPBACK
from lab.phones import PhonePool, What
from lab.site import make_lab_site
from tests.support.staffed import Staffed

PHONES = {"ask_every_s": 1, "answer_within_s": 0.5, "ready_again_within_s": 60.0}
FOUND_WITHIN_S = 20.0
"""Asterisk asks once a second and waits half a second; the rest is for a slow machine."""


class Place:
    """Two seats, each with a phone process of its own, so that one can be killed."""

    def __init__(self, staff: Staffed, pools: dict[str, PhonePool]) -> None:
        self.staff = staff
        self.pools = pools

    def kill(self, seat: str) -> None:
        [pid] = self.pools[seat].pids
        os.kill(pid, signal.SIGKILL)

    async def agent(self, seat: str) -> dict[str, Any]:
        agent: dict[str, Any] = await self.staff.center.api().get(f"/v1/agents/{self.staff.agents[seat]}")
        return agent

    async def until_agent(self, seat: str, **wanted: Any) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            agent = await self.agent(seat)
            return agent if all(agent[key] == value for key, value in wanted.items()) else None

        found: dict[str, Any] = await self.staff.until(look, FOUND_WITHIN_S)
        return found

    async def seat(self, seat: str) -> dict[str, Any]:
        seats = (await self.staff.center.api().get("/v1/seats"))["seats"]
        found: dict[str, Any] = next(each for each in seats if each["seat"] == seat)
        return found


@asynccontextmanager
async def place(directory: Path, seats: int = 2, **queues: object) -> AsyncIterator[Place]:
    rules: dict[str, object] = {"reserves": [], "max_occupancy": 1.0}
    lab = make_lab_site(directory, queues=queues, routing=rules, phones=PHONES)
    registrar = (LOOPBACK, lab.site.asterisk.sip_port)
    async with CallCenter(directory, lab) as center, AsyncExitStack() as stack:
        pools = {}
        for seat in lab.site.seats[:seats]:
            password = lab.secrets.seats[seat.id].get_secret_value()
            pool = PhonePool({seat.id: password}, registrar, directory / "phones" / seat.id)
            pools[seat.id] = await stack.enter_async_context(pool)
        phones = next(iter(pools.values()))
        callers = CallerPool(lab.trunk_peer, registrar, directory / "callers", phones.tones)
        staff = Staffed(center, phones, await stack.enter_async_context(callers))
        staff.agents = await center.seat_agents(seats)
        yield Place(staff, pools)


async def test_a_phone_killed_while_idle_takes_its_agent_out_and_one_that_is_back_puts_them_back(
    tmp_path: Path,
) -> None:
    async with place(tmp_path, 1) as at:
        before = await at.seat("seat-01")
        assert (before["registered"], before["reachable"]) == (True, True)
        assert before["agent"] == at.staff.agents["seat-01"]
        at.kill("seat-01")
        out = await at.until_agent("seat-01", state="not_ready", reason="phone_unreachable")
        assert out["seat_reachable"] is False
        seat = await at.seat("seat-01")
        assert (seat["registered"], seat["reachable"]) == (True, False)
        assert seat["since"] == out["since"], "the agent is out in the moment in which it is known"
        async with PhonePool(
            {"seat-01": at.staff.center.lab.secrets.seats["seat-01"].get_secret_value()},
            (LOOPBACK, at.staff.center.lab.site.asterisk.sip_port),
            tmp_path / "new-phone",
        ):
            await at.until_agent("seat-01", state="ready", seat_reachable=True)


async def test_a_phone_killed_while_it_rings_costs_the_caller_neither_the_place_nor_the_ring_time(
    tmp_path: Path,
) -> None:
    async with place(tmp_path, ring_timeout_s=60.0) as at:
        events = {seat: pool.events() for seat, pool in at.pools.items()}
        _, task = at.staff.callers.begin("13900000001", "12345", talks_s=1.0)

        async def ringing() -> str | None:
            return next((s for s, pool in at.pools.items() if What.INCOMING in pool.calls(s).values()), None)

        first = await at.staff.until(ringing)
        other = next(seat for seat in at.pools if seat != first)
        killed_at = time.monotonic()
        at.kill(first)
        await events[other].next(What.INCOMING, within_s=FOUND_WITHIN_S)
        assert time.monotonic() - killed_at < FOUND_WITHIN_S
        await at.pools[other].answer(other)
        assert (await task).outcome == "answered"
        await at.until_agent(first, state="not_ready", reason="phone_unreachable")

        async def archived() -> dict[str, Any] | None:
            [call] = (await at.staff.center.api().get("/v1/calls"))["calls"]
            return call if call["ended_at"] is not None else None

        call = await at.staff.center.api().get(f"/v1/calls/{(await at.staff.until(archived))['call']}")
        assert [offer["outcome"] for offer in call["offers"]] == ["failed", "accepted"]
        failed, accepted = call["offers"]
        assert accepted["made_at"] >= failed["ended_at"]


async def test_a_phone_killed_while_it_talks_takes_its_agent_out_after_the_call(tmp_path: Path) -> None:
    async with place(tmp_path, 1, wrap_up_s=1.0) as at:
        pool = at.pools["seat-01"]
        with pool.events() as events:
            caller, task = at.staff.callers.begin("13900000001", "12345")
            await events.next(What.INCOMING)
            await pool.answer("seat-01")
            await caller.heard.wait()
        await at.until_agent("seat-01", state="busy", next_state="ready")
        at.kill("seat-01")
        await at.until_agent("seat-01", state="busy", next_state="not_ready", next_reason="phone_unreachable")
        caller.hang_up()
        await task
        await at.until_agent("seat-01", state="not_ready", reason="phone_unreachable")
