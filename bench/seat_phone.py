"""The telephone of a seat, and what each ringing of it came to."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bench import sip
from bench.endpoint import ATTEMPTS, RETRANSMIT_S, Endpoint

_REGISTER_S = 3600
"""A phone registers anew after half of that."""


class NotRegistered(Exception):
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
        """Raises NotRegistered."""
        self._register()
        try:
            async with asyncio.timeout(RETRANSMIT_S * ATTEMPTS):
                await self._registered
        except TimeoutError as error:
            raise NotRegistered(f"{self.user} could not register") from error

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
