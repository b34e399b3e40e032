"""Work in a loop of its own: it runs beside, ends when told, and its outcome comes back."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from cti.loop_thread import LoopThread


async def test_the_loop_goes_on_while_the_work_computes() -> None:
    beside = LoopThread("work")
    let_go = threading.Event()
    begun = asyncio.Event()
    here = asyncio.get_running_loop()

    async def work() -> str:
        here.call_soon_threadsafe(begun.set)
        assert let_go.wait(10)
        return threading.current_thread().name

    running = asyncio.create_task(beside.run(work()))
    await begun.wait()
    assert not running.done()
    let_go.set()
    assert await running == "work"


async def test_what_the_work_raises_is_raised_here() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await LoopThread("work").run(work())


async def test_cancelling_ends_the_work_before_it_returns() -> None:
    beside = LoopThread("work")
    told: list[str] = []
    waiting = threading.Event()

    async def work() -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            told.append(await asyncio.to_thread(time.strftime, "tidied up"))

    running = asyncio.create_task(beside.run(work()))
    await asyncio.to_thread(waiting.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert told == ["tidied up"]


async def test_a_call_reaches_the_work_and_none_is_an_error_after_its_end() -> None:
    beside = LoopThread("work")
    called = asyncio.Event()
    waiting = threading.Event()

    async def work() -> None:
        waiting.set()
        await called.wait()

    running = asyncio.create_task(beside.run(work()))
    await asyncio.to_thread(waiting.wait, 10)
    beside.call(called.set)
    await running
    beside.call(called.set)
