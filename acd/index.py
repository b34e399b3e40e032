"""Waiting contacts and agents, arranged so that a decision looks only at those that can matter.

Contacts that need the same of an agent form a class, ordered by rank; a class is found through one of the
skills that it needs. An agent who becomes free therefore looks at the heads of the classes within its skills,
and a contact that arrives looks at the ready agents who have its rarest skill. Everything is a sorted list:
insertion and removal are a binary search and one block move, and nothing stale can stay behind.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TypeAlias

from acd.model import AgentId, ContactId, QueueId
from acd.ranking import AgentRank, ContactRank
from acd.records import Agent
from acd.requirement import Key, Need

ClassKey: TypeAlias = QueueId


class WaitingClass:
    """Contacts of one queue that need the same, first one first."""

    __slots__ = ("anchors", "key", "need", "queue", "waiting")

    def __init__(self, key: ClassKey, queue: QueueId, need: Need) -> None:
        self.key = key
        self.queue = queue
        self.need = need
        self.anchors: tuple[Key, ...] = ()
        self.waiting: list[ContactRank] = []


class WaitingIndex:
    """The contacts that wait and are not being offered, by what they need."""

    def __init__(self) -> None:
        self.classes: dict[ClassKey, WaitingClass] = {}
        self._by_anchor: dict[Key, dict[ClassKey, WaitingClass]] = {}
        self._unanchored: dict[ClassKey, WaitingClass] = {}
        self._class_of: dict[ContactId, tuple[WaitingClass, ContactRank]] = {}

    def __len__(self) -> int:
        return len(self._class_of)

    def __contains__(self, contact: object) -> bool:
        return contact in self._class_of

    def add(self, contact: ContactId, rank: ContactRank, key: ClassKey, queue: QueueId, need: Need) -> None:
        group = self.classes.get(key)
        if group is None:
            group = self._open(key, queue, need)
        insort(group.waiting, rank)
        self._class_of[contact] = (group, rank)

    def remove(self, contact: ContactId) -> None:
        group, rank = self._class_of.pop(contact)
        del group.waiting[bisect_left(group.waiting, rank)]
        if not group.waiting:
            self._close(group)

    def place_of(self, contact: ContactId) -> tuple[WaitingClass, ContactRank]:
        return self._class_of[contact]

    def servable(self, agent: Agent) -> Iterator[WaitingClass]:
        """The classes with somebody waiting that this agent can serve."""
        for groups in (self._unanchored, *(self._by_anchor.get(key) for key in agent.keys)):
            if groups:
                for group in groups.values():
                    if group.need.accepts(agent.agent, agent.skills):
                        yield group

    def _open(self, key: ClassKey, queue: QueueId, need: Need) -> WaitingClass:
        group = WaitingClass(key, queue, need)
        covers = need.covers
        if covers:
            group.anchors = min(
                covers, key=lambda keys: (sum(len(self._by_anchor.get(k, ())) for k in keys), keys)
            )
            for anchor in group.anchors:
                self._by_anchor.setdefault(anchor, {})[key] = group
        else:
            self._unanchored[key] = group
        self.classes[key] = group
        return group

    def _close(self, group: WaitingClass) -> None:
        del self.classes[group.key]
        for anchor in group.anchors:
            del self._by_anchor[anchor][group.key]
            if not self._by_anchor[anchor]:
                del self._by_anchor[anchor]
        if not group.anchors:
            del self._unanchored[group.key]


class ReadyIndex:
    """Agents in one condition (ready, or logged in at all), each list in the order of rank."""

    def __init__(self) -> None:
        self.everyone: list[AgentRank] = []
        self._by_key: dict[Key, list[AgentRank]] = {}
        self._rank_of: dict[AgentId, tuple[AgentRank, tuple[Key, ...]]] = {}

    def __len__(self) -> int:
        return len(self._rank_of)

    def __contains__(self, agent: object) -> bool:
        return agent in self._rank_of

    def add(self, agent: Agent, rank: AgentRank) -> None:
        self._rank_of[agent.agent] = (rank, agent.keys)
        insort(self.everyone, rank)
        for key in agent.keys:
            insort(self._by_key.setdefault(key, []), rank)

    def remove(self, agent: AgentId) -> None:
        rank, keys = self._rank_of.pop(agent)
        del self.everyone[bisect_left(self.everyone, rank)]
        for key in keys:
            ranks = self._by_key[key]
            del ranks[bisect_left(ranks, rank)]
            if not ranks:
                del self._by_key[key]

    def candidates(self, need: Need) -> Iterator[AgentRank]:
        """A superset of those whom `need` accepts, as small as the index can make it, in order of rank.

        An agent may come up twice when the need is covered by several keys together.
        """
        if not need.covers:
            return iter(self.everyone)
        best: list[list[AgentRank]] = []
        fewest = -1
        for keys in need.covers:
            lists = [self._by_key[key] for key in keys if key in self._by_key]
            size = sum(map(len, lists))
            if fewest < 0 or size < fewest:
                best, fewest = lists, size
        if len(best) == 1:
            return iter(best[0])
        return iter(sorted({rank for ranks in best for rank in ranks}))
