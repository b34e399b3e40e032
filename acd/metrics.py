"""Today's figures per queue and of all queues together, in constant time per event."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from acd.model import AgentId, ContactId, Instant, QueueId


@dataclass(slots=True)
class Tally:
    """What has happened since the day began."""

    offered: int = 0
    """Contacts queued."""
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    """Of the abandoned, those within the queue's short-abandon time."""
    timely: int = 0
    moved_away: int = 0
    """Contacts that went on to another queue without having been answered in this one."""
    diverted: int = 0
    """Contacts sent to a message or the busy tone at one of the queue's limits."""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Figures of one queue, or of all; rates are None before there is anything to divide by."""

    queue: QueueId | None
    offered: int
    answered: int
    abandoned: int
    short_abandoned: int
    timely: int
    moved_away: int
    diverted: int
    waiting: int
    """Contacts that hear music, those being offered included."""
    longest_waiting_since: Instant | None
    talking: int

    @property
    def answer_rate(self) -> float | None:
        ended = self.answered + self.abandoned
        return self.answered / ended if ended else None

    @property
    def timely_rate(self) -> float | None:
        return self.timely / self.answered if self.answered else None

    @property
    def service_level(self) -> float | None:
        """timely / (answered + abandoned): every caller who gave up counts against it."""
        ended = self.answered + self.abandoned
        return self.timely / ended if ended else None

    @property
    def service_level_without_short(self) -> float | None:
        """timely / (answered + abandoned - short abandons): who hung up at once could not be served."""
        ended = self.answered + self.abandoned - self.short_abandoned
        return self.timely / ended if ended else None

    def longest_wait_s(self, now: Instant) -> float:
        """0 when nobody waits."""
        return 0.0 if self.longest_waiting_since is None else max(0.0, now - self.longest_waiting_since)


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """One agent's working time today, up to the last event."""

    agent: AgentId
    answered: int
    handled_s: float
    """Busy with calls, and wrapping up."""
    available_s: float
    """Ready, or with the phone ringing."""

    @property
    def occupancy(self) -> float | None:
        """handled / (handled + available); None before either."""
        worked_s = self.handled_s + self.available_s
        return self.handled_s / worked_s if worked_s else None

    @property
    def handling_time_s(self) -> float | None:
        """handled / answered, the call in hand included; None before the first."""
        return self.handled_s / self.answered if self.answered else None


@dataclass(slots=True)
class _Board:
    tally: Tally = field(default_factory=Tally)
    waiting: list[tuple[Instant, ContactId]] = field(default_factory=list)
    talking: int = 0


class Figures:
    """Counts contacts as they come, are answered, give up and end.

    A contact that waited when the figures were saved is not counted as offered again when the service, after
    a restart, queues it again.
    """

    def __init__(self) -> None:
        self.day_began: Instant | None = None
        """The latest local midnight that `reset` was told of."""
        self._boards: dict[QueueId | None, _Board] = {None: _Board()}
        self._counted: dict[ContactId, QueueId] = {}

    def queued(self, queue: QueueId, contact: ContactId, queued_at: Instant) -> None:
        again = self._counted.pop(contact, None)
        for board in self._pair(queue):
            insort(board.waiting, (queued_at, contact))
            if again is None:
                board.tally.offered += 1

    def answered(
        self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant, timely_s: float
    ) -> None:
        """A waiting contact was connected with its agent."""
        for board in self._pair(queue):
            _take_out(board.waiting, (queued_at, contact))
            self._count_answer(board, at - queued_at <= timely_s)

    def found_talking(
        self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant, timely_s: float
    ) -> None:
        """After a restart, a contact talks that the router did not know.

        If it waited when the figures were saved, it was answered since; else it was counted before.
        """
        if self._counted.pop(contact, None) is None:
            self.talks_again(queue)
            return
        for board in self._pair(queue):
            self._count_answer(board, at - queued_at <= timely_s)

    def talks_again(self, queue: QueueId) -> None:
        """A contact that was counted as answered before the figures were saved goes on talking."""
        for board in self._pair(queue):
            board.talking += 1

    def abandoned(
        self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant, short_abandon_s: float
    ) -> None:
        for board in self._pair(queue):
            _take_out(board.waiting, (queued_at, contact))
            board.tally.abandoned += 1
            if at - queued_at <= short_abandon_s:
                board.tally.short_abandoned += 1

    def moved(self, queue: QueueId, to: QueueId, contact: ContactId, queued_at: Instant) -> None:
        """A waiting contact changed its queue; in all queues together nothing happened."""
        before, after = self._board(queue), self._board(to)
        _take_out(before.waiting, (queued_at, contact))
        before.tally.moved_away += 1
        insort(after.waiting, (queued_at, contact))
        after.tally.offered += 1

    def diverted(self, queue: QueueId, contact: ContactId, queued_at: Instant) -> None:
        for board in self._pair(queue):
            _take_out(board.waiting, (queued_at, contact))
            board.tally.diverted += 1

    def position(self, queue: QueueId, queued_at: Instant, contact: ContactId) -> int:
        """A waiting contact's place by arrival, from 1."""
        return bisect_left(self._board(queue).waiting, (queued_at, contact)) + 1

    def ended(self, queue: QueueId) -> None:
        """A connected contact is over."""
        for board in self._pair(queue):
            board.talking -= 1

    def reset(self, boundary: Instant) -> None:
        """A new local day began at `boundary`. Who waits or talks goes on doing so."""
        self.day_began = boundary
        self._counted.clear()
        for board in self._boards.values():
            board.tally = Tally()

    def queue(self, queue: QueueId | None) -> QueueFigures:
        """Figures of one queue, or of all together for None."""
        board = self._boards.get(queue) or _Board()
        return QueueFigures(
            queue=queue,
            **asdict(board.tally),
            waiting=len(board.waiting),
            longest_waiting_since=board.waiting[0][0] if board.waiting else None,
            talking=board.talking,
        )

    def oldest(self, count: int) -> list[ContactId]:
        """The contacts that have waited longest, whatever their queue."""
        return [contact for _, contact in self._whole.waiting[:count]]

    def snapshot(self) -> dict[str, Any]:
        """The figures as a JSON-able dict."""
        return {
            "day_began": self.day_began,
            "tallies": {
                queue: asdict(board.tally) for queue, board in self._boards.items() if queue is not None
            },
            "total": asdict(self._whole.tally),
            "waiting": {
                contact: queue
                for queue, board in self._boards.items()
                if queue is not None
                for _, contact in board.waiting
            }
            | self._counted,
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Takes the day's counts over from a `snapshot`; contacts and calls come back as events."""
        self.day_began = saved["day_began"]
        self._counted = dict(saved["waiting"])
        self._whole.tally = Tally(**saved["total"])
        for queue, tally in saved["tallies"].items():
            self._board(queue).tally = Tally(**tally)

    @property
    def _whole(self) -> _Board:
        return self._boards[None]

    def _board(self, queue: QueueId) -> _Board:
        board = self._boards.get(queue)
        if board is None:
            board = self._boards[queue] = _Board()
        return board

    def _pair(self, queue: QueueId) -> tuple[_Board, _Board]:
        return self._board(queue), self._whole

    @staticmethod
    def _count_answer(board: _Board, timely: bool) -> None:
        board.tally.answered += 1
        board.talking += 1
        if timely:
            board.tally.timely += 1


def _take_out(waiting: list[tuple[Instant, ContactId]], entry: tuple[Instant, ContactId]) -> None:
    del waiting[bisect_left(waiting, entry)]
