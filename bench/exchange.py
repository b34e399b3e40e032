"""All phones and callers of a measurement."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.caller import Caller
from bench.endpoint import RETRANSMIT_S
from bench.seat_phone import Offer, Phone
from bench.voice import Speaking

NUMBERS = 10**8
"""As many as there are: every caller has a number of their own."""


@dataclass(slots=True)
class Manners:
    """How people at the phones behave. Durations are seconds, drawn anew for each call."""

    rings_s: Callable[[], float]
    talks_s: Callable[[], float]
    agent_hangs_up: Callable[[str], bool]
    """By the caller's number; else the caller does."""


@dataclass
class Exchange:
    """All phones and callers of a measurement, and what they saw. Use it with `async with`."""

    seats: dict[str, str]
    """Seat -> SIP password."""
    server: tuple[str, int]
    hotline: str
    manners: Manners
    numbers: int = NUMBERS
    """So many callers' numbers there are; then the first one calls again."""
    offers: list[Offer] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    """Marks of the callers who have heard an agent."""
    failures: list[str] = field(default_factory=list)
    """Calls that came to nothing, and callers who heard another agent than the one who was rung for them."""
    on_caller_gone: Callable[[], None] = lambda: None
    callers: set[Caller] = field(default_factory=set)
    phones: dict[int, Phone] = field(default_factory=dict)
    _marks: itertools.count[int] = field(default_factory=lambda: itertools.count(10_000))
    _speaking: Speaking = field(default_factory=Speaking)

    async def __aenter__(self) -> Exchange:
        self._speaking.__enter__()
        for mark, (seat, password) in enumerate(self.seats.items(), 1):
            phone = Phone(seat, password, self.server, mark, self._rung)
            self.phones[mark] = phone
            self._speaking.add(phone.voice)
        try:
            for phone in self.phones.values():
                await phone.register()
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.on_caller_gone = lambda: None
        for caller in list(self.callers):
            caller.hang_up()
        # What Asterisk says to the last hang-ups is still taken in.
        await asyncio.sleep(RETRANSMIT_S)
        self._close()

    def call(self) -> Caller:
        """One more citizen calls."""
        mark = next(self._marks)
        number = f"139{mark % self.numbers:08d}"
        caller = Caller(number, self.hotline, self.server, mark, self._caller_heard, self._gone)
        self.callers.add(caller)
        self._speaking.add(caller.voice)
        caller.call()
        return caller

    def _close(self) -> None:
        self._speaking.__exit__()
        for endpoint in (*self.callers, *self.phones.values()):
            endpoint.close()

    def _rung(self, phone: Phone, offer: Offer) -> None:
        self.offers.append(offer)

        def answer() -> None:
            phone.answer(offer)
            if self.manners.agent_hangs_up(offer.number):
                loop.call_later(self.manners.talks_s(), phone.hang_up, offer)

        loop = asyncio.get_running_loop()
        loop.call_later(self.manners.rings_s(), answer)

    def _caller_heard(self, caller: Caller, mark: int, at_ns: int) -> None:
        phone = self.phones[mark]
        if phone.offer is None or phone.offer.number != caller.user:
            self.failures.append(f"caller {caller.mark} heard {phone.user}, who was not rung for them")
            return
        phone.offer.caller_heard_ns = at_ns
        self.answered.add(caller.mark)
        if not self.manners.agent_hangs_up(caller.user):
            asyncio.get_running_loop().call_later(self.manners.talks_s(), caller.hang_up)

    def _gone(self, caller: Caller, why: str) -> None:
        if why:
            self.failures.append(f"caller {caller.mark}: {why}")
        self.callers.discard(caller)
        self._speaking.remove(caller.voice)
        # Late retransmissions are still answered.
        asyncio.get_running_loop().call_later(2 * RETRANSMIT_S, caller.close)
        self.on_caller_gone()
