"""Figures per queue and of all queues together, of the day and of each interval, in constant time per event.

A skill's figures are the sums of the queues that name it, worked out when they are asked for.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from heapq import merge
from itertools import islice

from acd.changes import Changes
from acd.intervals import Intervals
from acd.model import CallbackEnd, ContactId, Instant, QueueId, Skill
from acd.tallies import QueueFigures, SkillFigures, Tally

DAY_S = 86_400.0


@dataclass(slots=True)
class _Board:
    tally: Tally = field(default_factory=Tally)
    waiting: list[tuple[Instant, ContactId]] = field(default_factory=list)
    callbacks: list[tuple[Instant, ContactId]] = field(default_factory=list)
    talking: int = 0


class Figures:
    """Counts contacts as they come, are answered, give up and end.

    A contact that is counted as offered and out of the router's hands, since it waits where the router does
    not serve or since the service was restarted, is not counted again when it comes back.
    """

    def __init__(self, interval_s: float) -> None:
        self.day_began: Instant | None = None
        """The latest local midnight that `reset` was told of."""
        self.changes = Changes()
        self.intervals = Intervals(interval_s, self.changes)
        self._boards: dict[QueueId | None, _Board] = {None: _Board()}
        self._away: dict[ContactId, tuple[QueueId, Instant]] = {}
        """Counted as offered, with their queue and when they were queued; not in the router's hands."""

    def queued(self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant) -> None:
        self._offered(queue, contact, at)
        self._put_in(queue, contact, queued_at)

    def returned(self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant) -> None:
        """A contact waits once more whose first wait is counted; `waits_no_more` when this one ends."""
        for tally in self._tallies(queue, at):
            tally.returned += 1
        self._put_in(queue, contact, queued_at)

    def comes_back(self, queue: QueueId, contact: ContactId, queued_at: Instant) -> None:
        """A contact waits that is not to be counted: one of a snapshot, a citizen who was dialled."""
        self._away.pop(contact, None)
        self._put_in(queue, contact, queued_at)

    def answered(
        self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant, timely_s: float
    ) -> None:
        """A waiting contact was connected with its agent."""
        self.waits_no_more(queue, contact, queued_at)
        self._count_answer(queue, queued_at, at, timely_s)
        self.talks_again(queue)

    def found_talking(
        self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant, timely_s: float
    ) -> bool:
        """A contact talks that the router did not know; whether that counts as an answer.

        If it was counted as offered and not as answered yet, it was answered since.
        """
        self.talks_again(queue)
        if contact not in self._away:
            return False
        self._offered(queue, contact, at)
        self._count_answer(queue, queued_at, at, timely_s)
        return True

    def talks_again(self, queue: QueueId) -> None:
        """A contact whose answer is counted talks."""
        for board in self._pair(queue):
            board.talking += 1

    def abandoned(
        self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant, short_abandon_s: float
    ) -> None:
        self.waits_no_more(queue, contact, queued_at)
        self._count_abandon(queue, queued_at, at, short_abandon_s)

    def went_away(self, queue: QueueId, contact: ContactId, queued_at: Instant) -> None:
        """A waiting contact waits on where the router does not serve."""
        self.waits_no_more(queue, contact, queued_at)
        self._away[contact] = (queue, queued_at)

    def served_elsewhere(
        self,
        queue: QueueId,
        contact: ContactId,
        queued_at: Instant,
        answered_at: Instant | None,
        at: Instant,
        timely_s: float,
        short_abandon_s: float,
    ) -> None:
        """A contact not in the router's hands was answered by somebody else, or (None) gave up at `at`."""
        self._offered(queue, contact, queued_at)
        if answered_at is None:
            self._count_abandon(queue, queued_at, at, short_abandon_s)
        else:
            self._count_answer(queue, queued_at, answered_at, timely_s)

    def moved(self, queue: QueueId, to: QueueId, contact: ContactId, queued_at: Instant, at: Instant) -> None:
        """A waiting contact changed its queue; in all queues together nothing happened."""
        self.waits_in(queue, to, contact, queued_at)
        self.changes.note("contact", contact)
        self._count_move(queue, to, at)

    def waits_in(self, queue: QueueId, to: QueueId, contact: ContactId, queued_at: Instant) -> None:
        """A waiting contact changed its queue, and that is not counted."""
        _remove(self._board(queue).waiting, (queued_at, contact))
        insort(self._board(to).waiting, (queued_at, contact))

    def diverted(self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant) -> None:
        self.waits_no_more(queue, contact, queued_at)
        for tally in self._tallies(queue, at):
            tally.diverted += 1

    def took_callback(self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant) -> None:
        """A waiting contact asked to be called back, and left."""
        self.waits_no_more(queue, contact, queued_at)
        self._count_callback(queue, at)

    def took_callback_elsewhere(
        self, queue: QueueId, contact: ContactId, queued_at: Instant, at: Instant
    ) -> None:
        """A contact not in the router's hands asked to be called back."""
        self._offered(queue, contact, queued_at)
        self._count_callback(queue, at)

    def callback_requested(self, queue: QueueId, at: Instant) -> None:
        for tally in self._tallies(queue, at):
            tally.callbacks_requested += 1

    def callback_over(self, queue: QueueId, end: CallbackEnd, at: Instant) -> None:
        for tally in self._tallies(queue, at):
            if end is CallbackEnd.REACHED:
                tally.callbacks_reached += 1
            elif end in (CallbackEnd.CANCELLED, CallbackEnd.CALLED_AGAIN):
                tally.callbacks_dropped += 1
            else:
                tally.callbacks_unreached += 1

    def callback_waits(self, queue: QueueId, callback: ContactId, queued_at: Instant) -> None:
        """A callback is a contact of the queue from now on."""
        for board in self._pair(queue):
            insort(board.callbacks, (queued_at, callback))

    def callback_left(self, queue: QueueId, callback: ContactId, queued_at: Instant) -> None:
        """A waiting callback was taken by an agent, or is not to be tried now."""
        for board in self._pair(queue):
            _remove(board.callbacks, (queued_at, callback))

    def handled(self, queue: QueueId, seconds: float, at: Instant) -> None:
        """An agent is done with a contact, after this long."""
        for tally in self._tallies(queue, at):
            tally.handled += 1
            tally.handled_s += seconds

    def waiting(self, queue: QueueId) -> int:
        return len(self._board(queue).waiting)

    def position(self, queue: QueueId, queued_at: Instant, contact: ContactId) -> int:
        """A waiting contact's place by arrival, from 1, callbacks counted in."""
        board, entry = self._board(queue), (queued_at, contact)
        return bisect_left(board.waiting, entry) + bisect_left(board.callbacks, entry) + 1

    def ended(self, queue: QueueId) -> None:
        """A connected contact is over."""
        for board in self._pair(queue):
            board.talking -= 1

    def reset(self, boundary: Instant) -> None:
        """A new local day began at `boundary`. Who waits or talks goes on doing so; intervals stay."""
        self.day_began = boundary
        for contact in [each for each, (_, at) in self._away.items() if at < boundary - DAY_S]:
            del self._away[contact]
            self.changes.note("contact", contact)
        for queue, board in self._boards.items():
            board.tally = Tally()
            self._note_day(queue)
        self.changes.note("day")

    def queue(self, queue: QueueId | None) -> QueueFigures:
        """Figures of one queue, or of all together for None."""
        board = self._boards.get(queue) or _Board()
        return QueueFigures(
            queue=queue,
            **asdict(board.tally),
            waiting=len(board.waiting),
            longest_waiting_since=board.waiting[0][0] if board.waiting else None,
            callbacks_waiting=len(board.callbacks),
            talking=board.talking,
        )

    def skill(self, skill: Skill, queues: Iterable[QueueId]) -> SkillFigures:
        """The sum of these queues."""
        whole = SkillFigures(skill=skill)
        for queue in queues:
            one = self.queue(queue)
            whole.add(one)
            whole.waiting += one.waiting
            whole.callbacks_waiting += one.callbacks_waiting
            whole.talking += one.talking
            since = [at for at in (whole.longest_waiting_since, one.longest_waiting_since) if at is not None]
            whole.longest_waiting_since = min(since, default=None)
        return whole

    def oldest(self, count: int) -> list[ContactId]:
        """The contacts that have waited longest, whatever their queue."""
        board = self._boards[None]
        if not board.callbacks:
            return [contact for _, contact in board.waiting[:count]]
        first = merge(board.waiting[:count], board.callbacks[:count])
        return [contact for _, contact in islice(first, count)]

    def away(self) -> Mapping[ContactId, tuple[QueueId, Instant]]:
        """Contacts counted as offered and out of the router's hands, with queue and beginning of the wait."""
        return self._away

    def in_hand(self) -> list[ContactId]:
        """Those that wait with the router."""
        return [contact for _, contact in self._boards[None].waiting]

    def queues(self) -> list[QueueId]:
        """Queues in which something happened."""
        return [queue for queue in self._boards if queue is not None]

    def today(self, queue: QueueId | None) -> Tally:
        """Today's tally of a queue in which something happened, or of all together for None."""
        return self._boards[queue].tally

    def take_over(
        self, day: Mapping[QueueId | None, Tally], away: Mapping[ContactId, tuple[QueueId, Instant]]
    ) -> None:
        """Takes up counts from before a restart; contacts and calls come back as events."""
        self._away = dict(away)
        for queue, tally in day.items():
            self._board(queue).tally = tally

    def _board(self, queue: QueueId | None) -> _Board:
        board = self._boards.get(queue)
        if board is None:
            board = self._boards[queue] = _Board()
        return board

    def _pair(self, queue: QueueId) -> tuple[_Board, _Board]:
        return self._board(queue), self._boards[None]

    def _tallies(self, queue: QueueId, at: Instant) -> tuple[Tally, ...]:
        """Where something that happens in a queue is counted; what happened before today, not as today's."""
        interval = self.intervals.tally(queue, at)
        if not self.is_today(at):
            return (interval,)
        if self.changes.tracked:
            self._note_day(queue)
            self._note_day(None)
        return self._board(queue).tally, self._boards[None].tally, interval

    def _note_day(self, queue: QueueId | None) -> None:
        if queue is None:
            self.changes.note("total")
        else:
            self.changes.note("queue", queue)

    def is_today(self, at: Instant) -> bool:
        return self.day_began is None or at >= self.day_began

    def _offered(self, queue: QueueId, contact: ContactId, at: Instant) -> None:
        self.changes.note("contact", contact)
        before = self._away.pop(contact, None)
        if before is None:
            for tally in self._tallies(queue, at):
                tally.offered += 1
        elif before[0] != queue:
            self._count_move(before[0], queue, at)

    def _count_move(self, queue: QueueId, to: QueueId, at: Instant) -> None:
        self.intervals.tally(queue, at).moved_away += 1
        self.intervals.tally(to, at).offered += 1
        if self.is_today(at):
            self._board(queue).tally.moved_away += 1
            self._board(to).tally.offered += 1
            self._note_day(queue)
            self._note_day(to)

    def _count_answer(self, queue: QueueId, queued_at: Instant, at: Instant, timely_s: float) -> None:
        wait_s = max(0.0, at - queued_at)
        for tally in self._tallies(queue, at):
            tally.answered += 1
            if wait_s <= timely_s:
                tally.timely += 1
            tally.waited(wait_s)

    def _count_abandon(self, queue: QueueId, queued_at: Instant, at: Instant, short_s: float) -> None:
        wait_s = max(0.0, at - queued_at)
        for tally in self._tallies(queue, at):
            tally.abandoned += 1
            if wait_s <= short_s:
                tally.short_abandoned += 1
            tally.waited(wait_s)

    def _count_callback(self, queue: QueueId, at: Instant) -> None:
        for tally in self._tallies(queue, at):
            tally.took_callback += 1

    def _put_in(self, queue: QueueId, contact: ContactId, queued_at: Instant) -> None:
        for board in self._pair(queue):
            insort(board.waiting, (queued_at, contact))

    def waits_no_more(self, queue: QueueId, contact: ContactId, queued_at: Instant) -> None:
        """A wait ended; for a returned contact that is all there is to tell."""
        for board in self._pair(queue):
            _remove(board.waiting, (queued_at, contact))
        self.changes.note("contact", contact)


def _remove(waiting: list[tuple[Instant, ContactId]], entry: tuple[Instant, ContactId]) -> None:
    del waiting[bisect_left(waiting, entry)]
