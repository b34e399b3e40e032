"""Waiting for what calls nobody back when it happens: a file that goes, a log line, a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool]) -> None:
    """Returns once `holds()`; the test's own time limit ends the wait."""
    while not holds():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.005)
