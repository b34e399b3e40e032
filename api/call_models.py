"""Calls as the API shows them, and how they come from the archive's records and the service's views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field
from pydantic.config import JsonDict

from acd.effects import Decided
from acd.model import OfferOutcome
from api.masking import shown_number
from api.ports import ArchivedCall
from api.recordings import EXAMPLE as RECORDING_EXAMPLE
from api.recordings import RecordingOut
from api.routing import Input, Output
from api.work_orders import EXAMPLE as WORK_ORDER_EXAMPLE
from api.work_orders import WorkOrderOut
from config.base import AgentNumber, Id
from config.models import Role
from cti.calls.records import (
    CallOutcome,
    CallRecord,
    Direction,
    EndedBy,
    HoldKind,
    HoldRecord,
    LegRecord,
    OfferRecord,
    RatingOutcome,
    RatingRecord,
    Route,
    SegmentRecord,
)
from cti.calls.times import call_times
from cti.views import CallView
from workorder.model import WorkOrder

_FIRST_YEAR, _LAST_YEAR = 2000, 2200

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


def _plausible(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        raise ValueError(f"the year should be from {_FIRST_YEAR} to {_LAST_YEAR - 1}")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]


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
    """For which an agent called the citizen (回访)."""
    state: str | None
    """Of an open call: `greeting`, `waiting`, `offered`, `talking`, `held`, `fallback`, `diverted`, `closed`,
    `voicemail`, `callback`, `after`."""
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


def call_detail(
    live: CallView | None, archived: ArchivedCall | None, written: Sequence[WorkOrder], role: Role
) -> CallDetailOut:
    """The call as the archive has it, with its live state; of an open one what the service knows will do."""
    orders = [WorkOrderOut.model_validate(order) for order in written]
    if archived is None:
        assert live is not None
        return CallDetailOut(
            **_of_view(live, role),
            complete=False,
            legs=[],
            segments=[],
            offers=[],
            holds=[],
            times=None,
            decisions=[],
            recordings=[],
            work_orders=orders,
            choice=None,
            rating=None,
        )
    record = archived.record
    return CallDetailOut(
        **call_fields(record, role, live),
        complete=live is None and record.outcome is not CallOutcome.OPEN,
        legs=[_leg(leg, role) for leg in record.legs],
        segments=[_segment(segment) for segment in record.segments],
        offers=[_offer(offer) for offer in record.offers],
        holds=[_hold(hold) for hold in record.holds],
        times=TimesOut.model_validate(call_times(record, archived.wrap_ups, datetime.now(UTC).timestamp())),
        decisions=[_decision(decided) for decided in archived.decisions],
        recordings=[RecordingOut.model_validate(recording) for recording in archived.recordings],
        work_orders=orders,
        choice=record.choice,
        rating=_rating(record.rating),
    )


def call_fields(record: CallRecord, role: Role, live: CallView | None) -> dict[str, Any]:
    """`CallOut`'s fields. The citizen's number is in `number`, and in `dialled` of a call that went out."""
    went_out = record.direction is Direction.OUTBOUND
    return {
        "call": record.call,
        "direction": record.direction,
        "hotline": record.hotline,
        "queue": record.queue,
        "priority": record.priority,
        "number": shown_number(record.number, role),
        "dialled": shown_number(record.dialled, role) if went_out else record.dialled,
        "started_at": _moment(record.started_at),
        "queued_at": _moment(record.queued_at),
        "offered_at": _moment(record.offered_at),
        "answered_at": _moment(record.answered_at),
        "ended_at": _moment(record.ended_at),
        "ended_by": record.ended_by,
        "outcome": record.outcome,
        "route": record.route,
        "agent": record.agent,
        "seat": record.seat,
        "work_order": record.work_order,
        **_live_fields(live),
    }


def _of_view(view: CallView, role: Role) -> dict[str, Any]:
    """An open call that the archive does not have, or cannot show now."""
    return {
        "call": view.call,
        "direction": Direction(view.direction),
        "hotline": view.hotline,
        "queue": view.queue,
        "priority": None,
        "number": shown_number(view.number, role),
        "dialled": None,
        "started_at": view.started_at,
        "queued_at": view.queued_at,
        "offered_at": None,
        "answered_at": view.answered_at,
        "ended_at": None,
        "ended_by": None,
        "outcome": CallOutcome.OPEN,
        "route": None,
        "agent": view.agent,
        "seat": view.seat,
        "work_order": None,
        **_live_fields(view),
    }


def _live_fields(view: CallView | None) -> dict[str, Any]:
    if view is None:
        return {"state": None, "wait": None}
    return {"state": view.state, "wait": None if view.wait is None else WaitOut.model_validate(view.wait)}


def _leg(leg: LegRecord, role: Role) -> LegOut:
    return LegOut(
        leg=leg.leg,
        endpoint=leg.endpoint,
        seat=leg.seat,
        agent=leg.agent,
        number=shown_number(leg.number, role),
        started_at=datetime.fromtimestamp(leg.started_at, UTC),
        ringing_at=_moment(leg.ringing_at),
        answered_at=_moment(leg.answered_at),
        ended_at=_moment(leg.ended_at),
        hangup_cause=leg.hangup_cause,
        said_loss=leg.said_loss,
        said_jitter_s=leg.said_jitter_s,
        said_mos=leg.said_mos,
        heard_loss=leg.heard_loss,
        heard_jitter_s=leg.heard_jitter_s,
        heard_mos=leg.heard_mos,
        rtt_s=leg.rtt_s,
    )


def _segment(segment: SegmentRecord) -> SegmentOut:
    return SegmentOut(
        segment=segment.segment,
        legs=list(segment.legs),
        agent=segment.agent,
        seat=segment.seat,
        recorded_leg=segment.recorded_leg,
        started_at=datetime.fromtimestamp(segment.started_at, UTC),
        ended_at=_moment(segment.ended_at),
    )


def _offer(offer: OfferRecord) -> OfferOut:
    return OfferOut(
        offer=offer.offer,
        agent=offer.agent,
        seat=offer.seat,
        made_at=datetime.fromtimestamp(offer.made_at, UTC),
        ended_at=_moment(offer.ended_at),
        outcome=offer.outcome,
    )


def _hold(hold: HoldRecord) -> HoldOut:
    return HoldOut(
        leg=hold.leg,
        kind=hold.kind,
        agent=hold.agent,
        started_at=datetime.fromtimestamp(hold.started_at, UTC),
        ended_at=_moment(hold.ended_at),
    )


def _rating(rating: RatingRecord | None) -> CallRatingOut | None:
    if rating is None:
        return None
    return CallRatingOut(
        agent=rating.agent,
        asked_at=datetime.fromtimestamp(rating.asked_at, UTC),
        outcome=rating.outcome,
        score=rating.score,
        rated_at=_moment(rating.rated_at),
    )


def _decision(decided: Decided) -> DecisionOut:
    return DecisionOut(
        decision=decided.decision,
        at=datetime.fromtimestamp(decided.at, UTC),
        queue=decided.queue,
        agent=decided.agent,
        criterion=decided.criterion,
        waited_s=decided.waited_s,
        eligible=decided.eligible,
        candidates=[CandidateOut.model_validate(candidate) for candidate in decided.candidates],
        passed_over=list(decided.passed_over),
        step=decided.step,
        score=decided.score,
    )


def _moment(instant: float | None) -> datetime | None:
    return None if instant is None else datetime.fromtimestamp(instant, UTC)
