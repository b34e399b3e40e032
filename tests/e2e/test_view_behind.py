"""How far a supervisor's view is behind the phone itself: Asterisk, a softphone, the service, its API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.phones import EventStream, What
from tests.support.console import Console, Told, console
from tests.support.staffed import WITHIN_S, Staffed, staffed
from tests.support.until import given

CALLS = 8
TRANSITIONS = 3 * CALLS
BEHIND_S = 1.0
ASKS_EVERY_S = 0.1
"""A wallboard asks once a second, which is not counted here: how old an answer is, is."""


@dataclass(slots=True)
class View:
    """What a supervisor sees: the console's events, and the answers to who asks for the queues' figures."""

    console: Console
    place: Staffed
    figures: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)
    behind_s: dict[str, list[float]] = field(default_factory=dict)

    async def ask(self) -> None:
        while True:
            total = await self.place.total()
            self.figures.append((time.time(), total))
            await asyncio.sleep(ASKS_EVERY_S)

    async def shows(
        self,
        happened_at: float,
        since: tuple[int, int],
        *,
        agent: Callable[[Mapping[str, Any]], bool],
        call: Callable[[Mapping[str, Any]], bool],
        total: Callable[[Mapping[str, Any]], bool],
    ) -> None:
        """Waits until all three show what the phone did at `happened_at`, and notes how late each did.

        `since` is what the view had shown before; what came before the phone's own word is not late.
        """
        of_events, of_figures = since

        def as_told(kind: str, wanted: Callable[[Mapping[str, Any]], bool]) -> Callable[[Told], bool]:
            return lambda told: told.kind == kind and wanted(told.body)

        async def figure() -> float | None:
            return next((at for at, each in self.figures[of_figures:] if total(each)), None)

        came_at = {
            "agent_state": (await self.console.first(as_told("agent_state", agent), of_events)).at,
            "call": (await self.console.first(as_told("call", call), of_events)).at,
            "queues": await given(figure, WITHIN_S),
        }
        for name, at in came_at.items():
            self.behind_s.setdefault(name, []).append(max(0.0, at - happened_at))

    @property
    def so_far(self) -> tuple[int, int]:
        return len(self.console.told), len(self.figures)


@asynccontextmanager
async def viewed(place: Staffed) -> AsyncIterator[View]:
    async with console(place.center) as watching:
        view = View(watching, place)
        asking = asyncio.create_task(view.ask(), name="figures")
        try:
            yield view
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


async def test_ring_answer_and_hang_up_at_a_phone_are_seen_within_a_second(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=0.0) as place, viewed(place) as view:
        [(seat, agent)] = place.agents.items()
        with place.phones.events(seat) as phone:
            for number in range(CALLS):
                await one_call(place, view, phone, agent, f"1390000{number:04}")
    for name, seconds in view.behind_s.items():
        print(f"{name}: n={len(seconds)} max={max(seconds):.3f} s")
        assert len(seconds) == TRANSITIONS, name
        assert max(seconds) < BEHIND_S, (name, seconds)


async def one_call(place: Staffed, view: View, phone: EventStream, agent: str, number: str) -> None:
    """A citizen's call from the first ring to the agent's being ready again."""
    seen = view.so_far
    caller, task = place.callers.begin(number, "12345")
    rings = await phone.next(What.INCOMING, within_s=WITHIN_S)
    await view.shows(
        rings.at.timestamp(),
        seen,
        agent=lambda body: (body["agent"], body["state"]) == (agent, "reserved"),
        call=lambda body: (body["number"], body["state"]) == (number, "offered"),
        total=lambda total: bool(total["agents"]["reserved"] == 1),
    )
    seen = view.so_far
    await place.phones.answer(rings.seat)
    answered = await phone.next(What.ESTABLISHED, within_s=WITHIN_S)
    await view.shows(
        answered.at.timestamp(),
        seen,
        agent=lambda body: (body["agent"], body["state"]) == (agent, "busy"),
        call=lambda body: (body["number"], body["state"]) == (number, "talking"),
        total=lambda total: bool((total["talking"], total["agents"]["busy"]) == (1, 1)),
    )
    await caller.heard.wait()
    seen = view.so_far
    await place.phones.hang_up(rings.seat)
    closed = await phone.next(What.CLOSED, within_s=WITHIN_S)
    await view.shows(
        closed.at.timestamp(),
        seen,
        agent=lambda body: (body["agent"], body["state"]) == (agent, "ready"),
        call=lambda body: body["number"] == number and body["state"] != "talking",
        total=lambda total: bool((total["talking"], total["agents"]["ready"]) == (0, 1)),
    )
    await task
