"""What happened in each interval, by queue and by agent, as far back as is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.changes import Changes
from acd.model import AgentId, Instant, QueueId
from acd.tallies import Interval, IntervalFigures, Tally, WorkTime

INTERVALS_KEPT = 96
"""How many intervals in which something happened are remembered; a day of quarter hours."""


class Intervals:
    """An interval is named by its number since the epoch. What happens counts in the interval in which it
    happens: a contact may be offered in one and answered in the next.
    """

    def __init__(self, interval_s: float, changes: Changes) -> None:
        self.interval_s = interval_s
        self.kept: dict[int, Interval] = {}
        self._changes = changes

    def tally(self, queue: QueueId, at: Instant) -> Tally:
        """Where something that happens in a queue is counted."""
        number = self._number(at)
        if self._changes.tracked:
            self._changes.note("interval", str(number), "queue", queue)
        return self._numbered(number).tally(queue)

    def worked(self, agent: AgentId, since: Instant, until: Instant, on_calls: bool) -> None:
        """An agent was on calls, or available, for a while that may reach over several intervals."""
        for number, seconds in self.stretches(since, until):
            work = self._work(number, agent)
            if on_calls:
                work.handled_s += seconds
            else:
                work.available_s += seconds

    def took(self, agent: AgentId, at: Instant) -> None:
        """An agent took a contact."""
        self._work(self._number(at), agent).answered += 1

    def stretches(self, since: Instant, until: Instant) -> Iterable[tuple[int, float]]:
        """The seconds of a stretch of time in each interval that it touches and that may be kept."""
        interval_s = self.interval_s
        first, last = int(since // interval_s), int(until // interval_s)
        if first == last:
            return ((first, until - since),)
        parts = [
            (number, min(until, (number + 1) * interval_s) - max(since, number * interval_s))
            for number in range(max(first, last - INTERVALS_KEPT + 1), last + 1)
        ]
        return [part for part in parts if part[1] > 0]

    def change_interval(self, interval_s: float) -> None:
        """Other intervals from now on; those of another length are dropped."""
        for number in list(self.kept):
            self._drop(number)
        self.interval_s = interval_s
        self._changes.note("day")

    def history(
        self, queues: Iterable[QueueId] | None, work: Mapping[int, WorkTime]
    ) -> list[IntervalFigures]:
        """The intervals in which something happened, first one first: the sums of these queues.

        None: of all, where a move between two queues is nothing that happened. `work` is what agents did.
        """
        found = []
        wanted = None if queues is None else list(queues)
        for number in sorted({*self.kept, *work}):
            tallies = self.kept[number].queues if number in self.kept else {}
            figures = IntervalFigures(begins=number * self.interval_s, ends=(number + 1) * self.interval_s)
            empty = number not in work
            for queue in tallies if wanted is None else wanted:
                if queue in tallies:
                    figures.add(tallies[queue])
                    empty = False
            if wanted is None:
                figures.offered -= figures.moved_away
                figures.moved_away = 0
            figures.work = work.get(number, figures.work)
            if not empty:
                found.append(figures)
        return found

    def _number(self, at: Instant) -> int:
        """The interval at an instant."""
        return int(at // self.interval_s)

    def _work(self, number: int, agent: AgentId) -> WorkTime:
        if self._changes.tracked:
            self._changes.note("interval", str(number), "agent", agent)
        return self._numbered(number).work(agent)

    def _numbered(self, number: int) -> Interval:
        """An interval; one that is too old to be kept is forgotten at once."""
        interval = self.kept.get(number)
        if interval is None:
            interval = self.kept[number] = Interval()
            if len(self.kept) > INTERVALS_KEPT:
                self._drop(min(self.kept))
        return interval

    def _drop(self, number: int) -> None:
        dropped = self.kept.pop(number)
        for queue in dropped.queues:
            self._changes.note("interval", str(number), "queue", queue)
        for agent in dropped.agents:
            self._changes.note("interval", str(number), "agent", agent)
