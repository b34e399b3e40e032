"""Calls of the archive's records and of the service's views, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from acd.effects import Decided
from api.call_models import (
    CallDetailOut,
    CallRatingOut,
    CandidateOut,
    DecisionOut,
    HoldOut,
    LegOut,
    OfferOut,
    SegmentOut,
    TimesOut,
    WaitOut,
)
from api.masking import shown_number
from api.ports import ArchivedCall
from api.recordings import RecordingOut
from api.work_orders import WorkOrderOut
from config.models import Role
from cti.calls.records import (
    CallOutcome,
    CallRecord,
    Direction,
    HoldRecord,
    LegRecord,
    OfferRecord,
    RatingRecord,
    SegmentRecord,
)
from cti.calls.times import call_times
from cti.views import CallView
from workorder.model import WorkOrder


def call_detail(
    live: CallView | None, archived: ArchivedCall | None, written: Sequence[WorkOrder], role: Role
) -> CallDetailOut:
    """The call as the archive has it, with its live state; of an open one what the service knows will do."""
    orders = [WorkOrderOut.model_validate(order) for order in written]
    if archived is None:
        assert live is not None
        return CallDetailOut(
            **view_fields(live, role),
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


def view_fields(view: CallView, role: Role) -> dict[str, Any]:
    """`CallOut`'s fields of an open call as the service knows it, without what the archive has."""
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
