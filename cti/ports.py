"""What the service needs of the world; `cti.bootstrap` gives it the real parts, tests give it fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from acd.model import Instant
from cti.calls.actions import Action, ActionDone, ActionFailed
from cti.calls.facts import Fact, LegId, LegMeasured, PbxSnapshot, PhonesSeen
from cti.calls.outputs import RecordingDue, RecordingVoid
from cti.records_json import JSON, Draft


class Telephony(Protocol):
    """Asterisk. Facts come in order through the `on_fact` that it was made with."""

    async def start(self) -> None: ...
    async def close(self) -> None: ...

    def reconnect(self, reason: str) -> None:
        """Drops the link, if there is one, and makes another: `PbxLost` comes, and then `on_connected`."""

    def perform(self, action: Action) -> None:
        """Sends it at once and returns; what goes wrong comes back as `ActionFailed`."""

    async def snapshot(self) -> PbxSnapshot:
        """What is in Asterisk now. Raises `TelephonyError` when the link is lost meanwhile."""

    async def phones(self) -> PhonesSeen:
        """The registered phones with their details. Raises `TelephonyError`."""

    async def measured(self, leg: LegId, channel: str) -> LegMeasured:
        """How good a connected leg's sound is so far. Raises `TelephonyError`, ValueError, LookupError."""

    async def take_pin(self, channel: str) -> str:
        """What was pressed at a phone for a PIN, taken off its channel. Raises `TelephonyError`."""

    async def missed(self, since: Instant) -> Sequence[Fact]:
        """What Asterisk's own log says has happened since."""


class TelephonyError(Exception):
    """Asterisk could not be asked; the next connection is another chance."""


OnFact = Callable[[Fact | ActionFailed | ActionDone], None]
OnConnected = Callable[[], None]


class JournalPort(Protocol):
    """The local journal. `sync` may be called in a thread."""

    @property
    def last_seq(self) -> int:
        """The newest entry's number; 0 before the first."""

    def write(self, drafts: Sequence[Draft], state: Mapping[str, JSON] | None = None) -> int:
        """From its return on, all of it survives a kill of this process. Returns the last number."""

    def sync(self) -> None:
        """From its return on, what was written before survives a power cut."""

    def latest(self, kind: str, key: str) -> dict[str, JSON] | None: ...


class Recordings(Protocol):
    """The recording pipeline. Each stored recording is reported through the `on_stored` it was made with."""

    def submit(self, due: RecordingDue) -> None: ...

    def void(self, void: RecordingVoid) -> None:
        """Removes the recorder's file, unless it holds a conversation that nobody knows."""

    def confirm(self, recording: LegId) -> None:
        """The journal has the recording: the recorder's file may go."""


class WorkOrderDesk(Protocol):
    """Work orders as they stand."""

    async def filled(
        self,
        work_order: str,
        category: str,
        summary: str,
        disposition: str,
        by: str,
        supervisor: bool,
        at: Instant,
    ) -> dict[str, JSON]:
        """The next version of the work order's record. Raises `Refused`."""
