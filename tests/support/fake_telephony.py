"""Asterisk's side of the service for unit tests: facts are given by the test, actions are collected."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from acd.model import Instant
from cti.calls.actions import Action
from cti.calls.facts import Fact, LegId, LegMeasured, PbxSnapshot, PhonesSeen
from cti.ports import OnConnected, OnFact, TelephonyError
from tests.support.conversation import snapshot


class FakeTelephony:
    """Holds still until the test lets it answer; `performed` has the actions in order."""

    def __init__(self) -> None:
        self.on_fact: OnFact
        self.on_connected: OnConnected
        self.performed: list[Action] = []
        self.changed = asyncio.Event()
        self.past: list[Fact] = []
        self.present: PbxSnapshot = snapshot(at=0.0)
        self.failures = 0
        """How often the snapshot fails before it is given."""
        self.asked_since: list[Instant] = []
        """From when on the log was asked for, each time."""
        self.pressed: dict[str, str] = {}
        self.reading_log = asyncio.Event()
        self.log_may_be_read = asyncio.Event()
        self.log_may_be_read.set()
        self.closed = False
        self.reconnects: list[str] = []

    async def start(self) -> None:
        self.on_connected()

    async def close(self) -> None:
        self.closed = True

    def reconnect(self, reason: str) -> None:
        self.reconnects.append(reason)

    def perform(self, action: Action) -> None:
        self.performed.append(action)
        self.changed.set()

    async def snapshot(self) -> PbxSnapshot:
        if self.failures:
            self.failures -= 1
            raise TelephonyError("lost")
        return self.present

    async def measured(self, leg: LegId, channel: str) -> LegMeasured:
        return LegMeasured(self.present.at, "t", leg, None, final=False)

    async def take_pin(self, channel: str) -> str:
        if channel not in self.pressed:
            raise TelephonyError("no such channel")
        return self.pressed.pop(channel)

    async def phones(self) -> PhonesSeen:
        return PhonesSeen(self.present.at, "t", self.present.phones)

    async def missed(self, since: Instant) -> Sequence[Fact]:
        self.asked_since.append(since)
        self.reading_log.set()
        await self.log_may_be_read.wait()
        return [fact for fact in self.past if fact.at >= since]

    async def wait_for(self, kind: type[Action], count: int = 1) -> list[Action]:
        """The performed actions of a kind, as soon as there are `count` of them."""
        async with asyncio.timeout(10):
            while True:
                found = [action for action in self.performed if isinstance(action, kind)]
                if len(found) >= count:
                    return found
                self.changed.clear()
                await self.changed.wait()
