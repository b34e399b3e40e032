"""panoramisk's protocol and action, with their weaknesses guarded. One `GuardedProtocol` is one link's life.

From panoramisk come the parsing of a message (`Message.from_line`), the serialising of an action and its id
(`Action`), and the book of unanswered actions (`AMIProtocol.responses`). Its `Manager` is not used:
reconnecting, logging in, pinging and dispatching are where the weaknesses are, and `cti.ami.client` does
them instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from cti.ami.errors import AmiInputError, AmiLost, AmiNotConnected, AmiRefused
from cti.ami.messages import AmiMessage, Headers, check_headers

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_BANNER = b"Asterisk Call Manager/"
_END_OF_MESSAGE = b"\r\n\r\n"
LIST_ID = "list/"
"""Prefix of a list action's id, so that what is left of an abandoned list is not taken for live events."""


class _Received(Message):  # type: ignore[misc]  # panoramisk has no types
    """The headers that panoramisk read, as they are: an `AmiMessage` keeps them in a form of its own."""

    def __init__(self, headers: Headers, _content: str = "") -> None:
        self.headers = headers


class GuardedAction(Action):  # type: ignore[misc]  # panoramisk has no types
    """One action and its answer: `future` yields the response, or a list's events.

    panoramisk guesses from the message text whether a list follows and ends it at any event whose name ends
    in `Complete`; here the caller says so, and only the named completion event with this action's id ends
    it.
    """

    future: asyncio.Future[Any]

    def __init__(
        self, headers: Headers, ends_with: str | None = None, on_complete: Callable[[], None] | None = None
    ) -> None:
        super().__init__(
            {name: value if isinstance(value, str) else tuple(value) for name, value in headers.items()}
        )
        self._ends_with = ends_with
        self._on_complete = on_complete
        self._items: list[AmiMessage] = []

    def takes_events(self) -> bool:
        return self._ends_with is not None

    def add_message(self, message: AmiMessage) -> bool:
        """Take a response or a list's event; True when the answer is complete."""
        if self.future.done():
            return True
        if message.event:
            if message.event != self._ends_with:
                self._items.append(message)
                return False
            if message.get("EventList", "").lower() != "complete":
                self.future.set_exception(AmiRefused("the list was cancelled"))
            else:
                self._finish(self._items)
            return True
        if message["Response"] != "Success":
            self.future.set_exception(AmiRefused(message.get("Message", "no reason given")))
            return True
        if self.takes_events():
            return False
        self._finish(message)
        return True

    def _finish(self, result: AmiMessage | list[AmiMessage]) -> None:
        self.future.set_result(result)
        if self._on_complete is not None:
            self._on_complete()


class GuardedProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One TCP link to Asterisk.

    `on_event` is called for each event, synchronously and in order; what it raises is logged and loses
    nothing else. `gone` resolves with the reason once the link is down.
    """

    transport: asyncio.Transport
    version: str | None
    responses: dict[str, GuardedAction]
    encoding = "utf-8"

    def __init__(
        self, on_event: Callable[[AmiMessage], None], *, write_limit_bytes: int, read_limit_bytes: int
    ) -> None:
        self._on_event = on_event
        self._write_limit = write_limit_bytes
        self._read_limit = read_limit_bytes
        self._buffer = bytearray()
        self._reason: str | None = None
        self.unmatched = 0
        """Answers that came after their deadline, and what was left of abandoned lists."""
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.responses = {}

    def submit(self, action: GuardedAction) -> asyncio.Future[Any]:
        """Write an action now. Raises AmiInputError, AmiNotConnected, or AmiLost when Asterisk has stopped
        reading.

        Cancelling the future, or giving it a result, forgets the action: a later answer is counted and
        dropped.
        """
        check_headers(action)
        if self._reason is not None or self.transport.is_closing():
            raise AmiNotConnected("the link is down")
        if action.id in self.responses:
            raise AmiInputError("ActionID", "is that of an action still unanswered")
        if self.transport.get_write_buffer_size() > self._write_limit:
            self.drop("asterisk stopped reading")
            raise AmiLost("asterisk stopped reading")
        future: asyncio.Future[Any] = super().send(action)
        future.add_done_callback(lambda _: self._forget(action))
        return future

    def _forget(self, action: GuardedAction) -> None:
        if self.responses.get(action.id) is action:
            del self.responses[action.id]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self.version is None and not self._read_banner():
            return
        start = 0
        while (end := self._buffer.find(_END_OF_MESSAGE, start)) >= 0:
            # Decoded a whole message at a time, so a character split over two reads is never cut.
            text = self._buffer[start:end].decode("utf-8", "replace").lstrip("\r\n")
            start = end + len(_END_OF_MESSAGE)
            message: _Received | None = _Received.from_line(text)
            if message is None:
                log.warning("ami_message_unreadable", size=len(text))
            else:
                self.handle_message(message)
        del self._buffer[:start]
        if len(self._buffer) > self._read_limit:
            self.drop("a message without an end")

    def handle_message(self, message: _Received) -> None:
        received = AmiMessage(message.headers)
        action_id = received.get("ActionID", "")
        action = self.responses.get(action_id)
        if received.event and (action is None or not action.takes_events()):
            if action_id.startswith(LIST_ID):
                self.unmatched += 1
                return
            try:
                self._on_event(received)
            except Exception:
                log.exception("ami_event_handler_failed", ami_event=received.event)
        elif action is None:
            self.unmatched += 1
        elif action.add_message(received):
            self.responses.pop(action_id, None)

    def drop(self, reason: str) -> None:
        """End the link at once. Harmless when it is down."""
        if self._reason is None:
            self._reason = reason
            self.transport.abort()

    def close(self) -> None:
        self.drop("closed")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._reason is None:
            self._reason = str(exc) if exc else "closed by asterisk"
        self.closed = True
        unanswered, self.responses = self.responses, {}
        for action in unanswered.values():
            if not action.future.done():
                action.future.set_exception(AmiLost(self._reason))
        if not self.gone.done():
            self.gone.set_result(self._reason)

    def _read_banner(self) -> bool:
        line, separator, rest = bytes(self._buffer).partition(b"\r\n")
        if not separator and len(line) < 256 and (line.startswith(_BANNER) or _BANNER.startswith(line)):
            return False
        if not line.startswith(_BANNER):
            self.drop("what answered is not an Asterisk manager")
            return False
        self.version = line[len(_BANNER) :].decode("ascii", "replace")
        self._buffer = bytearray(rest)
        return True
