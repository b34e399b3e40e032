"""Waiting for what calls nobody back when it happens: a file that goes, a log line, a row."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def given(wanted: Callable[[], Awaitable[T | None]], within_s: float) -> T:
    """What `wanted` gives as soon as it gives something; asks again and again. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not (found := await wanted()):  # noqa: ASYNC110 - processes call nobody back
            await asyncio.sleep(0.05)
        return found


async def until(holds: Callable[[], bool]) -> None:
    """Returns once `holds()`; the test's own time limit ends the wait."""
    while not holds():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.005)
