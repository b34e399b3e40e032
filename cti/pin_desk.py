"""Looks at PINs: takes what was pressed off the phone's channel, hashes it in a thread, keeps nothing of it.

A PIN is in no event of the inbox, in no record and in no log: what comes back is whether it was right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from acd.model import AgentId, Instant
from cti.commands import PinTried
from cti.pins import PinAsked
from cti.ports import Telephony, TelephonyError

log = structlog.get_logger(__name__)


class PinDesk:
    """One PIN at a time: trying many costs whoever tries them time, and the machine one core at most."""

    def __init__(
        self,
        telephony: Telephony,
        is_right: Callable[[AgentId, str], bool],
        now: Callable[[], Instant],
        tell: Callable[[PinTried], None],
    ) -> None:
        """`is_right` blocks; `tell` gets what came of each PIN that a phone was asked for."""
        self._telephony = telephony
        self._is_right = is_right
        self._now = now
        self._tell = tell
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pins")
        self._under_way: set[asyncio.Task[None]] = set()

    def look_at(self, asked: PinAsked) -> None:
        """Begins with a phone's PIN and returns at once."""
        task = asyncio.create_task(self._look_at(asked), name="pin")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def tried(self, agent: AgentId, pin: str, cause: str) -> PinTried:
        """Looks at a PIN that came over the API."""
        right = await self._right(agent, pin)
        return PinTried(self._now(), cause, agent, right)

    def close(self) -> None:
        """Leaves what is under way; whoever waits at a phone hears that there is no answer."""
        for task in self._under_way:
            task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _look_at(self, asked: PinAsked) -> None:
        try:
            pin = await self._telephony.take_pin(asked.channel)
        except TelephonyError as error:
            log.info("pin_not_seen", seat=asked.seat, agent=asked.agent, cause=asked.cause, reason=str(error))
            return
        right = bool(pin) and await self._right(asked.agent, pin)
        self._tell(PinTried(self._now(), asked.cause, asked.agent, right, asked.seat, asked.channel))

    async def _right(self, agent: AgentId, pin: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._is_right, agent, pin)
