"""What is in Asterisk now: asked for after each connect, so that the service resumes from it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from acd.model import Instant, SeatId
from cti.ami.channels import dialled, endpoint_of, number
from cti.ami.client import AmiClient
from cti.ami.errors import AmiRefused
from cti.ami.messages import AmiMessage
from cti.ami.phones import ask_phones
from cti.calls.facts import LegId, LegSnapshot, PbxSnapshot, Phone

_T = TypeVar("_T")
_D = TypeVar("_D")
_VARIABLES = (
    "HL_CALL,HL_HOTLINE,HL_QUEUE,HL_PRIORITY,HL_QUEUED_AT,HL_PLACE,HL_HELD_BY,HL_RECORDING,HL_STEPS,HL_CHOICE"
    ",HL_CALLBACK"
)
_MADE_BY_ASTERISK = re.compile(r"(?:.+-)?(?P<second>[0-9]{10})\.[0-9]+")
_PLACES = frozenset(
    {
        "waiting",
        "fallback",
        "agent",
        "held",
        "parked",
        "after",
        "diverted",
        "closed",
        "voicemail",
        "callback",
    }
)
_RINGING, _UP = "5", "6"
_DEADLINE_S = 10.0


async def ask_snapshot(
    client: AmiClient,
    *,
    seats: Sequence[SeatId],
    clock: Callable[[], Instant],
    cause: str,
    booted_at: Instant,
    on_complete: Callable[[], None],
) -> PbxSnapshot:
    """Ask Asterisk for its channels and the seats' phones. Raises AmiError.

    `on_complete` runs at the point of the event stream where the channels stand: events after it are newer.
    The phones are asked for after it, and which of them hold their calls, so that no event about them is told
    before something older.
    The snapshot's time is that point's, so that whatever came after it is later.
    """
    complete_at: list[Instant] = []

    def complete() -> None:
        complete_at.append(clock())
        on_complete()

    channels = await client.send_list(
        {"Action": "Status", "Variables": _VARIABLES},
        deadline_s=_DEADLINE_S,
        ends_with="StatusComplete",
        on_complete=complete,
    )
    [at] = complete_at
    shown = build_snapshot(channels, (), at=at, cause=cause, booted_at=booted_at)
    phones, legs = await asyncio.gather(ask_phones(client, seats), _with_holds(client, shown.legs))
    return replace(shown, phones=phones, legs=legs)


async def _with_holds(client: AmiClient, legs: Sequence[LegSnapshot]) -> tuple[LegSnapshot, ...]:
    """The legs, with what Asterisk says of their own phones' holds."""

    async def asked(leg: LegSnapshot) -> LegSnapshot:
        return leg if leg.bridge is None else replace(leg, on_hold=await _on_hold(client, leg.channel))

    return tuple(await asyncio.gather(*(asked(leg) for leg in legs)))


async def _on_hold(client: AmiClient, channel: str) -> bool | None:
    """Whether the phone last asked to send no sound, as SIP has it for a hold (RFC 3264, 8.4).

    `Status` cannot be asked for this: it reads its variables with the channel locked, which PJSIP waits for.
    """
    question = {"Action": "Getvar", "Channel": channel, "Variable": "CHANNEL(rtp,hold)"}
    try:
        answer = await client.send(question, deadline_s=_DEADLINE_S)
    except AmiRefused:  # the leg ended meanwhile
        return None
    return {"0": False, "1": True}.get(answer.get("Value", ""))


def build_snapshot(
    channels: Sequence[AmiMessage],
    phones: tuple[Phone, ...],
    *,
    at: Instant,
    cause: str,
    booted_at: Instant,
) -> PbxSnapshot:
    """A snapshot from the answer to `Status`. Channels that are no phone's are left out."""
    legs = (_leg(channel) for channel in channels)
    return PbxSnapshot(
        at=at,
        cause=cause,
        legs=tuple(leg for leg in legs if leg is not None),
        phones=phones,
        booted_at=booted_at,
    )


def _leg(channel: AmiMessage) -> LegSnapshot | None:
    endpoint = endpoint_of(channel["Channel"])
    if endpoint is None:
        return None
    variables = _variables(channel)
    place = variables.get("HL_PLACE", "")
    return LegSnapshot(
        leg=channel["Uniqueid"],
        channel=channel["Channel"],
        endpoint=endpoint,
        call=variables.get("HL_CALL") or channel.get("AccountCode", "") or None,
        linked=channel["Linkedid"],
        number=number(channel.get("CallerIDNum", "")),
        dialled=dialled(channel.get("DNID", "")),
        up=channel["ChannelState"] == _UP,
        ringing=channel["ChannelState"] == _RINGING,
        bridge=channel.get("BridgeID", "") or None,
        place=place if place in _PLACES else "other",
        hotline=variables.get("HL_HOTLINE", ""),
        queue=variables.get("HL_QUEUE", ""),
        priority=_number_or(int, variables.get("HL_PRIORITY", ""), 0),
        steps=variables.get("HL_STEPS", ""),
        queued_at=_number_or(float, variables.get("HL_QUEUED_AT", ""), None),
        started_at=_started_at(channel["Uniqueid"]),
        held_by=variables.get("HL_HELD_BY", "") if place == "held" else "",
        recording=variables.get("HL_RECORDING", ""),
        choice=variables.get("HL_CHOICE", ""),
        callback=variables.get("HL_CALLBACK", ""),
    )


def _started_at(leg: LegId) -> Instant | None:
    """Asterisk's own unique ids have the second of their making; of a leg we named it is not known
    (`Status` tells the time since the answer or the bridge, not since the start).
    """
    match = _MADE_BY_ASTERISK.fullmatch(leg)
    return float(match["second"]) if match else None


def _variables(channel: AmiMessage) -> dict[str, str]:
    """The channel variables that are set; Asterisk says `(null)` of the others."""
    pairs = (item.partition("=") for item in channel.all("Variable"))
    return {name: value for name, _, value in pairs if value != "(null)"}


def _number_or(read: Callable[[str], _T], text: str, default: _D) -> _T | _D:
    """One channel with a variable that cannot be read must not hide all others."""
    try:
        return read(text)
    except ValueError:
        return default
