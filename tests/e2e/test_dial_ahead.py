"""A list at a pace, on a real Asterisk: more citizens' phones ring at once than there are agents, who answers
is put through, and the share of those who find nobody stays below the rate.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cti.campaign_file import read_list, steer
from lab.carrier import CalledCitizen
from lab.center import ApiFailed
from lab.phones import Answerer, What
from tests.support.called_back import WITHIN_S, Place, place
from tests.support.short_sounds import PLACE_HZ
from tests.support.until import given

pytestmark = [pytest.mark.usefixtures("short_prompts"), pytest.mark.timeout(400)]

AGENTS, RATE = 3, 0.1
LIST = "flu-2026"
SORRY = "position-1"
"""A prompt that is a tone of its own, by which is told who heard it."""
ANSWER = [f"1396000{number:04}" for number in range(10)]
BUSY = [f"1391000{number:04}" for number in range(20)]
ASLEEP, BUSY_TOO = "13920000001", "13920000002"
SLOW = [f"1393000{number:04}" for number in range(3)]
TOGETHER = [f"1394000{number:04}" for number in range(AGENTS + 1)]
LATER = [f"1395000{number:04}" for number in range(AGENTS + 1)]
RINGS_S: dict[str, float | None] = {
    **dict.fromkeys([*BUSY, BUSY_TOO]),
    ASLEEP: 300.0,
    **dict.fromkeys([*SLOW, *TOGETHER, *LATER], 4.0),
}
TERMS = {
    "mode": "customer_first",
    "ring_timeout_s": 20.0,
    "failed_delay_s": 1.0,
    "max_attempts": 1,
    "max_abandoned_rate": RATE,
    "abandoned_prompt": SORRY,
}


@dataclass
class Calling:
    """The list is called; agents answer at once, and talk for `talks_s`, or (None) until they are told."""

    here: Place
    directory: Path
    talks_s: float | None = 1.0

    async def imports(self, *numbers: str) -> int:
        """Adds citizens to the list from a CSV file once every agent is free; gives how many calls were made
        before.
        """
        await self.here.seats_where(AGENTS, state="ready", reason=None)
        so_far = len(self.here.peer.calls)
        file = self.directory / "list.csv"
        file.write_text("\n".join(["number", *numbers, ""]))
        lab = self.here.center.lab
        told = LIST, "general", read_list(file), lab.api_url, lab.tokens["supervisor"], io.StringIO()
        await steer("import", *told)
        return so_far

    async def calls(self, numbers: Iterable[str], so: Callable[[CalledCitizen], bool]) -> list[CalledCitizen]:
        """The last call to each of these citizens, once it is so with all of them."""
        wanted = list(numbers)

        async def look() -> list[CalledCitizen] | None:
            last = {call.number: call for call in self.here.peer.calls}
            found = [last[number] for number in wanted if number in last and so(last[number])]
            return found if len(found) == len(wanted) else None

        return await given(look, WITHIN_S)

    async def today(self, **wanted: Any) -> dict[str, Any]:
        """How the list stands today, once it is as wanted."""

        async def look() -> dict[str, Any] | None:
            try:
                campaign = await self.here.center.api().get(f"/v1/campaigns/{LIST}")
            except ApiFailed:
                return None  # it is not archived yet
            today: dict[str, Any] | None = campaign["dialled_today"]
            so = today is not None and all(today[key] == value for key, value in wanted.items())
            return today if so else None

        return await given(look, WITHIN_S)

    async def became_of(self, numbers: Iterable[str]) -> list[tuple[Any, ...]]:
        """What is archived of these citizens' callbacks."""
        page = await self.here.center.api().get("/v1/callbacks", campaign=LIST, limit="100")
        told = "number", "end", "last_outcome", "mode", "calls"
        return [
            tuple(entry[each] for each in told)
            for entry in page["callbacks"]
            if entry["number"] in set(numbers)
        ]

    async def hang_up(self) -> None:
        """Every agent who talks ends the call."""
        for seat in self.here.agents:
            if What.ESTABLISHED in self.here.phones.calls(seat).values():
                await self.here.phones.hang_up(seat)

    def seats(self, call: CalledCitizen) -> tuple[str, ...]:
        return self.here.peer.seats_heard(call)


@asynccontextmanager
async def calling(directory: Path) -> AsyncIterator[Calling]:
    async with place(directory, TERMS, agents=AGENTS, rings_s=RINGS_S) as here:
        at = Calling(here, directory)
        async with Answerer(here.phones, rings_s=lambda _: 0.1, talks_s=lambda _: at.talks_s):
            yield at


def at_once(calls: Iterable[CalledCitizen]) -> int:
    """The most of these phones that rang at one moment."""
    moments = []
    for call in calls:
        stopped = call.answered_at or call.ended_at
        assert stopped is not None
        moments += [(call.called_at, 1), (stopped, -1)]
    ringing = most = 0
    for _, change in sorted(moments):
        ringing += change
        most = max(most, ringing)
    return most


async def test_a_list_is_dialled_ahead_and_no_more_than_the_rate_find_nobody(tmp_path: Path) -> None:
    async with calling(tmp_path) as at:
        peer = at.here.peer
        # One each, until enough answered: of thirty citizens twenty are busy.
        mixed = [number for place in zip(BUSY[::2], ANSWER, BUSY[1::2], strict=True) for number in place]
        await at.imports(*mixed)
        today = await at.today(dialled=30, holds=None)
        assert (today["answered"], today["abandoned"]) == (10, 0), await at.became_of(ANSWER)
        assert sorted(call.number for call in peer.calls) == sorted(mixed)
        assert all(at.seats(call) for call in await at.calls(ANSWER, lambda call: call.heard.is_set()))

        # Ahead: three agents, four phones. One rings in vain, and no agent waits for it.
        at.talks_s = None
        so_far = await at.imports(ASLEEP, *SLOW, BUSY_TOO)
        talking = await at.calls(SLOW, lambda call: call.heard.is_set())
        assert {seat for call in talking for seat in at.seats(call)} == set(at.here.agents)
        assert BUSY_TOO not in [call.number for call in peer.calls], "nobody is free"
        at.talks_s = 1.0
        await at.hang_up()
        await at.calls([ASLEEP, *SLOW, BUSY_TOO], lambda call: call.ended.is_set())
        assert at_once(peer.calls[so_far:]) == AGENTS + 1
        today = await at.today(dialled=35, holds=None)
        assert (today["answered"], today["abandoned"]) == (13, 0), await at.became_of(SLOW)

        # Ahead, and all four answer: three talk, one hears so, is counted, and is called again.
        at.talks_s = None
        so_far = await at.imports(*TOGETHER)
        settled = await at.calls(TOGETHER, lambda call: call.heard.is_set() or call.ended.is_set())
        [alone] = [call for call in settled if not at.seats(call)]
        await asyncio.wait_for(alone.ended.wait(), WITHIN_S)
        assert alone.hung_up_by == "hotline"
        assert alone.line.heard_s.get(PLACE_HZ[SORRY], 0.0) > 0.2
        assert {seat for call in settled for seat in at.seats(call)} == set(at.here.agents)
        assert at_once(peer.calls[so_far:]) == AGENTS + 1
        today = await at.today(answered=17)
        assert (today["abandoned"], today["abandoned_rate"] <= RATE) == (1, True)
        await at.hang_up()
        [again] = await at.calls([alone.number], lambda call: call is not alone and call.heard.is_set())
        assert at.seats(again), "with an agent first"
        at.talks_s = 1.0
        await at.hang_up()

        # One more in vain would be above the rate: one each again, and the list says why.
        so_far = await at.imports(*LATER)
        await at.today(holds="abandoned_rate")
        answered = await at.calls(LATER, lambda call: call.heard.is_set() and call.ended.is_set())
        assert all(at.seats(call) for call in answered)
        assert at_once(peer.calls[so_far:]) == AGENTS
        today = await at.today(dialled=43, holds=None)
        assert (today["answered"], today["abandoned"]) == (21, 1), await at.became_of(LATER)
        await archived_is_true(at)


async def archived_is_true(at: Calling) -> None:
    """What is archived of each citizen's last callback is what the carrier and the phones saw."""

    async def all_over() -> list[dict[str, Any]] | None:
        page = await at.here.center.api().get("/v1/callbacks", campaign=LIST, limit="100")
        entries: list[dict[str, Any]] = page["callbacks"]
        return entries if all(entry["end"] for entry in entries) else None

    entries = await given(all_over, WITHIN_S)
    ends = sorted((entry["number"], entry["end"]) for entry in entries)
    reached = [*ANSWER, *SLOW, *TOGETHER, *LATER]
    unreached = [*BUSY, BUSY_TOO, ASLEEP]
    assert ends == sorted([(n, "reached") for n in reached] + [(n, "unreached") for n in unreached])
    assert sum(len(entry["calls"]) for entry in entries) == len(at.here.peer.calls)
