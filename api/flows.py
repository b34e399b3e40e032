"""What callers left in flows: ratings (满意度) with their figures, and messages on closed lines."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.auth import WATCHERS
from api.masking import shown_number
from api.moments import Moment
from api.ports import from_archive
from api.routing import Asked, Input, Nothing, Output, Reply, route
from config.base import AgentNumber, Id
from config.models import Site
from cti.calls.records import RatingOutcome
from recording.ratings import RatingFigures, RatingGroup
from workorder.model import WorkOrderState

_CURSOR = r"^[A-Za-z0-9._~:=+/-]+$"
_RATING: JsonDict = {
    "call": "hotline-1772414096.55",
    "work_order": "wo-hotline-1772414096.55",
    "hotline": "12345",
    "queue": "general",
    "agent": "1007",
    "asked_at": "2026-03-02T01:16:42Z",
    "outcome": "rated",
    "score": 5,
    "tries": 1,
    "rated_at": "2026-03-02T01:16:50Z",
}
_FIGURES: JsonDict = {
    "of": "1007",
    "asked": 120,
    "rated": 84,
    "scores": {"1": 1, "2": 2, "3": 5, "4": 20, "5": 56},
    "mean_score": 4.5238,
    "satisfied_rate": 0.9643,
    "response_rate": 0.7,
}
_VOICEMAIL: JsonDict = {
    "call": "hotline-1772414096.55",
    "hotline": "12366",
    "queue": "enterprise",
    "number": "138****1234",
    "started_at": "2026-03-02T15:10:02Z",
    "ended_at": "2026-03-02T15:10:41Z",
    "recording": "hotline-1772414096.55",
    "duration_s": 39.0,
    "work_order": "wo-hotline-1772414096.55",
    "work_order_state": "intake",
}


class RatingOut(Output):
    """How a caller rated a call."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RATING]})

    call: str
    work_order: str
    """The call's."""
    hotline: str
    queue: str | None
    agent: str | None
    """Who talked with the caller last."""
    asked_at: datetime
    outcome: RatingOutcome | None
    """Null while the caller is being asked."""
    score: int | None
    """1 to 5, the best; null when not rated."""
    tries: int
    """How often the caller was asked."""
    rated_at: datetime | None


class RatingsOut(Output):
    """A page of ratings, latest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ratings": [_RATING], "next_cursor": None}]})

    ratings: list[RatingOut]
    next_cursor: str | None
    """For the page after this one; null on the last."""


class PageQuery(Input):
    since: Moment | None = None
    """From this time on; ISO 8601 with zone."""
    until: Moment | None = None
    """Before this time."""
    limit: int = Field(default=50, ge=1, le=500)
    """At most so many."""
    cursor: str | None = Field(default=None, min_length=1, max_length=200, pattern=_CURSOR)
    """`next_cursor` of the page before, with the same filters."""


class RatingsQuery(PageQuery):
    """Which ratings, by when they were asked for. All that are given must hold."""

    agent: AgentNumber | None = None
    """Of this agent."""
    queue: Id | None = None


class FiguresQuery(Input):
    """Of which time, and of whom."""

    by: RatingGroup = RatingGroup.AGENT
    since: Moment | None = None
    """Ratings asked for at this time or later; ISO 8601 with zone."""
    until: Moment | None = None
    """Ratings asked for before this time."""


class RatingFiguresOut(Output):
    """How one agent or queue was rated."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURES]})

    of: str | None
    """The agent or queue; null for calls without one."""
    asked: int
    rated: int
    scores: dict[str, int]
    """How often each score was given."""
    mean_score: float | None
    """Null before the first."""
    satisfied_rate: float | None
    """满意率: scores from the flow's `satisfied_from` on / rated, from 0 to 1; null before the first."""
    response_rate: float | None
    """参评率: rated / asked, from 0 to 1."""


class AllRatingFiguresOut(Output):
    """Everybody who was rated."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"figures": [_FIGURES]}]})

    figures: list[RatingFiguresOut]


class VoicemailOut(Output):
    """A message on a closed line."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VOICEMAIL]})

    call: str
    hotline: str
    queue: str | None
    """Where the caller would have waited."""
    number: str
    """The citizen's number; masked unless a supervisor asks."""
    started_at: datetime
    ended_at: datetime | None
    recording: str | None
    """Null until its audio is archived, a moment after the message."""
    duration_s: float | None
    work_order: str | None
    """What the message is handled by; null until the archive has it."""
    work_order_state: WorkOrderState | None


class VoicemailsOut(Output):
    """A page of messages, latest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"voicemails": [_VOICEMAIL], "next_cursor": None}]}
    )

    voicemails: list[VoicemailOut]
    next_cursor: str | None
    """For the page after this one; null on the last."""


class VoicemailsQuery(PageQuery):
    """Which messages, by when they began."""


async def list_ratings(ask: Asked[RatingsQuery, Nothing]) -> Reply:
    query = ask.query
    page = await from_archive(
        ask.context.flows.ratings(
            since=query.since,
            until=query.until,
            agent=query.agent,
            queue=query.queue,
            limit=query.limit,
            before_cursor=query.cursor,
        ),
        ask.context.limits.archive_s,
    )
    ratings = [
        RatingOut(
            call=each.call,
            work_order=f"wo-{each.call}",
            hotline=each.hotline,
            queue=each.queue,
            agent=each.agent,
            asked_at=each.asked_at,
            outcome=each.outcome,
            score=each.score,
            tries=each.tries,
            rated_at=each.rated_at,
        )
        for each in page.ratings
    ]
    return Reply(RatingsOut(ratings=ratings, next_cursor=page.next_cursor))


async def get_figures(ask: Asked[FiguresQuery, Nothing]) -> Reply:
    query = ask.query
    found = await from_archive(
        ask.context.flows.figures(query.by, since=query.since, until=query.until),
        ask.context.limits.archive_s,
    )
    satisfied_from = _satisfied_from(ask.context.site)
    return Reply(AllRatingFiguresOut(figures=[_figures(each, satisfied_from) for each in found]))


async def list_voicemails(ask: Asked[VoicemailsQuery, Nothing]) -> Reply:
    query, limit_s = ask.query, ask.context.limits.archive_s
    page = await from_archive(
        ask.context.flows.voicemails(
            since=query.since, until=query.until, limit=query.limit, before_cursor=query.cursor
        ),
        limit_s,
    )
    shown = []
    for each in page.voicemails:
        orders = await from_archive(ask.context.work_orders.for_call(each.call), limit_s)
        shown.append(
            VoicemailOut(
                call=each.call,
                hotline=each.hotline,
                queue=each.queue,
                number=shown_number(each.number, ask.who.role),
                started_at=each.started_at,
                ended_at=each.ended_at,
                recording=each.recording,
                duration_s=each.duration_s,
                work_order=orders[0].work_order if orders else None,
                work_order_state=orders[0].state if orders else None,
            )
        )
    return Reply(VoicemailsOut(voicemails=shown, next_cursor=page.next_cursor))


def _satisfied_from(site: Site) -> int:
    """The lowest score that any flow counts as satisfied; 3 (基本满意) while none has a rating."""
    return min((flow.rating.satisfied_from for flow in site.flows if flow.rating is not None), default=3)


def _figures(figures: RatingFigures, satisfied_from: int) -> RatingFiguresOut:
    rated = figures.rated
    points = sum(score * count for score, count in figures.scores.items())
    satisfied = sum(count for score, count in figures.scores.items() if score >= satisfied_from)
    return RatingFiguresOut(
        of=figures.of,
        asked=figures.asked,
        rated=rated,
        scores={str(score): count for score, count in figures.scores.items()},
        mean_score=points / rated if rated else None,
        satisfied_rate=satisfied / rated if rated else None,
        response_rate=rated / figures.asked if figures.asked else None,
    )


ROUTES = (
    route(
        "GET",
        "/v1/ratings",
        list_ratings,
        summary="Ratings after calls, latest first",
        tag="flows",
        roles=WATCHERS,
        query=RatingsQuery,
        answers={200: RatingsOut},
        errors=("archive_unreachable",),
    ),
    route(
        "GET",
        "/v1/ratings/figures",
        get_figures,
        summary="How agents or queues were rated",
        tag="flows",
        roles=WATCHERS,
        query=FiguresQuery,
        answers={200: AllRatingFiguresOut},
        errors=("archive_unreachable",),
    ),
    route(
        "GET",
        "/v1/voicemails",
        list_voicemails,
        summary="Messages on closed lines, latest first",
        tag="flows",
        description="Each has opened a work order, and is handled by it.",
        roles=WATCHERS,
        query=VoicemailsQuery,
        answers={200: VoicemailsOut},
        errors=("archive_unreachable",),
    ),
)
