"""Waiting contacts and agents, arranged so that a decision looks only at those that can matter.

Contacts that need the same of an agent form a stage, ordered by rank; a stage is found through one of the
skills that it needs. An agent who becomes free therefore looks at the heads of the stages within their
skills, and a contact that arrives looks at the ready agents who have its rarest skill. Everything is a sorted
list: insertion and removal are a binary search and one block move, and nothing stale can stay behind.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain

from acd.model import AgentId, ContactId, QueuePolicy
from acd.ranking import ContactRank, IdleRank
from acd.records import Agent
from acd.requirement import Key, Need, StageKey


class Stage:
    """Contacts of one queue that need the same now, first one first."""

    __slots__ = ("anchors", "key", "need", "queue", "skipped", "staffed", "waiting")

    def __init__(self, key: StageKey, queue: QueuePolicy, need: Need, staffed: bool) -> None:
        self.key = key
        self.queue = queue
        self.need = need
        self.staffed = staffed
        """Whether anybody is logged in who could serve it."""
        self.anchors: tuple[Key, ...] | None = None
        self.waiting: list[ContactRank] = []
        self.skipped: dict[ContactId, None] = {}
        """Contacts for whom this step is in its time but was passed as nobody could serve it."""

    @property
    def final(self) -> bool:
        """Whether any agent of the queue will do."""
        return self.key[1] is None


class WaitingIndex:
    """The contacts that wait and are not being offered, by what they need."""

    def __init__(self) -> None:
        self.stages: dict[StageKey, Stage] = {}
        self._by_anchor: dict[Key, dict[StageKey, Stage]] = {}
        self._unanchored: dict[StageKey, Stage] = {}
        self._place_of: dict[ContactId, tuple[Stage, ContactRank]] = {}
        self._skipped_by: dict[ContactId, tuple[Stage, ...]] = {}

    def __len__(self) -> int:
        return len(self._place_of)

    def __contains__(self, contact: object) -> bool:
        return contact in self._place_of

    def open(self, stage: Stage, staff: ReadyIndex) -> None:
        """Takes a stage in, to be found through the skill that the fewest agents have."""
        covers = stage.need.covers
        if covers:
            stage.anchors = min(covers, key=lambda keys: (staff.count(keys), keys))
            for anchor in stage.anchors:
                self._by_anchor.setdefault(anchor, {})[stage.key] = stage
        else:
            self._unanchored[stage.key] = stage
        self.stages[stage.key] = stage

    def add(self, contact: ContactId, rank: ContactRank, stage: Stage, skipped: Sequence[Stage] = ()) -> None:
        insort(stage.waiting, rank)
        self._place_of[contact] = (stage, rank)
        if skipped:
            self._skipped_by[contact] = tuple(dict.fromkeys(skipped))
            for one in skipped:
                one.skipped[contact] = None

    def remove(self, contact: ContactId) -> None:
        stage, rank = self._place_of.pop(contact)
        del stage.waiting[bisect_left(stage.waiting, rank)]
        for one in self._skipped_by.pop(contact, ()):
            del one.skipped[contact]
            self._close_if_unused(one)
        self._close_if_unused(stage)

    def place_of(self, contact: ContactId) -> tuple[Stage, ContactRank]:
        return self._place_of[contact]

    def near(self, agent: Agent) -> Iterator[Stage]:
        """A superset of the stages that this agent can serve; one may come up twice, and may be empty."""
        anchored = (stages for stages in map(self._by_anchor.get, agent.keys) if stages is not None)
        return chain.from_iterable(stages.values() for stages in (self._unanchored, *anchored))

    def matching(self, agent: Agent) -> list[Stage]:
        """All stages that this agent could serve, those that are only skipped included."""
        found: dict[StageKey, Stage] = {}
        for stages in (self._unanchored, *map(self._by_anchor.get, agent.keys)):
            for stage in (stages or {}).values():
                if stage.need.accepts(agent.policy):
                    found[stage.key] = stage
        return list(found.values())

    def _close_if_unused(self, stage: Stage) -> None:
        if stage.waiting or stage.skipped or stage.key not in self.stages:
            return
        del self.stages[stage.key]
        if stage.anchors is None:
            del self._unanchored[stage.key]
            return
        for anchor in stage.anchors:
            del self._by_anchor[anchor][stage.key]
            if not self._by_anchor[anchor]:
                del self._by_anchor[anchor]


class ReadyIndex:
    """Agents in one condition (ready, or logged in at all), each list in the order of rank."""

    def __init__(self) -> None:
        self.everyone: list[IdleRank] = []
        self._by_key: dict[Key, list[IdleRank]] = {}
        self._rank_of: dict[AgentId, tuple[IdleRank, tuple[Key, ...]]] = {}

    def __contains__(self, agent: object) -> bool:
        return agent in self._rank_of

    def add(self, agent: Agent, rank: IdleRank) -> None:
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

    def count(self, keys: Sequence[Key]) -> int:
        """How many agents have these keys; who has several counts as often."""
        return sum(len(self._by_key.get(key, ())) for key in keys)

    def having(self, key: Key) -> Sequence[IdleRank]:
        """Those with a key that somebody has."""
        return self._by_key[key]

    def candidates(self, need: Need) -> Iterator[IdleRank]:
        """A superset of those whom `need` accepts, as small as the index can make it, in order of rank."""
        if not need.covers:
            return iter(self.everyone)
        keys = need.covers[0] if len(need.covers) == 1 else min(need.covers, key=self.count)
        if len(keys) == 1:
            return iter(self._by_key.get(keys[0], ()))
        return _merged([self._by_key[key] for key in keys if key in self._by_key])


def _merged(lists: list[list[IdleRank]]) -> Iterator[IdleRank]:
    """Sorted lists as one, without what stands in several of them."""
    last: IdleRank | None = None
    for rank in merge(*lists):
        if rank != last:
            yield rank
        last = rank
