"""The dialplan's own events (docs/dialplan.md), which reach us twice: live over AMI and in Asterisk's log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from acd.model import Instant
from cti.ami.quality import leg_quality
from cti.calls.facts import (
    CallArrived,
    CallbackAsked,
    CallerFellBack,
    CallerHeld,
    CallerLeft,
    CallerQueued,
    DialEnded,
    Fact,
    FeatureDialled,
    LegId,
    LegMeasured,
    LineClosed,
    MenuChosen,
    RatingAsked,
    RatingGiven,
    RecordingFinished,
    RecordingStarted,
    SeatDialled,
    SupervisorDoes,
    VoicemailEnded,
    VoicemailStarted,
)


class Fields(Protocol):
    """The event's own fields, by name. Raises LookupError for one that is missing."""

    def __getitem__(self, name: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class On:
    """Which leg the event is about, and when."""

    at: Instant
    cause: str
    leg: LegId
    channel: str


def _arrived(on: On, fields: Fields) -> Fact:
    return CallArrived(
        on.at, on.cause, on.leg, fields["Call"], fields["Hotline"], fields["Number"], fields["Dialled"]
    )


def _dialled(on: On, fields: Fields) -> Fact:
    return SeatDialled(
        on.at,
        on.cause,
        on.leg,
        fields["Call"],
        fields["Seat"],
        fields["Number"],
        _newer(fields, "Callback"),
        _newer(fields, "WorkOrder"),
        _newer(fields, "To"),
    )


def _newer(fields: Fields, name: str) -> str:
    """A field that a dialplan from before an upgrade does not tell."""
    try:
        return fields[name]
    except LookupError:
        return ""


def _dial_ended(on: On, fields: Fields) -> Fact:
    cause = int(fields["HangupCause"] or 0)
    return DialEnded(on.at, on.cause, on.leg, fields["Call"], fields["Status"], cause)


def _queued(on: On, fields: Fields) -> Fact:
    return CallerQueued(
        on.at,
        on.cause,
        on.leg,
        fields["Call"],
        fields["Queue"],
        int(fields["Priority"]),
        float(fields["QueuedAt"]),
    )


def _fell_back(on: On, fields: Fields) -> Fact:
    return CallerFellBack(on.at, on.cause, on.leg, fields["Call"])


def _left(on: On, fields: Fields) -> Fact:
    return CallerLeft(on.at, on.cause, on.leg, fields["Call"], int(fields["Cause"]))


def _held(on: On, fields: Fields) -> Fact:
    return CallerHeld(on.at, on.cause, on.leg, fields["Call"], fields["By"])


def _supervising(on: On, fields: Fields) -> Fact:
    return SupervisorDoes(on.at, on.cause, on.leg, fields["Doing"])


def _recording_started(on: On, fields: Fields) -> Fact:
    return RecordingStarted(on.at, on.cause, on.leg, fields["Call"], _newer(fields, "Recording"))


def _recording_finished(on: On, fields: Fields) -> Fact:
    return RecordingFinished(on.at, on.cause, on.leg, fields["Call"], _newer(fields, "Recording"))


def _feature(on: On, fields: Fields) -> Fact:
    return FeatureDialled(
        on.at, on.cause, on.leg, on.channel, fields["Seat"], fields["Feature"], fields["Argument"]
    )


def _chosen(on: On, fields: Fields) -> Fact:
    return MenuChosen(on.at, on.cause, on.leg, fields["Call"], fields["Choice"])


def _closed(on: On, fields: Fields) -> Fact:
    return LineClosed(on.at, on.cause, on.leg, fields["Call"], fields["Queue"])


def _voicemail_started(on: On, fields: Fields) -> Fact:
    return VoicemailStarted(on.at, on.cause, on.leg, fields["Call"])


def _voicemail_ended(on: On, fields: Fields) -> Fact:
    return VoicemailEnded(on.at, on.cause, on.leg, fields["Call"])


def _callback_asked(on: On, fields: Fields) -> Fact:
    return CallbackAsked(
        on.at,
        on.cause,
        on.leg,
        fields["Call"],
        fields["Queue"],
        int(fields["Priority"]),
        float(fields["QueuedAt"]),
        fields["Number"],
    )


def _rating_asked(on: On, fields: Fields) -> Fact:
    return RatingAsked(on.at, on.cause, on.leg, fields["Call"])


def _rating_given(on: On, fields: Fields) -> Fact:
    return RatingGiven(
        on.at,
        on.cause,
        on.leg,
        fields["Call"],
        fields["Outcome"],
        int(fields["Score"]),
        int(fields["Tries"]),
    )


def _measured(on: On, fields: Fields) -> Fact:
    return LegMeasured(on.at, on.cause, on.leg, leg_quality(fields["Rtcp"]))


USER_EVENTS: dict[str, Callable[[On, Fields], Fact]] = {
    "HotlineArrived": _arrived,
    "HotlineDialled": _dialled,
    "HotlineDialEnded": _dial_ended,
    "HotlineQueued": _queued,
    "HotlineFallback": _fell_back,
    "HotlineLeft": _left,
    "HotlineHeld": _held,
    "HotlineSupervising": _supervising,
    "HotlineRecordingStarted": _recording_started,
    "HotlineRecordingFinished": _recording_finished,
    "HotlineFeature": _feature,
    "HotlineChosen": _chosen,
    "HotlineClosed": _closed,
    "HotlineVoicemail": _voicemail_started,
    "HotlineVoicemailEnded": _voicemail_ended,
    "HotlineCallback": _callback_asked,
    "HotlineRating": _rating_asked,
    "HotlineRated": _rating_given,
    "HotlineQuality": _measured,
}
