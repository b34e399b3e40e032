"""What the service does with the dialplan, by hand: follow a caller in, ring a seat, read what was left."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.asterisk import AsteriskProcess
from tests.support.manager import Manager, Message
from tests.support.small_site import SEAT
from tests.support.talking_party import TalkingParty

HOTLINE, NUMBER = "12345", "13800001111"


class EventRow(NamedTuple):
    """One line of Asterisk's event log (CEL)."""

    event: str
    time: str
    leg: str
    linked: str
    call: str
    channel: str
    number: str
    exten: str
    context: str
    user_event: str
    extra: str


async def happens(event: asyncio.Event, within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        await event.wait()


async def reach_waiting(caller: TalkingParty, manager: Manager) -> Message:
    """The caller dials the hotline and talks; returns the event of it reaching the waiting loop."""
    caller.call(HOTLINE, NUMBER)
    await happens(caller.up)
    caller.talk()
    return await manager.user_event("HotlineQueued")


async def ring_seat(manager: Manager, queued: Message, leg: str = "offer-1", seat: str = SEAT) -> None:
    """Rings a seat for the caller of `queued`, as the service does."""
    await manager.act(
        "Originate",
        ChannelId=leg,
        Account=queued["Call"],
        Channel=f"PJSIP/{seat}",
        Context="hl-agent",
        Exten="s",
        Priority="1",
        Timeout="20000",
        Async="true",
        CallerID=f"<{NUMBER}>",
        Variable=[
            f"HL_CALL={queued['Call']}",
            f"HL_PEER={queued['Channel']}",
            "HL_PLACE=agent",
            f"SHARED(HL_RINGS,{queued['Channel']})={seat}",
            "HL_RUNG=1",
        ],
    )


async def connect(agent: TalkingParty, manager: Manager, queued: Message, leg: str = "offer-1") -> None:
    """Rings the seat, whose agent answers and talks; returns when both are connected."""
    await ring_seat(manager, queued, leg)
    await happens(agent.ringing)
    agent.answer()
    agent.talk()
    await manager.event("BridgeEnter", Uniqueid=leg)
    await manager.event("BridgeEnter", Uniqueid=queued["Uniqueid"])


def recording_file(asterisk: AsteriskProcess, leg: str) -> Path:
    return asterisk.site.asterisk.spool / "recording" / f"{leg}.raw"


def recorded(asterisk: AsteriskProcess, leg: str) -> NDArray[np.int16]:
    """Samples at 8 kHz, a column each for what the leg said and what it heard."""
    samples = np.fromfile(recording_file(asterisk, leg), dtype="<i2")
    assert samples.size % 2 == 0
    return samples.reshape(-1, 2)


def event_log(asterisk: AsteriskProcess) -> list[EventRow]:
    """Asterisk's event log; a line that has not the log's columns is an error."""
    with (asterisk.site.asterisk.spool / "cel" / "hotline.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert all(len(row) == len(EventRow._fields) for row in rows), rows
    return [EventRow(*row) for row in rows]


def logged(asterisk: AsteriskProcess, user_event: str) -> list[str]:
    """The extras of a user event in Asterisk's event log."""
    return [row.extra for row in event_log(asterisk) if row.user_event == user_event]
