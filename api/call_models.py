"""What a client asks of calls, and calls as the API shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from acd.model import OfferOutcome
from api.moments import Moment
from api.recordings import EXAMPLE as RECORDING_EXAMPLE
from api.recordings import RecordingOut
from api.routing import Input, Output
from api.work_orders import EXAMPLE as WORK_ORDER_EXAMPLE
from api.work_orders import WorkOrderOut
from config.base import AgentNumber, Id
from cti.calls.records import CallOutcome, CallState, Direction, EndedBy, HoldKind, RatingOutcome, Route

_CALL_EXAMPLE: JsonDict = {
    "call": "hotline-1772414096.55",
    "direction": "inbound",
    "hotline": "12315",
    "queue": "consumer",
    "priority": 0,
    "number": "138****1234",
    "dialled": "12315",
    "started_at": "2026-03-02T01:14:56Z",
    "queued_at": "2026-03-02T01:15:01Z",
    "offered_at": "2026-03-02T01:15:01.250000Z",
    "answered_at": "2026-03-02T01:15:05Z",
    "ended_at": "2026-03-02T01:16:42Z",
    "ended_by": "caller",
    "outcome": "answered",
    "route": "acd",
    "agent": "1007",
    "seat": "s07",
    "work_order": None,
    "state": None,
    "wait": None,
}


_DETAIL_EXAMPLE: JsonDict = {
    **_CALL_EXAMPLE,
    "complete": True,
    "legs": [
        {
            "leg": "hotline-1772414096.55",
            "endpoint": "trunk",
            "seat": None,
            "agent": None,
            "number": "138****1234",
            "started_at": "2026-03-02T01:14:56Z",
            "ringing_at": None,
            "answered_at": "2026-03-02T01:14:56Z",
            "ended_at": "2026-03-02T01:16:42Z",
            "hangup_cause": 16,
            "said_loss": 0.002,
            "said_jitter_s": 0.0011,
            "said_mos": 4.4,
            "heard_loss": 0.0,
            "heard_jitter_s": 0.0009,
            "heard_mos": 4.41,
            "rtt_s": 0.021,
        }
    ],
    "segments": [
        {
            "segment": "hotline-1772414096.55/1",
            "legs": ["hotline-1772414096.55", "hotline-1772414101.58"],
            "agent": "1007",
            "seat": "s07",
            "recorded_leg": "hotline-1772414101.58",
            "started_at": "2026-03-02T01:15:05Z",
            "ended_at": "2026-03-02T01:16:42Z",
        }
    ],
    "offers": [
        {
            "offer": "hotline-1772414101.58",
            "agent": "1007",
            "seat": "s07",
            "made_at": "2026-03-02T01:15:01.250000Z",
            "ended_at": "2026-03-02T01:15:05Z",
            "outcome": "accepted",
        }
    ],
    "holds": [
        {
            "leg": "hotline-1772414096.55",
            "kind": "service",
            "agent": "1007",
            "started_at": "2026-03-02T01:15:35Z",
            "ended_at": "2026-03-02T01:15:45Z",
        }
    ],
    "times": {"ring_s": 3.75, "talk_s": 87.0, "hold_s": 10.0, "wrap_up_s": 10.0},
    "decisions": [
        {
            "decision": "hotline-1772414101.58",
            "at": "2026-03-02T01:15:01.250000Z",
            "queue": "consumer",
            "agent": "1007",
            "criterion": "longest_idle",
            "waited_s": 0.25,
            "eligible": 2,
            "candidates": [
                {"agent": "1007", "against": None},
                {"agent": "1012", "against": "idle_shorter"},
            ],
            "passed_over": [],
            "step": "skill consumer of 3 or more",
            "score": 0.25,
        }
    ],
    "recordings": [RECORDING_EXAMPLE],
    "work_orders": [WORK_ORDER_EXAMPLE],
    "choice": "bilingual.english",
    "rating": {
        "agent": "1007",
        "asked_at": "2026-03-02T01:16:42Z",
        "outcome": "rated",
        "score": 5,
        "rated_at": "2026-03-02T01:16:50Z",
    },
}


_PAGE_EXAMPLE: JsonDict = {
    "calls": [_CALL_EXAMPLE],
    "next_cursor": "2026-03-02T01:14:56.000000Z~hotline-1772414096.55",
}


class CallsQuery(Input):
    """Which calls. All that are given must hold."""

    since: Moment | None = None
    """Calls that started at this time or later; ISO 8601 with zone."""
    until: Moment | None = None
    """Calls that started before this time."""
    queue: Id | None = None
    agent: AgentNumber | None = None
    """Calls that this agent answered first."""
    outcome: CallOutcome | None = None
    work_order: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    """Calls in which a citizen was called about this work order (回访)."""
    limit: int = Field(default=50, ge=1, le=500)
    """At most so many."""
    cursor: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._~:=+/-]+$")
    """`next_cursor` of the page before, with the same filters."""


class WaitOut(Output):
    """Where a waiting call stands in its queue."""

    position: int
    """By arrival; 1 is the next one. Priority and skills may bring another one first."""
    expected_s: float | None
    """How long it will wait from now on, from how fast its queue was served lately; null while too little is
    known."""
    error_s: float | None
    """In 95 of 100 cases the wait is within this of `expected_s`, if service goes on as it did."""


class CallOut(Output):
    """A call: who, when, and what became of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CALL_EXAMPLE]})

    call: str
    direction: Direction
    hotline: str
    queue: str | None
    priority: int | None
    """Null while only the service knows the call."""
    number: str
    """The citizen's number; masked unless a supervisor asks. Empty for an internal call."""
    dialled: str | None
    """Masked as `number` is when the call went out."""
    started_at: datetime
    queued_at: datetime | None
    offered_at: datetime | None
    """First offer."""
    answered_at: datetime | None
    """First connected with an agent."""
    ended_at: datetime | None
    ended_by: EndedBy | None
    outcome: CallOutcome
    route: Route | None
    """Who found the agent: this service, Asterisk's plain queue, the agent who dialled out, or nobody yet."""
    agent: str | None
    """Who answered first."""
    seat: str | None
    work_order: str | None
    """About which the hotline called the citizen (回访)."""
    state: CallState | None
    """Of an open call."""
    wait: WaitOut | None
    """Of a waiting call."""


class LegOut(Output):
    """One channel."""

    leg: str
    endpoint: str
    seat: str | None
    """Null for the trunk."""
    agent: str | None
    number: str
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    hangup_cause: int | None
    """Q.850."""
    said_loss: float | None
    """Share of what the phone sent that did not arrive at Asterisk, 0 to 1; null: nothing came, or not known
    yet."""
    said_jitter_s: float | None
    said_mos: float | None
    """Estimated mean opinion score, 1 to 4.5, by the E-model (ITU-T G.107)."""
    heard_loss: float | None
    """The same of what Asterisk sent it, by the phone's own reports (RTCP); null: it sent none."""
    heard_jitter_s: float | None
    heard_mos: float | None
    rtt_s: float | None
    """Round trip between Asterisk and the phone."""


class SegmentOut(Output):
    """A stretch in which the same parties were connected."""

    segment: str
    legs: list[str]
    agent: str | None
    seat: str | None
    recorded_leg: str | None
    started_at: datetime
    ended_at: datetime | None


class OfferOut(Output):
    """An agent's phone that rang for the call."""

    offer: str
    agent: str
    seat: str
    made_at: datetime
    ended_at: datetime | None
    outcome: OfferOutcome | None


class HoldOut(Output):
    """A stretch in which somebody heard music instead of the others."""

    leg: str
    """Who was held; of a phone's own hold, whose phone it was."""
    kind: HoldKind
    agent: str | None
    """Who held."""
    started_at: datetime
    ended_at: datetime | None


class TimesOut(Output):
    """Of the citizen, from bridges and holds, and of who wrapped it up; what goes on counts up to now."""

    ring_s: float
    """The agents' phones, for offers."""
    talk_s: float
    """Connected, and not on hold."""
    hold_s: float
    """Hearing music after an agent had taken the call."""
    wrap_up_s: float
    """Of all agents together, after the call."""


class CandidateOut(Output):
    """An agent that was looked at, and the first reason against them; null: chosen."""

    agent: str
    against: str | None


class DecisionOut(Output):
    """Why this agent."""

    decision: str
    at: datetime
    queue: str
    agent: str
    criterion: str
    waited_s: float
    eligible: int
    candidates: list[CandidateOut]
    passed_over: list[str]
    step: str
    """What the contact asked for at this point of its wait."""
    score: float
    """Its points in the eyes of the chosen agent: seconds waited, worth of priority and penalty, weighted."""


class CallRatingOut(Output):
    """How the caller rated the service (满意度)."""

    agent: str | None
    """Who talked with the caller last."""
    asked_at: datetime
    outcome: RatingOutcome | None
    """Null while the caller is being asked."""
    score: int | None
    """1 to 5, the best; null when not rated."""
    rated_at: datetime | None


class CallDetailOut(CallOut):
    """A call with everything that belongs to it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DETAIL_EXAMPLE]})

    complete: bool
    """False while the call is open: what the archive does not have yet is missing from the lists."""
    legs: list[LegOut]
    segments: list[SegmentOut]
    offers: list[OfferOut]
    holds: list[HoldOut]
    times: TimesOut | None
    """Null while the archive is away."""
    decisions: list[DecisionOut]
    recordings: list[RecordingOut]
    work_orders: list[WorkOrderOut]
    choice: str | None
    """What the caller chose in the flow's menu, `<flow>.<choice>`."""
    rating: CallRatingOut | None
    """Null for a caller who was not asked."""


class CallsOut(Output):
    """A page of calls, latest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PAGE_EXAMPLE]})

    calls: list[CallOut]
    next_cursor: str | None
    """For the page after this one; null on the last."""
