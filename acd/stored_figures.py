"""The figures as parts that are stored one by one, so that what a change costs does not grow with the floor.

| part | body |
| --- | --- |
| `day` | `day_began` (null: no midnight yet), `interval_s` |
| `total`, `queue/<id>` | today's tally of all queues, of one |
| `agent/<id>` | contacts answered, seconds handling and available today, and up to when these are counted |
| `contact/<id>` | queue and beginning of the wait of one that is counted as offered and as nothing else yet |
| `interval/<n>/queue/<id>`, `interval/<n>/agent/<id>` | what happened in the nth interval since the epoch |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeAlias

from acd.floor import Floor
from acd.model import ContactId, ContactState
from acd.records import Agent
from acd.tallies import Interval, Tally, WorkTime

Parts: TypeAlias = dict[str, Any]
"""JSON-able bodies by the part's name; None for one that is to be deleted."""
_NAMES = {kind: [each.name for each in fields(kind)] for kind in (Tally, WorkTime)}


def whole(floor: Floor) -> Parts:
    """All figures."""
    figures = floor.figures
    names = ["day", "total"]
    names += [f"queue/{queue}" for queue in figures.queues()]
    names += [f"agent/{agent}" for agent in floor.agents]
    names += [f"contact/{contact}" for contact in (*figures.in_hand(), *figures.away())]
    for number, interval in sorted(figures.intervals.kept.items()):
        names += [f"interval/{number}/queue/{queue}" for queue in interval.queues]
        names += [f"interval/{number}/agent/{agent}" for agent in interval.agents]
    return {name: body for name, body in _bodies(floor, names).items() if body is not None}


def changes(floor: Floor) -> Parts:
    """What changed since this was last asked; at first, everything."""
    figures = floor.figures
    if not figures.changes.tracked:
        figures.changes.tracked = True
        return whole(floor)
    return _bodies(floor, figures.changes.taken())


def take_over(floor: Floor, saved: Mapping[str, Any]) -> None:
    """Takes up what `whole` gave. Intervals of another length are dropped."""
    figures = floor.figures
    figures.day_began = saved["day"]["day_began"]
    same = saved["day"]["interval_s"] == figures.intervals.interval_s
    day: dict[str | None, Tally] = {}
    away = {}
    for name, body in saved.items():
        kind, _, rest = name.partition("/")
        if kind == "total":
            day[None] = Tally(**body)
        elif kind == "queue":
            day[rest] = Tally(**body)
        elif kind == "contact":
            away[rest] = (body[0], body[1])
        elif kind == "agent":
            agent = floor.agents.get(rest)
            if agent is None:
                figures.changes.note(name)
                continue
            agent.answered, agent.handled_s, agent.available_s, agent.uncounted_since = body
        elif kind == "interval" and same:
            number, _, member = rest.partition("/")
            interval = figures.intervals.kept.setdefault(int(number), Interval())
            kind, _, rest = member.partition("/")
            if kind == "queue":
                interval.queues[rest] = Tally(**body)
            else:
                interval.agents[rest] = WorkTime(**body)
        elif kind == "interval":
            figures.changes.note(name)
    figures.take_over(day, away)


def _bodies(floor: Floor, names: Iterable[str]) -> Parts:
    return {name: _body(floor, name) for name in names}


def _body(floor: Floor, name: str) -> Any:
    figures = floor.figures
    kind, _, rest = name.partition("/")
    if kind == "day":
        return {"day_began": figures.day_began, "interval_s": figures.intervals.interval_s}
    if kind == "total":
        return _plain(figures.today(None))
    if kind == "queue":
        tally = figures.today(rest)
        return None if tally == Tally() else _plain(tally)
    if kind == "agent":
        return _work(floor.agents.get(rest))
    if kind == "contact":
        return _wait(floor, rest)
    number, _, member = rest.partition("/")
    interval = figures.intervals.kept.get(int(number))
    kind, _, rest = member.partition("/")
    if interval is None:
        return None
    return _plain(interval.queues.get(rest) if kind == "queue" else interval.agents.get(rest))


def _plain(counts: Tally | WorkTime | None) -> dict[str, Any] | None:
    return None if counts is None else {name: getattr(counts, name) for name in _NAMES[type(counts)]}


def _wait(floor: Floor, name: ContactId) -> list[Any] | None:
    contact = floor.contacts.get(name)
    if contact is not None:
        waits = contact.state is not ContactState.CONNECTED
        counted = not contact.returned and not contact.callback
        return [contact.queue, contact.queued_at] if waits and counted else None
    away = floor.figures.away().get(name)
    return None if away is None else list(away)


def _work(agent: Agent | None) -> list[float] | None:
    if agent is None or not agent.counted_at:
        return None
    return [agent.answered, agent.handled_s, agent.available_s, agent.counted_at]
