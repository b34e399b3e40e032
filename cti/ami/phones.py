"""The seats' phones as Asterisk has them registered.

They are read function by function: `PJSIPShowContacts` tells all at once, and is for users with the class
`system` alone, who could also run programs on the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain

from acd.model import SeatId
from cti.ami.client import AmiClient
from cti.ami.decode import contact
from cti.ami.errors import AmiRefused
from cti.calls.facts import Phone

_DEADLINE_S = 10.0
_PAUSE_S = 0.25
"""Between two seats: 40 take ten seconds, and more of them are no more questions a second."""
_FIELDS = ("uri", "status", "rtt", "user_agent")


async def ask_phones(client: AmiClient, seats: Sequence[SeatId]) -> tuple[Phone, ...]:
    """The registered phones of these seats, as soon as may be. Raises AmiError."""
    return tuple(chain.from_iterable(await asyncio.gather(*(_phones_at(client, seat) for seat in seats))))


async def ask_phones_in_turn(client: AmiClient, seats: Sequence[SeatId]) -> tuple[Phone, ...]:
    """As `ask_phones`, one seat after the other and with time in between: Asterisk answers a link's actions
    in their order, so an offer made meanwhile waits for a few questions, not for those about every phone.
    """
    phones: list[Phone] = []
    for seat in seats:
        phones += await _phones_at(client, seat)
        await asyncio.sleep(_PAUSE_S)
    return tuple(phones)


async def _phones_at(client: AmiClient, seat: SeatId) -> list[Phone]:
    names = await _value(client, f"PJSIP_AOR({seat},contact)")
    phones = []
    for name in filter(None, names.split(",")):
        uri, status, rtt_us, user_agent = await asyncio.gather(
            *(_value(client, f"PJSIP_CONTACT({name},{field})") for field in _FIELDS)
        )
        if uri:  # it may have gone meanwhile
            phones.append(contact(seat, uri, status, rtt_us, user_agent))
    return phones


async def _value(client: AmiClient, function: str) -> str:
    try:
        answer = await client.send({"Action": "Getvar", "Variable": function}, deadline_s=_DEADLINE_S)
    except AmiRefused:
        return ""
    return answer.get("Value", "")
