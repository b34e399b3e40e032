"""The seats' phones as Asterisk has them registered.

They are read function by function: `PJSIPShowContacts` tells all at once, and is for users with the class
`system` alone, who could also run programs on the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from acd.model import SeatId
from cti.ami.client import AmiClient
from cti.ami.decode import contact
from cti.ami.errors import AmiRefused
from cti.calls.facts import Phone

_DEADLINE_S = 10.0
_FIELDS = ("uri", "status", "rtt", "user_agent")


async def ask_phones(client: AmiClient, seats: Sequence[SeatId]) -> tuple[Phone, ...]:
    """The registered phones of these seats. Raises AmiError."""
    names = await asyncio.gather(*(_value(client, f"PJSIP_AOR({seat},contact)") for seat in seats))
    registered = [
        (seat, name) for seat, listed in zip(seats, names, strict=True) for name in listed.split(",") if name
    ]
    found = await asyncio.gather(
        *(_value(client, f"PJSIP_CONTACT({name},{field})") for _, name in registered for field in _FIELDS)
    )
    phones = []
    for place, (seat, _) in enumerate(registered):
        uri, status, rtt_us, user_agent = found[place * len(_FIELDS) : (place + 1) * len(_FIELDS)]
        if uri:  # it may have gone meanwhile
            phones.append(contact(seat, uri, status, rtt_us, user_agent))
    return tuple(phones)


async def _value(client: AmiClient, function: str) -> str:
    try:
        answer = await client.send({"Action": "Getvar", "Variable": function}, deadline_s=_DEADLINE_S)
    except AmiRefused:
        return ""
    return answer.get("Value", "")
