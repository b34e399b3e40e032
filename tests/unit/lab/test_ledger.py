"""The ledger must find what is planted in a run that went well, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab import ledger as kinds
from lab.callers import CallerReport
from lab.evidence import errors_in
from lab.ledger import Evidence, ledger
from lab.phone_log import PhoneCall
from lab.witness import ArchiveSays, AsteriskSaw, SeenCall, Talk

BEGAN = 1_000_000.0


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(BEGAN + seconds, UTC)


def caller(number: str, **changes: Any) -> CallerReport:
    seen: dict[str, Any] = {
        "number": number,
        "hotline": "12345",
        "tone_hz": 1000,
        "outcome": "answered",
        "called_at": BEGAN,
        "ended_at": BEGAN + 30.0,
        "heard_at": BEGAN + 10.2,
        "last_heard_at": BEGAN + 30.0,
        "seat": "seat-01",
        "heard_s": 19.0,
        "seats": ("seat-01",),
        "connected_at": BEGAN + 0.1,
        "hung_up_by": "caller",
    }
    return CallerReport(**seen | changes)


def phone(number: str, seat: str = "seat-01", **changes: Any) -> PhoneCall:
    seen: dict[str, Any] = {
        "began_at": BEGAN + 9.0,
        "answered_at": BEGAN + 10.0,
        "ended_at": BEGAN + 30.0,
        "hung_up_here": False,
    }
    return PhoneCall(
        seat=seat, call_id=f"sip-{number}-{seat}", number=number, outgoing=False, **seen | changes
    )


def seen_call(call: str, number: str, seat: str = "seat-01") -> SeenCall:
    return SeenCall(
        call,
        number,
        BEGAN,
        queued_at=BEGAN + 8.0,
        answered_at=BEGAN + 10.0,
        seat=seat,
        ended_at=BEGAN + 30.0,
        over_at=BEGAN + 30.0,
        recorded={f"{call}-o1"},
        talks=[Talk(frozenset({call, f"{call}-o1"}), BEGAN + 10.0)],
    )


def archived_call(seen: SeenCall) -> dict[str, Any]:
    return {
        "call": seen.call,
        "number": seen.number,
        "hotline": "12345",
        "queue": "general",
        "priority": 0,
        "seat": seen.seat,
        "outcome": "answered",
        "queued_at": at(8.0),
        "answered_at": at(10.0),
        "ended_at": at(30.0),
    }


def went_well() -> Evidence:
    """Two citizens called at once and talked to two agents."""
    saw = AsteriskSaw({c.call: c for c in (seen_call("c1", "n1"), seen_call("c2", "n2", "seat-02"))})
    calls = saw.calls.values()
    says = ArchiveSays(
        calls={call.call: archived_call(call) for call in calls},
        recordings=[{"call": call.call, "recording": f"{call.call}-o1"} for call in calls],
        work_orders=[{"call": call.call} for call in calls],
        segments=[{"call": call.call, "seat": call.seat} for call in calls],
        offers=[{"call": call.call, "offer": f"{call.call}-o1", "outcome": "accepted"} for call in calls],
        agent_states=[],
        decisions=2,
    )
    return Evidence(
        callers=[caller("n1"), caller("n2", seat="seat-02", seats=("seat-02",))],
        phones=[phone("n1"), phone("n2", "seat-02")],
        saw=saw,
        says=says,
        agents=[agent("1001", "seat-01"), agent("1002", "seat-02")],
    )


def agent(name: str, seat: str | None, state: str = "ready", reason: str | None = None) -> dict[str, Any]:
    return {"agent": name, "seat": seat, "state": state, "reason": reason}


def benched(reason: str, seconds: float, seat: str = "seat-01") -> dict[str, Any]:
    return {"agent": "1001", "seat": seat, "state": "not_ready", "reason": reason, "at": at(seconds)}


def found(seen: Evidence) -> dict[str, int]:
    return {kind: count for kind, count in ledger(seen).counts.items() if count}


def callers(first: CallerReport) -> Evidence:
    well = went_well()
    return replace(well, callers=[first, *well.callers[1:]])


def phones(*calls: PhoneCall) -> Evidence:
    well = went_well()
    return replace(well, phones=[*calls, *well.phones[1:]])


def archive(**changes: Any) -> Evidence:
    well = went_well()
    return replace(well, says=replace(well.says, **changes))


def call_archived(**changes: Any) -> Evidence:
    calls = went_well().says.calls
    return archive(calls=calls | {"c1": calls["c1"] | changes})


def test_a_run_that_went_well_is_all_zero() -> None:
    assert str(ledger(went_well())) == "all zero"
    assert ledger(went_well()).clean


def test_an_agent_who_hung_up_first_dropped_nothing() -> None:
    seen = callers(caller("n1", hung_up_by="far_end", ended_at=BEGAN + 32.0))
    seen = replace(seen, phones=[phone("n1", hung_up_here=True), *seen.phones[1:]])
    seen.saw.calls["c1"].ended_at = BEGAN + 30.5
    assert found(seen) == {}


@pytest.mark.parametrize(
    "seen",
    [
        callers(caller("n1", hung_up_by="far_end")),
        callers(caller("n1", outcome="failed", connected_at=BEGAN, reason="503 Service Unavailable")),
        callers(caller("n1", seats=(), seat=None, outcome="abandoned")),
        phones(phone("n1", ended_at=BEGAN + 20.0)),
    ],
    ids=["hung up on by nobody", "refused", "silent", "cut from the agent"],
)
def test_a_dropped_call_is_found(seen: Evidence) -> None:
    assert found(seen) == {kinds.DROPPED: 1}


@pytest.mark.parametrize(
    "seen",
    [
        call_archived(ended_at=None),
        call_archived(outcome="abandoned"),
        call_archived(seat="seat-02"),
        call_archived(queued_at=None),
        call_archived(answered_at=at(12.0)),
        archive(segments=[*went_well().says.segments, {"call": "c1", "seat": "seat-01"}]),
        archive(work_orders=went_well().says.work_orders[1:]),
        archive(work_orders=[*went_well().says.work_orders, {"call": "c1"}]),
        archive(offers=[{"call": "c1", "offer": "c1-o1", "outcome": None}]),
        replace(went_well(), refused=1),
    ],
    ids=[
        "goes on", "outcome", "seat", "not queued", "answered later", "two segments", "no work order",
        "two work orders", "an offer without end", "refused entries",
    ],
)  # fmt: skip
def test_a_call_that_is_archived_otherwise_than_seen_is_found(seen: Evidence) -> None:
    kinds_found = found(seen)
    assert kinds_found.pop(kinds.ARCHIVED) >= 1
    assert kinds_found == {}


def test_a_call_that_is_not_archived_or_archived_twice_is_found() -> None:
    calls = went_well().says.calls
    assert found(archive(calls={"c2": calls["c2"]}))[kinds.ARCHIVED] == 2, "by its id, and by its caller"
    twice = found(archive(calls=calls | {"c3": calls["c1"] | {"call": "c3"}}))
    assert twice == {kinds.ARCHIVED: 2}, "Asterisk knows none, and the caller called once"


@pytest.mark.parametrize(
    "seen",
    [
        archive(recordings=went_well().says.recordings[1:]),
        archive(recordings=[*went_well().says.recordings, {"call": "c1", "recording": "c1-o1"}]),
        replace(went_well(), in_spool=["c1-o1"]),
        replace(went_well(), voiceless=["recording c1-o1: silent"]),
    ],
    ids=["missing", "twice", "left in the spool", "silent"],
)
def test_a_lost_recording_is_found(seen: Evidence) -> None:
    assert found(seen) == {kinds.RECORDINGS: 1}


@pytest.mark.parametrize(
    "first",
    [
        agent("1001", "seat-01", "busy"),
        agent("1001", "seat-01", "reserved"),
        agent("1001", "seat-01", "wrap_up"),
        agent("1001", "seat-01", "not_ready", "logged_in"),
        agent("1001", None, "logged_out"),
    ],
    ids=lambda shown: shown["state"],
)
def test_an_agent_in_a_wrong_state_is_found(first: dict[str, Any]) -> None:
    assert found(replace(went_well(), agents=[first, agent("1002", "seat-02")])) == {kinds.AGENTS: 1}


def test_an_agent_who_still_talks_must_be_busy() -> None:
    seen = phones(phone("n1", ended_at=None))
    problems = ledger(replace(seen, callers=[caller("n1", ended_at=BEGAN + 99)], agents=seen.agents[:1]))
    assert problems.problems[kinds.AGENTS] == ["agent 1001 is ready while seat-01 talks"]


@pytest.mark.parametrize("reason", ["rona", "rejected", "busy_elsewhere", "phone_unreachable"])
def test_who_was_taken_out_though_their_phone_did_nothing_like_it_is_found(reason: str) -> None:
    assert found(archive(agent_states=[benched(reason, 60.0)])) == {kinds.AGENTS: 1}


@pytest.mark.parametrize(
    ("reason", "did"),
    [
        ("rona", phone("n1", "seat-03", began_at=BEGAN + 1, answered_at=None, ended_at=BEGAN + 9)),
        (
            "rejected",
            phone(
                "n1", "seat-03", began_at=BEGAN + 8, answered_at=None, ended_at=BEGAN + 9, hung_up_here=True
            ),
        ),
    ],
)
def test_who_was_taken_out_for_what_their_phone_did_is_in_order(reason: str, did: PhoneCall) -> None:
    well = archive(agent_states=[benched(reason, 9.1, "seat-03")])
    assert found(replace(well, phones=[did, *well.phones])) == {}


def test_an_agent_who_chose_another_state_keeps_it() -> None:
    well = replace(went_well(), willed={"1001": "not_ready"})
    assert found(well) == {kinds.AGENTS: 1}
    on_break = [agent("1001", "seat-01", "not_ready", "break"), agent("1002", "seat-02")]
    assert found(replace(well, agents=on_break)) == {}


def waits_since(seen: Evidence, call: str, seconds: float, rang: float) -> Evidence:
    """Lets a call have queued and its phone have rung at these times."""
    seen.saw.calls[call].queued_at = BEGAN + seconds
    seen.says.calls[call]["queued_at"] = at(seconds)
    number = seen.saw.calls[call].number
    rings = [replace(p, began_at=BEGAN + rang) if p.number == number else p for p in seen.phones]
    return replace(seen, phones=rings)


def test_a_contact_that_was_passed_over_is_found() -> None:
    seen = waits_since(waits_since(went_well(), "c1", 2.0, 9.0), "c2", 5.0, 6.0)
    [problem] = ledger(seen).problems[kinds.PLACES]
    assert "n1" in problem
    assert "passed over by 1" in problem
    in_order = waits_since(waits_since(went_well(), "c1", 2.0, 6.0), "c2", 5.0, 9.0)
    assert found(in_order) == {}


def test_a_contact_that_gave_up_after_a_later_one_was_rung_for_is_found() -> None:
    seen = waits_since(waits_since(went_well(), "c1", 2.0, 9.0), "c2", 5.0, 6.0)
    seen.saw.calls["c1"].answered_at = None
    seen = replace(seen, phones=[p for p in seen.phones if p.number != "n1"])
    assert len(ledger(seen).problems[kinds.PLACES]) == 1


def test_who_was_cut_off_and_dials_again_has_the_place_of_the_first_call() -> None:
    seen = waits_since(waits_since(went_well(), "c1", 3.0, 9.0), "c2", 5.0, 6.0)
    cut_off = seen_call("c0", "n2")
    cut_off.queued_at, cut_off.answered_at, cut_off.ended_at = BEGAN + 2.0, None, BEGAN + 4.0
    seen.saw.calls["c0"] = cut_off
    assert len(ledger(seen).problems[kinds.PLACES]) == 1
    assert ledger(replace(seen, kept=frozenset({"n2"}))).problems[kinds.PLACES] == []


def test_another_queue_and_an_agent_who_did_not_take_the_call_excuse_the_order() -> None:
    seen = waits_since(waits_since(went_well(), "c1", 2.0, 9.0), "c2", 5.0, 6.0)
    refused = phone(
        "n1", "seat-02", began_at=BEGAN + 2.5, answered_at=None, ended_at=BEGAN + 3.5, hung_up_here=True
    )
    assert found(replace(seen, phones=[refused, *seen.phones])) == {}
    seen.says.calls["c1"]["queue"] = "consumer"
    assert found(seen) == {}


@pytest.mark.parametrize(
    "ring",
    [
        phone("n9", "seat-03", answered_at=None),
        phone("n1", "seat-03", began_at=BEGAN + 35, answered_at=None, ended_at=BEGAN + 36),
        phone("n1", "seat-03", began_at=BEGAN + 5, answered_at=None, ended_at=BEGAN + 12, hung_up_here=False),
        phone("n1", "seat-03", began_at=BEGAN + 28, answered_at=None, ended_at=BEGAN + 43),
        phone("n1", "seat-03", began_at=BEGAN + 28, answered_at=None, ended_at=None),
    ],
    ids=["unknown caller", "after the caller", "beside another", "on after the caller", "for ever"],
)
def test_a_phone_that_rings_for_nobody_is_found(ring: PhoneCall) -> None:
    well = went_well()
    kinds_found = found(replace(well, phones=[ring, *well.phones]))
    assert kinds_found.pop(kinds.RANG) >= 1
    assert kinds_found == {}


def consulted(**changes: Any) -> Evidence:
    """The agent of the first call asked seat-03, and both hung up with the citizen."""
    well = went_well()
    expert = phone("n1", "seat-03", began_at=BEGAN + 15, answered_at=BEGAN + 16)
    seen: dict[str, Any] = {"phones": [*well.phones, expert], "asked": frozenset({"seat-03"})}
    return replace(well, **seen | changes)


def test_an_expert_who_is_asked_is_neither_rung_for_nobody_nor_deaf() -> None:
    assert found(consulted()) == {}
    assert found(consulted(asked=frozenset())) == {kinds.DROPPED: 1, kinds.RANG: 1}


def test_an_expert_who_was_connected_with_the_citizen_must_have_been_heard() -> None:
    seen = consulted()
    seen.saw.seats["expert"] = "seat-03"
    seen.saw.calls["c1"].talks.append(Talk(frozenset({"c1", "expert"}), BEGAN + 20.0))
    seen.says.segments.append({"call": "c1", "seat": "seat-03"})
    assert found(seen) == {kinds.DROPPED: 1}


def test_two_agents_may_talk_on_without_the_citizen_and_neither_alone() -> None:
    _, other, expert = consulted().phones
    talk_on = [phone("n1", ended_at=BEGAN + 50), other, replace(expert, ended_at=BEGAN + 50.5)]
    assert found(consulted(phones=talk_on)) == {}
    left_alone = [phone("n1", ended_at=BEGAN + 50), other, replace(expert, ended_at=BEGAN + 40)]
    assert found(consulted(phones=left_alone)) == {kinds.RANG: 1}


def test_an_agent_who_transferred_the_citizen_is_let_go_and_no_other() -> None:
    _, other, expert = consulted().phones
    transferred = [phone("n1", ended_at=BEGAN + 12), other, expert]
    heard_both = [caller("n1", seats=("seat-01", "seat-03")), consulted().callers[1]]
    terms: dict[str, Any] = {"phones": transferred, "callers": heard_both}
    assert found(consulted(gave_away=frozenset({"seat-01"}), **terms)) == {}
    assert found(consulted(gave_away=frozenset({"seat-03"}), **terms)) == {kinds.DROPPED: 1}


def test_an_agent_who_is_let_go_handed_the_citizen_over_if_somebody_took_them() -> None:
    _, other, expert = consulted().phones
    handed_over = [phone("n1", ended_at=BEGAN + 20), other, expert]
    heard_both = [caller("n1", seats=("seat-01", "seat-03")), consulted().callers[1]]
    assert found(consulted(phones=handed_over, callers=heard_both)) == {}
    nobody_took = [phone("n1", ended_at=BEGAN + 20), other, replace(expert, ended_at=BEGAN + 18)]
    assert kinds.DROPPED in found(consulted(phones=nobody_took, callers=heard_both))


def test_an_agent_left_connected_with_nobody_is_found() -> None:
    assert found(phones(phone("n1", ended_at=BEGAN + 40))) == {kinds.RANG: 1}


def test_what_the_scenario_itself_did_is_no_damage() -> None:
    well = callers(caller("n1", hung_up_by="far_end"))
    assert found(replace(well, cut=frozenset({"n1"}))) == {}
    assert found(replace(well, dead={"seat-01": BEGAN + 20})) == {}


def test_errors_in_the_log_are_found_and_what_is_no_log_line_too(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    log.write_text(
        '{"event": "routing", "level": "info"}\n{"event": "illegal_event", "level": "error"}\n'
        '{"event": "ami_secret_refused", "level": "error"}\nTraceback (most recent call last):\n'
    )
    assert len(errors_in(log, ["ami_secret_refused"])) == 2
    assert found(replace(went_well(), errors=errors_in(log, []))) == {kinds.ERRORS: 3}
