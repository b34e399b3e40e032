"""An event loop in a thread of its own, for work whose computing must not hold up the loop that routes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


class LoopThread:
    """Runs one piece of work, once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None

    def call(self, callback: Callable[[], object]) -> None:
        """Calls it in the thread, soon. Does nothing before the work has begun and after it has ended."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(callback)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs `work` in the thread, and returns or raises what it does. To cancel this is to cancel it, and
        waits until it has ended.
        """
        here = asyncio.get_running_loop()
        over: asyncio.Future[None] = here.create_future()
        self._loop = loop = uvloop.new_event_loop()
        task = loop.create_task(work, name=self._name)

        def keep() -> None:
            asyncio.set_event_loop(loop)
            try:
                loop.run_until_complete(asyncio.wait([task]))
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.run_until_complete(loop.shutdown_default_executor())
            finally:
                loop.close()
                here.call_soon_threadsafe(over.set_result, None)

        threading.Thread(target=keep, name=self._name, daemon=True).start()
        try:
            await asyncio.shield(over)
        except asyncio.CancelledError:
            self.call(task.cancel)
            await over
            raise
        return task.result()
