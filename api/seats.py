"""Seats: who sits where, and how the phones there are."""

from __future__ import annotations

from dataclasses import asdict
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
    "sound": {
        "call": "hotline-1772414096.55",
        "at": "2026-03-02T01:16:41Z",
        "said_loss": 0.002,
        "said_jitter_s": 0.0011,
        "said_mos": 4.4,
        "heard_loss": 0.0,
        "heard_jitter_s": 0.0009,
        "heard_mos": 4.41,
        "rtt_s": 0.021,
    },
}


class SoundOut(Output):
    """How good the seat's present call sounds, or its last one sounded, as RTP and RTCP counted it."""

    call: str
    at: datetime
    said_loss: float | None
    """Share of what the phone sent that did not arrive at Asterisk, 0 to 1; null: nothing came."""
    said_jitter_s: float | None
    said_mos: float | None
    """Estimated mean opinion score, 1 to 4.5, by the E-model (ITU-T G.107)."""
    heard_loss: float | None
    """The same of what Asterisk sent it, by the phone's own reports; null: it sent none yet."""
    heard_jitter_s: float | None
    heard_mos: float | None
    rtt_s: float | None


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
    sound: SoundOut | None
    """Of the present or last call; null: none was measured."""

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
            sound=_sound(view),
        )


def _sound(view: SeatView) -> SoundOut | None:
    if view.sound is None or view.call is None or view.measured_at is None:
        return None
    return SoundOut(call=view.call, at=view.measured_at, **asdict(view.sound))


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
