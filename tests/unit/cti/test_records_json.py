"""Records in the journal come back as they were, whoever wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.effects import AgentChanged, Candidate, Decided
from acd.model import AgentState, OfferOutcome
from cti.calls.records import (
    CallOutcome,
    CallRecord,
    Direction,
    EndedBy,
    HoldKind,
    HoldRecord,
    LegRecord,
    OfferRecord,
    Route,
    SegmentRecord,
)
from cti.records_json import BadRecord, decode, decode_call, encode, instant_of, instant_text
from recording.model import RecordingRecord
from workorder.model import Disposition, WorkOrder, WorkOrderState

INSTANTS = st.integers(0, 4_000_000_000_000_000).map(lambda us: us / 1e6)
"""Up to the year 2096, in whole microseconds."""
TIMES = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone is given
IDS = st.text(max_size=8)
RECORD_TYPES = (CallRecord, Decided, AgentChanged, RecordingRecord, WorkOrder)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


LEGS = st.builds(
    LegRecord,
    leg=IDS,
    channel=IDS,
    endpoint=IDS,
    seat=maybe(IDS),
    agent=maybe(IDS),
    number=IDS,
    started_at=INSTANTS,
    ringing_at=maybe(INSTANTS),
    answered_at=maybe(INSTANTS),
    ended_at=maybe(INSTANTS),
    hangup_cause=maybe(st.integers(0, 127)),
)
SEGMENTS = st.builds(
    SegmentRecord,
    segment=IDS,
    legs=st.lists(IDS, max_size=3).map(tuple),
    agent=maybe(IDS),
    seat=maybe(IDS),
    recorded_leg=maybe(IDS),
    started_at=INSTANTS,
    ended_at=maybe(INSTANTS),
)
OFFERS = st.builds(
    OfferRecord,
    offer=IDS,
    agent=IDS,
    seat=IDS,
    made_at=INSTANTS,
    ended_at=maybe(INSTANTS),
    outcome=maybe(st.sampled_from(OfferOutcome)),
)
HOLDS = st.builds(
    HoldRecord,
    leg=IDS,
    kind=st.sampled_from(HoldKind),
    agent=maybe(IDS),
    started_at=INSTANTS,
    ended_at=maybe(INSTANTS),
)
CALLS = st.builds(
    CallRecord,
    holds=st.lists(HOLDS, max_size=2),
    work_order=maybe(IDS),
    call=IDS,
    direction=st.sampled_from(Direction),
    hotline=IDS,
    queue=maybe(IDS),
    priority=st.integers(-100, 100),
    number=IDS,
    dialled=IDS,
    started_at=INSTANTS,
    queued_at=maybe(INSTANTS),
    offered_at=maybe(INSTANTS),
    answered_at=maybe(INSTANTS),
    ended_at=maybe(INSTANTS),
    ended_by=maybe(st.sampled_from(EndedBy)),
    outcome=st.sampled_from(CallOutcome),
    route=st.sampled_from(Route),
    agent=maybe(IDS),
    seat=maybe(IDS),
    legs=st.lists(LEGS, max_size=3),
    segments=st.lists(SEGMENTS, max_size=3),
    offers=st.lists(OFFERS, max_size=3),
    version=st.integers(0, 2**31 - 1),
)
DECISIONS = st.builds(
    Decided,
    at=INSTANTS,
    cause=IDS,
    decision=IDS,
    contact=IDS,
    queue=IDS,
    agent=IDS,
    criterion=IDS,
    waited_s=st.floats(0, 1e6),
    eligible=st.integers(0, 1000),
    candidates=st.lists(st.builds(Candidate, IDS, maybe(IDS)), max_size=3).map(tuple),
    passed_over=st.lists(IDS, max_size=3).map(tuple),
)
AGENT_STATES = st.builds(
    AgentChanged,
    at=INSTANTS,
    cause=IDS,
    agent=IDS,
    seat=maybe(IDS),
    state=st.sampled_from(AgentState),
    reason=maybe(IDS),
    since=INSTANTS,
    until=maybe(INSTANTS),
    contact=maybe(IDS),
)
RECORDINGS = st.builds(
    RecordingRecord,
    recording=IDS,
    call=IDS,
    segment=IDS,
    path=IDS,
    size_bytes=st.integers(0, 2**40),
    duration_s=st.floats(0, 1e6),
    sha256=IDS,
    sample_rate_hz=st.just(8000),
    channels=st.just(2),
    stored_at=TIMES,
)
WORK_ORDERS = st.builds(
    WorkOrder,
    work_order=IDS,
    call=IDS,
    agent=maybe(IDS),
    state=st.sampled_from(WorkOrderState),
    category=maybe(IDS),
    summary=maybe(st.text(max_size=50)),
    disposition=maybe(st.sampled_from(Disposition)),
    created_at=TIMES,
    filled_at=maybe(TIMES),
    filled_by=maybe(IDS),
    version=st.integers(0, 1000),
)


@given(st.one_of(CALLS, DECISIONS, AGENT_STATES, RECORDINGS, WORK_ORDERS))
def test_a_record_comes_back_from_json_as_it_was(record: object) -> None:
    text = json.dumps(encode(record), allow_nan=False)

    assert decode(type(record), json.loads(text)) == record


@given(st.floats(0, 4e9))
def test_an_instant_is_kept_to_the_microsecond_and_stays_put_after_that(at: float) -> None:
    once = instant_of(instant_text(at))

    assert abs(once - at) <= 1e-6
    assert instant_of(instant_text(once)) == once


@given(INSTANTS, INSTANTS)
def test_the_texts_of_instants_sort_as_the_instants_do(one: float, other: float) -> None:
    assert (instant_text(one) < instant_text(other)) == (one < other)


def test_instants_are_written_in_utc_and_durations_as_seconds() -> None:
    body = encode(Decided(1_700_000_000.25, "c", "d", "x", "q", "1001", "only_candidate", 12.5, 1, (), ()))

    assert body["at"] == "2023-11-14T22:13:20.250000Z"
    assert body["waited_s"] == 12.5


def test_a_datetime_in_another_zone_is_written_in_utc() -> None:
    beijing = timezone(timedelta(hours=8))
    order = WorkOrder(
        "wo-1", "1", None, WorkOrderState.INTAKE, None, None, None,
        datetime(2026, 1, 1, 7, 30, tzinfo=beijing), None, None, 1,
    )  # fmt: skip

    assert encode(order)["created_at"] == "2025-12-31T23:30:00.000000Z"


def minimal_call() -> dict[str, Any]:
    return encode(CallRecord("c1", Direction.INBOUND, "12345", None, 0, "139", "12345", 1.0))


def test_a_record_written_before_a_field_existed_gets_the_fields_default() -> None:
    body = minimal_call()
    del body["route"], body["offers"]

    call = decode_call(body)

    assert (call.route, call.offers) == (Route.NONE, [])


def test_a_record_of_a_newer_version_is_read_without_what_is_unknown() -> None:
    assert decode_call({**minimal_call(), "satisfaction": 5}).call == "c1"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"outcome": "eaten"}, "outcome: not one of open, answered"),
        ({"started_at": "2026-01-01T00:00:00"}, "started_at: not a time with zone"),
        ({"started_at": 17}, "started_at: not a time with zone"),
        ({"started_at": None}, "started_at: not a time with zone"),
        ({"version": True}, "version: not a whole number"),
        ({"version": 1.5}, "version: not a whole number"),
        ({"number": 139}, "number: not text"),
        ({"legs": {}}, "legs: not a list"),
        ({"legs": [{"leg": "l"}]}, "legs: channel: missing in LegRecord"),
    ],
)
def test_what_is_not_the_record_is_refused_by_the_fields_name(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRecord, match=complaint):
        decode_call({**minimal_call(), **change})


def test_a_complaint_never_repeats_the_value() -> None:
    with pytest.raises(BadRecord) as error:
        decode_call({**minimal_call(), "started_at": "13912345678"})

    assert "13912345678" not in str(error.value)


def test_a_missing_field_without_a_default_is_refused() -> None:
    body = minimal_call()
    del body["call"]

    with pytest.raises(BadRecord, match="call: missing in CallRecord"):
        decode_call(body)


def test_a_time_without_a_zone_is_not_written() -> None:
    order = WorkOrder(
        "wo-1", "1", None, WorkOrderState.INTAKE, None, None, None, datetime(2026, 1, 1), None, None, 1  # noqa: DTZ001
    )  # fmt: skip

    with pytest.raises(ValueError, match="without a zone"):
        encode(order)


@dataclass
class Unknown:
    value: complex


@dataclass
class Ambiguous:
    value: int | str


@dataclass
class Pair:
    value: tuple[int, int]


@pytest.mark.parametrize("record", [Unknown(1j), Ambiguous(1), Pair((1, 2)), "text"])
def test_a_type_without_a_form_is_refused_when_it_is_first_met(record: object) -> None:
    with pytest.raises(TypeError):
        encode(record)
