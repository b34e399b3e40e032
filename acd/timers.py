"""What is due when."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TypeAlias

from acd.model import Instant

TimerKey: TypeAlias = tuple[str, str]
"""What falls due, and whose."""


class Timers:
    """Deadlines by key, earliest first; among equal instants by key, so that the order is always the same.

    A heap with lazy deletion: a cancelled entry stays until it reaches the top or outnumbers the live ones.
    """

    def __init__(self) -> None:
        self._due: dict[TimerKey, Instant] = {}
        self._heap: list[tuple[Instant, TimerKey]] = []

    def set(self, key: TimerKey, due: Instant) -> None:
        self._due[key] = due
        heappush(self._heap, (due, key))
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [(at, live) for live, at in self._due.items()]
            heapify(self._heap)

    def cancel(self, key: TimerKey) -> Instant | None:
        """When it would have been due; None, and harmless, when nothing is due under that key."""
        return self._due.pop(key, None)

    def due(self, key: TimerKey) -> Instant:
        """When a deadline that is set falls due."""
        return self._due[key]

    def next_due(self) -> Instant | None:
        heap, due = self._heap, self._due
        while heap and due.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: Instant) -> TimerKey | None:
        """Takes out the earliest deadline that is not after `now`."""
        due = self.next_due()
        if due is None or due > now:
            return None
        key = heappop(self._heap)[1]
        del self._due[key]
        return key

    def clear(self) -> None:
        self._due.clear()
        self._heap.clear()

    def items(self) -> list[tuple[TimerKey, Instant]]:
        return sorted(self._due.items())
