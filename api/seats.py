"""Seats: who sits where, and how the phones there are."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.auth import WATCHERS
from api.routing import Asked, Nothing, Output, Reply, route
from cti.views import SeatView

_EXAMPLE: JsonDict = {
    "seat": "s07",
    "extension": "8007",
    "agent": "1007",
    "registered": True,
    "reachable": True,
    "since": "2026-03-02T01:02:03Z",
    "user_agent": "Yealink SIP-T31P 124.86.0.75",
    "contact": "sip:s07@192.0.2.107:5060",
    "rtt_s": 0.0035,
}


class SeatOut(Output):
    """A seat and its phone."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    seat: str
    extension: str
    agent: str | None
    """Who is logged in there."""
    registered: bool
    """Whether a phone is registered for the seat."""
    reachable: bool | None
    """Whether it can be rung: registered, and answering when asked; null while Asterisk was not looked at."""
    since: datetime | None
    """Since when it is reachable, or is not; null: from before the service looked."""
    user_agent: str | None
    """What the phone calls itself."""
    contact: str | None
    """Where it is registered from."""
    rtt_s: float | None
    """How long its last answer took, in seconds, as Asterisk measured it (SIP OPTIONS)."""

    @classmethod
    def of(cls, view: SeatView, extension: str) -> SeatOut:
        return cls(
            seat=view.seat,
            extension=extension,
            agent=view.agent,
            registered=view.registered,
            reachable=view.reachable,
            since=view.since,
            user_agent=view.user_agent,
            contact=view.contact,
            rtt_s=view.rtt_s,
        )


class SeatsOut(Output):
    """All seats, in the order of the configuration."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seats": [_EXAMPLE]}]})

    seats: list[SeatOut]


async def list_seats(ask: Asked[Nothing, Nothing]) -> Reply:
    extensions = {seat.id: seat.extension for seat in ask.context.site.seats}
    views = ask.context.service.seats()
    return Reply(SeatsOut(seats=[SeatOut.of(view, extensions[view.seat]) for view in views]))


ROUTES = (
    route(
        "GET",
        "/v1/seats",
        list_seats,
        summary="Every seat, who sits there and how its phone is",
        tag="seats",
        roles=WATCHERS,
        answers={200: SeatsOut},
    ),
)
