"""Telephones that measure: SIP and audio over real sockets, each step with when it was on the wire.

What arrives is stamped by the kernel, what leaves right before it is sent: how busy this process is changes
no figure. All times are nanoseconds since the epoch, of the machine's one clock.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import sip
from bench.stamps import receive_stamped, stamp_arrivals
from bench.voice import Speaking, Voice
from lab.network import LOOPBACK

_RETRANSMIT_S = 0.5
_REGISTER_S = 3600
"""A phone registers anew after half of that."""
_ATTEMPTS = 10
NUMBERS = 10**8
"""As many as there are: every caller has a number of their own."""


class WireFailed(Exception):
    """Asterisk did not answer, or refused, a registration."""


@dataclass(slots=True)
class Offer:
    """A phone was rung."""

    seat: str
    number: str
    """The caller's, as the phone was shown it."""
    invited_ns: int
    freed_ns: int | None
    """When the phone's call before was over: its BYE left the phone, or came to it. None: there was none."""
    answered_ns: int | None = None
    """The phone's 200 left."""
    agent_heard_ns: int | None = None
    """The caller's first packet reached the phone."""
    caller_heard_ns: int | None = None
    """The agent's first packet reached the caller."""


class Endpoint(ABC):
    """One user agent: a SIP socket and a voice."""

    def __init__(self, user: str, server: tuple[str, int], mark: int) -> None:
        self.user = user
        self.server = server
        self.mark = mark
        self.voice = Voice(LOOPBACK, mark)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((LOOPBACK, 0))
        stamp_arrivals(self._socket)
        self._tag = secrets.token_hex(4)
        self._unanswered: dict[str, asyncio.TimerHandle] = {}
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    @property
    def contact(self) -> str:
        host, port = self._socket.getsockname()
        return f"sip:{self.user}@{host}:{port}"

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        for timer in self._unanswered.values():
            timer.cancel()
        self._socket.close()
        self.voice.close()

    @abstractmethod
    def on_request(self, request: sip.Message, at_ns: int) -> None:
        """A request came at that moment."""

    @abstractmethod
    def on_response(self, response: sip.Message) -> None:
        """A response came."""

    def send(self, data: bytes) -> int:
        """Returns when it left."""
        at_ns = time.time_ns()
        self._socket.sendto(data, self.server)
        return at_ns

    def reply(self, request: sip.Message, status: str, body: str = "") -> int:
        return self.send(sip.reply(request, status, self._tag, self.contact, body))

    def request(
        self,
        method: str,
        uri: str,
        headers: list[tuple[str, str]],
        body: str = "",
        *,
        branch: str | None = None,
    ) -> int:
        """Sends a request, and again until it is answered. ACK, which nobody answers, once."""
        branch = branch or sip.branch()
        host, port = self._socket.getsockname()
        via = ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch};rport")
        rest = [("Max-Forwards", "70"), ("Contact", f"<{self.contact}>")]
        data = sip.text(f"{method} {uri} SIP/2.0", [via, *headers, *rest], body)
        if method != "ACK":
            self._repeat(branch, data, _ATTEMPTS)
        return self.send(data)

    def sdp(self) -> str:
        return sip.sdp(LOOPBACK, self.voice.port)

    def _repeat(self, branch: str, data: bytes, left: int) -> None:
        def again() -> None:
            del self._unanswered[branch]
            if left:
                self.send(data)
                self._repeat(branch, data, left - 1)

        self._unanswered[branch] = asyncio.get_running_loop().call_later(_RETRANSMIT_S, again)

    def _read(self) -> None:
        while True:
            try:
                data, at_ns, _ = receive_stamped(self._socket)
            except OSError:
                return
            message = sip.Message.parse(data)
            if not message.headers:
                continue  # a keep-alive
            if not message.status:
                self.on_request(message, at_ns)
                continue
            branch = message.get("via").partition("branch=")[2].partition(";")[0]
            timer = self._unanswered.pop(branch, None)
            if timer is not None:
                timer.cancel()
            self.on_response(message)


@dataclass(slots=True)
class _Dialog:
    """Of a phone: what rings, or talks, there."""

    invite: sip.Message
    offer: Offer
    last_reply: tuple[str, str] = ("180 Ringing", "")
    over: bool = False


class Phone(Endpoint):
    """A seat's telephone, which registers, rings, and answers and hangs up when told."""

    def __init__(
        self,
        seat: str,
        password: str,
        server: tuple[str, int],
        mark: int,
        on_offer: Callable[[Phone, Offer], None],
    ) -> None:
        super().__init__(seat, server, mark)
        self._password = password
        self._on_offer = on_offer
        self._dialog: _Dialog | None = None
        self._freed_ns: int | None = None
        self._registered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._register_id = secrets.token_hex(8)
        self._registers = 0
        self._again: asyncio.TimerHandle | None = None

    def close(self) -> None:
        self._dialog = None
        if self._again is not None:
            self._again.cancel()
        super().close()

    @property
    def offer(self) -> Offer | None:
        """What rings or talks here."""
        return self._dialog.offer if self._dialog else None

    async def register(self) -> None:
        """Raises WireFailed."""
        self._register()
        try:
            async with asyncio.timeout(_RETRANSMIT_S * _ATTEMPTS):
                await self._registered
        except TimeoutError as error:
            raise WireFailed(f"{self.user} could not register") from error

    def answer(self, offer: Offer) -> None:
        """Harmless when the offer is over."""
        dialog = self._dialog
        if dialog is None or dialog.offer is not offer:
            return

        def heard(_: int, at_ns: int) -> None:
            offer.agent_heard_ns = at_ns

        self.voice.listen(heard)
        self.voice.speak_to(dialog.invite.media)
        dialog.last_reply = ("200 OK", self.sdp())
        offer.answered_ns = self.reply(dialog.invite, *dialog.last_reply)

    def hang_up(self, offer: Offer) -> None:
        """Harmless when it is over."""
        dialog = self._dialog
        if dialog is None or dialog.offer is not offer:
            return
        invite = dialog.invite
        headers = [
            ("From", f"{invite.get('to')};tag={self._tag}"),
            ("To", invite.get("from")),
            ("Call-ID", invite.get("call-id")),
            ("CSeq", "1 BYE"),
        ]
        self._end(self.request("BYE", invite.contact, headers))

    def on_request(self, request: sip.Message, at_ns: int) -> None:
        dialog = self._dialog
        known = dialog is not None and dialog.invite.get("call-id") == request.get("call-id")
        match request.method:
            case "INVITE" if dialog is not None and known:
                if request.get("cseq") == dialog.invite.get("cseq"):
                    self.reply(dialog.invite, *dialog.last_reply)
                else:
                    self.reply(request, "200 OK", self.sdp())
            case "INVITE" if dialog is not None:
                self.reply(request, "486 Busy Here")
            case "INVITE":
                offer = Offer(self.user, request.caller, at_ns, self._freed_ns)
                self._dialog = dialog = _Dialog(request, offer)
                self.reply(request, *dialog.last_reply)
                self._on_offer(self, offer)
            case "BYE" | "CANCEL":
                self.reply(request, "200 OK")
                if dialog is not None and known:
                    if request.method == "CANCEL":
                        self.reply(dialog.invite, "487 Request Terminated")
                    self._end(at_ns)
            case "ACK":
                pass
            case _:
                self.reply(request, "200 OK")

    def on_response(self, response: sip.Message) -> None:
        if response.method != "REGISTER":
            return
        if response.status == 401:
            self._register(response.get("www-authenticate"))
        elif response.status == 200:
            self._again = asyncio.get_running_loop().call_later(_REGISTER_S / 2, self._register)
            if not self._registered.done():
                self._registered.set_result(None)

    def _end(self, at_ns: int) -> None:
        self._dialog = None
        self._freed_ns = at_ns
        self.voice.speak_to(None)
        self.voice.stop_listening()

    def _register(self, challenge: str = "") -> None:
        self._registers += 1
        host, port = self.server
        uri = f"sip:{host}:{port}"
        headers = [
            ("From", f"<sip:{self.user}@{host}>;tag={self._register_id}"),
            ("To", f"<sip:{self.user}@{host}>"),
            ("Call-ID", self._register_id),
            ("CSeq", f"{self._registers} REGISTER"),
            ("Expires", str(_REGISTER_S)),
        ]
        if challenge:
            proof = sip.credentials(challenge, self.user, self._password, "REGISTER", uri)
            headers.append(("Authorization", proof))
        self.request("REGISTER", uri, headers)


class Caller(Endpoint):
    """A citizen with a telephone, for one call. `on_over` is told when it has ended, and why if it failed."""

    def __init__(
        self,
        number: str,
        hotline: str,
        server: tuple[str, int],
        mark: int,
        on_heard: Callable[[Caller, int, int], None],
        on_over: Callable[[Caller, str], None],
    ) -> None:
        """`on_heard` is given the mark of the agent who is heard, and when."""
        super().__init__(number, server, mark)
        self._hotline = hotline
        self._on_heard = on_heard
        self._on_over = on_over
        self._call_id = secrets.token_hex(8)
        self._branch = sip.branch()
        self._ok: sip.Message | None = None
        self._ended = False
        self.called_ns = 0

    def call(self) -> None:
        host, port = self.server
        uri = f"sip:{self._hotline}@{host}:{port}"
        self.called_ns = self.request(
            "INVITE", uri, self._headers(f"<{uri}>", "1 INVITE"), self.sdp(), branch=self._branch
        )

    def hang_up(self) -> None:
        """Harmless when it is over; a call that is not answered yet is left."""
        if self._ok is not None and not self._ended:
            self.request("BYE", self._ok.contact, self._headers(self._ok.get("to"), "2 BYE"))
            self._end("")

    def on_request(self, request: sip.Message, at_ns: int) -> None:
        del at_ns
        if request.method == "INVITE":
            self.reply(request, "200 OK", self.sdp())
        elif request.method != "ACK":
            self.reply(request, "200 OK")
        if request.method == "BYE" and not self._ended:
            self._end("")

    def on_response(self, response: sip.Message) -> None:
        if response.method != "INVITE" or response.status < 200:
            return
        headers = self._headers(response.get("to"), "1 ACK")
        if response.status >= 300:
            host, port = self.server
            self.request("ACK", f"sip:{self._hotline}@{host}:{port}", headers, branch=self._branch)
            if not self._ended:
                self._end(response.start)
            return
        self.request("ACK", response.contact, headers)
        if self._ok is None:
            self._ok = response
            self.voice.listen(lambda mark, heard_ns: self._on_heard(self, mark, heard_ns))
            self.voice.speak_to(response.media)

    def _end(self, why: str) -> None:
        self._ended = True
        self.voice.speak_to(None)
        self.voice.stop_listening()
        self._on_over(self, why)

    def _headers(self, to: str, cseq: str) -> list[tuple[str, str]]:
        host, port = self._socket.getsockname()
        return [
            ("From", f"<sip:{self.user}@{host}:{port}>;tag={self._tag}"),
            ("To", to),
            ("Call-ID", self._call_id),
            ("CSeq", cseq),
        ]


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
        await asyncio.sleep(_RETRANSMIT_S)
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
        asyncio.get_running_loop().call_later(2 * _RETRANSMIT_S, caller.close)
        self.on_caller_gone()
