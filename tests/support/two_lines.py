"""A desk phone with two lines, as agents have it: one call on hold, another beside it, and both made into one
(SIP REFER with Replaces). Each line says the phone's tone while it is connected.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.dialplan import happens
from tests.support.talking_party import TalkingParty


@dataclass(frozen=True, slots=True)
class TwoLinePhone:
    first: TalkingParty
    """Registered: it is rung."""
    second: TalkingParty
    """It dials."""

    async def answer(self) -> None:
        """Answers what rings, or what will."""
        await happens(self.first.ringing, 60.0)
        self.first.answer()
        self.first.talk()

    def consult(self, extension: str) -> None:
        """Puts the first line on hold and dials on the second."""
        self.first.hold()
        self.second.call(extension, self.second.user)

    async def asked(self) -> None:
        """Returns once the second line is answered, and talks there."""
        await happens(self.second.up)
        self.second.talk()

    def turn_to(self, line: TalkingParty) -> None:
        """Puts the other line on hold and takes this one up."""
        (self.second if line is self.first else self.first).hold()
        line.heard_alaw.clear()
        line.resume()

    async def hand_over(self, extension: str) -> None:
        """Connects the parties of both lines, or whoever is on the first with whoever still rings."""
        await happens(self.second.ringing)
        self.first.refer(extension, replaces=self.second)
        await self.first.answered_refer()
        assert self.first.referred == 200

    def hang_up(self) -> None:
        """Ends both lines; Asterisk leaves it to the phone to end the one that asked (RFC 5589, 7.3)."""
        for line in (self.first, self.second):
            if line.up.is_set() and not line.ended.is_set():
                line.hang_up()

    async def transfer(self, extension: str) -> None:
        """Hands over and hangs up as soon as it is told that it worked."""
        await self.hand_over(extension)
        self.hang_up()

    async def is_free(self) -> None:
        """Returns once both lines are idle."""
        await happens(self.first.ended)
        await happens(self.second.ended)
        self.first.hush()
        self.second.hush()


@asynccontextmanager
async def two_line_phone(
    seat: str, password: str, server: tuple[str, int], tone_hz: int
) -> AsyncIterator[TwoLinePhone]:
    """The registered phone of a seat."""
    lines = [TalkingParty(seat, server, password, tone_hz=tone_hz) for _ in range(2)]
    for line in lines:
        await line.open()
    await lines[0].register()
    try:
        yield TwoLinePhone(*lines)
    finally:
        for line in lines:
            line.close()
