"""Figures as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import ConfigDict
from pydantic.config import JsonDict

from acd.model import AgentState
from api.routing import Output
from cti.figures import Live

COUNTS_EXAMPLE: JsonDict = {
    "offered": 412,
    "answered": 398,
    "abandoned": 11,
    "short_abandoned": 4,
    "timely": 351,
    "moved_away": 0,
    "diverted": 0,
    "returned": 0,
    "longest_waited_s": 64.2,
    "answer_rate": 0.9731,
    "timely_rate": 0.8819,
    "service_level": 0.8582,
    "service_level_without_short": 0.8667,
    "handling_time_s": 171.3,
    "occupancy": 0.7912,
}
LIVE_EXAMPLE: JsonDict = {
    **COUNTS_EXAMPLE,
    "waiting": 3,
    "longest_wait_s": 21.4,
    "talking": 12,
    "agents": {"ready": 0, "reserved": 1, "busy": 12, "wrap_up": 2, "not_ready": 1, "logged_out": 6},
}
_WORK_EXAMPLE: JsonDict = {
    "answered": 31,
    "handled_s": 5312.5,
    "available_s": 1400.0,
    "occupancy": 0.7914,
    "handling_time_s": 171.4,
}
_PERIOD: JsonDict = {"begins": "2026-03-02T01:15:00Z", "ends": "2026-03-02T01:30:00Z"}
_SKILL_EXAMPLE: JsonDict = {**LIVE_EXAMPLE, "skill": "english", "name": "英语"}
_AGENT_EXAMPLE: JsonDict = {**_WORK_EXAMPLE, "agent": "1007", "name": "王芳"}


class CountsOut(Output):
    """What happened to contacts in a period. Rates are from 0 to 1; null: nothing to divide by."""

    offered: int
    """Contacts queued."""
    answered: int
    abandoned: int
    short_abandoned: int
    """Of the abandoned, those within the queue's short-abandon time."""
    timely: int
    """Of the answered, those within the queue's `timely_s`."""
    moved_away: int
    """Contacts that went on to another queue unanswered; they count as offered there too."""
    diverted: int
    """Contacts that a limit of the queue sent to a message or the busy tone."""
    returned: int
    """Contacts that began to wait once more after an agent had them, such as a transfer to the queue; they
    count once, as their first wait ended."""
    longest_waited_s: float | None
    """The longest wait of those answered or abandoned; null before the first."""
    answer_rate: float | None
    """接通率: answered / (answered + abandoned)."""
    timely_rate: float | None
    """及时率: timely / answered."""
    service_level: float | None
    """timely / (answered + abandoned): every caller who gave up counts against it."""
    service_level_without_short: float | None
    """timely / (answered + abandoned - short_abandoned): who gave up at once could not be served."""
    handling_time_s: float | None
    """Talk, hold and wrap-up, on average, of the contacts whose agent was done with them in the period."""
    occupancy: float | None
    """Of the agents who can serve the queue, or have the skill: handling / (handling + available) time."""


class LiveOut(CountsOut):
    """Today's figures and what is so now."""

    waiting: int
    longest_wait_s: float
    """Of those who wait now; 0 when nobody does."""
    talking: int
    agents: dict[AgentState, int]
    """Agents who can serve the queue, or have the skill, by state; each state is there."""

    @classmethod
    def of(cls, view: Live) -> Self:
        every_state = {state: view.agents.get(state, 0) for state in AgentState}
        return cls.model_validate(view).model_copy(update={"agents": every_state})


class SkillOut(LiveOut):
    """The sum of the queues that name a skill; a queue that names several counts for each."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SKILL_EXAMPLE]})

    skill: str
    name: str


class SkillsOut(Output):
    """Every skill of the site."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"skills": [_SKILL_EXAMPLE]}]})

    skills: list[SkillOut]


class WorkOut(Output):
    """What an agent did in a period."""

    answered: int
    """Contacts taken."""
    handled_s: float
    """On calls, those outside the queues too, and wrapping up."""
    available_s: float
    """Ready, or with the phone ringing."""
    occupancy: float | None
    """handled_s / (handled_s + available_s); null before either."""
    handling_time_s: float | None
    """handled_s / answered, the call in hand included; null before the first."""


class AgentFiguresOut(WorkOut):
    """One agent's figures of today."""

    model_config = ConfigDict(json_schema_extra={"examples": [_AGENT_EXAMPLE]})

    agent: str
    name: str


class AgentsFiguresOut(Output):
    """Every agent's figures of today, by number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agents": [_AGENT_EXAMPLE]}]})

    agents: list[AgentFiguresOut]


class IntervalOut(CountsOut):
    """What happened from one instant up to another."""

    begins: datetime
    ends: datetime


class IntervalsOut(Output):
    """The last 96 intervals of 15 minutes in which something happened, first one first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"intervals": [{**COUNTS_EXAMPLE, **_PERIOD}]}]}
    )

    intervals: list[IntervalOut]


class AgentIntervalOut(WorkOut):
    """What an agent did from one instant up to another."""

    begins: datetime
    ends: datetime


class AgentIntervalsOut(Output):
    """The last 96 intervals of 15 minutes in which the agent worked, first one first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"intervals": [{**_WORK_EXAMPLE, **_PERIOD}]}]})

    intervals: list[AgentIntervalOut]
