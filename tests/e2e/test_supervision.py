"""A supervisor's real phone beside real calls: who hears whom by tone, and what is told to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.center import ApiFailed
from lab.network import LOOPBACK
from lab.phones import What
from lab.tones import dominant_tones
from tests.support.commanding import commanded, done
from tests.support.console import console
from tests.support.hearing import Hearing
from tests.support.staffed import WITHIN_S, Staffed, staffed
from tests.support.supervising import audit, mode, none_left, supervised, supervision


async def archived(place: Staffed, call: str) -> dict[str, Any]:
    """The call with the recordings of its segments."""

    async def look() -> dict[str, Any] | None:
        found: dict[str, Any] = await place.center.api().get(f"/v1/calls/{call}")
        recorded = {segment["recorded_leg"] for segment in found["segments"]} - {None}
        there = {recording["recording"] for recording in found["recordings"]}
        return found if found["ended_at"] and found["complete"] and recorded == there else None

    whole: dict[str, Any] = await place.until(look)
    return whole


def tones_heard(path: Path, channel: int) -> set[int]:
    return {span.hz for span in dominant_tones(path, channel)}


async def test_listen_whisper_barge_and_take_over(tmp_path: Path) -> None:
    async with (
        staffed(tmp_path, 2, agents=1, listening=True, wrap_up_s=1.0) as place,
        console(place.center, "operations") as operations,
        console(place.center, f"agent-{next(iter(place.agents.values()))}") as agents_own,
    ):
        hearing, phones = Hearing(place), place.phones
        [(seat, agent)] = place.agents.items()
        boss = next(each for each in phones.seats if each != seat)
        caller, task = place.callers.begin("13900000001", "12345")
        await place.answer_next()
        await caller.heard.wait()
        citizen, said, whispered = caller.line.tone_hz, phones.tones[seat], phones.tones[boss]

        name = await supervised(place, agent, boss)
        await hearing.seat_hears(boss, said, citizen)
        await hearing.seat_hears(seat, citizen)
        await hearing.citizen_hears(caller, seat)
        view = await supervision(place, "on")
        call = view["call"]
        assert (view["by"], view["agent"], view["seat"], view["mode"]) == (
            "supervisor",
            agent,
            boss,
            "listen",
        )
        await nobody_sees(place, agent, call, view)

        await mode(place, name, "whisper")
        await hearing.seat_hears(seat, citizen, whispered)
        await hearing.seat_hears(boss, said, citizen)
        await hearing.citizen_hears(caller, seat)

        await mode(place, name, "barge")
        await hearing.seat_hears(seat, citizen, whispered)
        await hearing.seat_hears(boss, said, citizen)
        await hearing.citizen_hears(caller, seat, boss)

        await mode(place, name, "listen")
        await hearing.citizen_hears(caller, seat)
        await hearing.seat_hears(boss, said, citizen)

        with phones.events(seat) as events:
            await done(place, "supervisor", f"/v1/supervisions/{name}/take-over")
            await events.next(What.CLOSED, within_s=WITHIN_S)
        await hearing.citizen_hears(caller, boss)
        await hearing.seat_hears(boss, citizen)
        await none_left(place)
        caller.hang_up()
        assert (await task).outcome == "answered"

        kept = await archived(place, call)
        for told_to in (operations, agents_own):
            await told_to.first(lambda told: told.kind == "call" and told.body["ended_at"] is not None)
            assert {told.kind for told in told_to.told} == {"hello", "call", "agent_state"}
            assert name not in str(told_to.told), "nobody but supervisors is told of a supervision"

        parties = [len(segment["legs"]) for segment in kept["segments"]]
        assert 3 in parties, "barging in is a segment with three parties"
        last = kept["segments"][-1]
        assert (last["seat"], len(last["legs"])) == (boss, 2)
        barged = next(segment for segment in kept["segments"] if len(segment["legs"]) == 3)
        assert barged["agent"] == agent
        assert barged["recorded_leg"] == name, "the supervisor's own recorder"
        recording = last["recorded_leg"]
        assert recording.startswith(name)
        sound = tmp_path / "taken-over.wav"
        sound.write_bytes(await place.center.api().bytes(f"/v1/recordings/{recording}/audio"))
        assert tones_heard(sound, 0) == {whispered}
        assert citizen in tones_heard(sound, 1)

        written = await audit(place, "supervise", "take_over", "supervision_ended", "recording_played")
        story = [(entry["action"], entry["detail"].get("mode")) for entry in written]
        assert ("supervise", "listen") in story
        assert [how for what, how in story if what == "change_supervision"] == ["whisper", "barge", "listen"]
        assert all(entry["whom"] in (agent, recording) and entry["call"] in (call, None) for entry in written)
        checked = await place.center.api("auditor").get("/v1/audit/verification")
        assert checked["intact"], checked


async def nobody_sees(place: Staffed, agent: str, call: str, view: dict[str, Any]) -> None:
    """While somebody listens: not the agent, not operations, and the call has two parties."""
    for who in (f"agent-{agent}", "operations", "wallboard", "auditor"):
        with pytest.raises(ApiFailed, match="403"):
            await place.center.api(who).get("/v1/supervisions")
    seen = await place.center.api(f"agent-{agent}").get(f"/v1/calls/{call}")
    assert view["supervision"] not in str(seen)
    assert view["seat"] not in str(seen["segments"])
    himself = await place.center.api(f"agent-{agent}").get(f"/v1/agents/{agent}")
    assert (himself["state"], himself["call"]) == ("busy", call)


async def test_it_follows_hold_and_the_next_call_and_stops_after_a_call_when_told_so(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, agents=1, listening=True, wrap_up_s=0.0) as place:
        hearing, phones = Hearing(place), place.phones
        [(seat, agent)] = place.agents.items()
        boss = next(each for each in phones.seats if each != seat)
        await supervised(place, agent, boss, mode="whisper")
        assert (await supervision(place))["state"] == "waiting"

        caller, task = place.callers.begin("13900000001", "12345")
        await place.answer_next()
        citizen, said = caller.line.tone_hz, phones.tones[seat]
        await hearing.seat_hears(boss, said, citizen)
        await hearing.seat_hears(seat, citizen, phones.tones[boss])
        await phones.hold(seat)
        assert (await supervision(place, "on"))["mode"] == "whisper"
        await phones.resume(seat)
        await hearing.seat_hears(boss, said, citizen)
        caller.hang_up()
        await task
        assert (await supervision(place, "waiting"))["call"] is None

        caller, task = place.callers.begin("13900000002", "12345")
        await place.answer_next()
        await hearing.seat_hears(boss, said, caller.line.tone_hz)
        await hearing.seat_hears(seat, caller.line.tone_hz)
        assert (await supervision(place, "on"))["mode"] == "listen", "nobody whispers into a new call unasked"
        with phones.events(boss) as events:
            await done(
                place, "supervisor", f"/v1/supervisions/{(await supervision(place))['supervision']}/stop"
            )
            await events.next(What.CLOSED, within_s=WITHIN_S)
        await hearing.citizen_hears(caller, seat)

        await supervised(place, agent, boss, afterwards="stop")
        await hearing.seat_hears(boss, said, caller.line.tone_hz)
        with phones.events(boss) as events:
            caller.hang_up()
            await events.next(What.CLOSED, within_s=WITHIN_S)
        await none_left(place)
        await task
        reasons = [
            entry["detail"]["reason"]
            for entry in await audit(place, "supervision_ended", "supervision_ended")
            if entry["action"] == "supervision_ended"
        ]
        assert sorted(reasons) == ["call_over", "stopped"]


async def test_by_phone_with_keys_by_who_may_and_refused_to_who_may_not(tmp_path: Path) -> None:
    async with staffed(tmp_path, 3, agents=0, listening=True, wrap_up_s=0.0) as place:
        hearing, phones, api = Hearing(place), place.phones, place.center.api()
        leader, agent, other = "1001", "1002", "1003"
        at = dict(zip((leader, agent, other), phones.seats, strict=True))
        for each, seat in at.items():
            await api.post(f"/v1/agents/{each}/login", seat=seat)
        await api.post(f"/v1/agents/{agent}/ready")
        caller, task = place.callers.begin("13900000001", "12345")
        await place.answer_next()
        await caller.heard.wait()
        boss, seat, citizen = at[leader], at[agent], caller.line.tone_hz

        with phones.events(at[other]) as events:
            await phones.dial(at[other], f"*21{agent}")
            await events.next(What.CLOSED, within_s=WITHIN_S)
        assert (await api.get("/v1/supervisions"))["supervisions"] == []

        with phones.events(boss) as events:
            await phones.dial(boss, f"*21{agent}")
            await events.next(What.ESTABLISHED, within_s=WITHIN_S)
        await hearing.seat_hears(boss, phones.tones[seat], citizen)
        assert (await supervision(place, "on"))["by"] == leader
        await phones.dtmf(boss, "2")
        await hearing.seat_hears(seat, citizen, phones.tones[boss])
        await hearing.citizen_hears(caller, seat)
        await phones.dtmf(boss, "1")
        await hearing.seat_hears(seat, citizen)
        await phones.dtmf(boss, "9")
        await hearing.citizen_hears(caller, boss)
        caller.hang_up()
        await task
        written = await audit(place, "take_over", "supervision_ended")
        said = [(entry["who"], entry["action"], entry["outcome"]) for entry in written]
        assert (other, "supervise", "forbidden_role") in said
        assert_in_order(
            said,
            [
                (leader, "supervise", "done"),
                (leader, "change_supervision", "done"),
                (leader, "change_supervision", "done"),
                (leader, "take_over", "done"),
            ],
        )


def assert_in_order(said: Sequence[object], wanted: Sequence[object]) -> None:
    rest = iter(said)
    assert all(each in rest for each in wanted), said


async def test_it_follows_a_transfer_and_leaves_a_barged_call_to_the_supervisor_when_the_agent_goes(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 2, agents=1, listening=True, wrap_up_s=0.0) as place:
        hearing, phones = Hearing(place), place.phones
        [(seat, agent)] = place.agents.items()
        boss = next(each for each in phones.seats if each != seat)
        caller, task = place.callers.begin("13900000001", "12345")
        await place.answer_next()
        await caller.heard.wait()
        await supervised(place, agent, boss, mode="barge")
        await hearing.citizen_hears(caller, seat, boss)
        call = (await supervision(place, "on"))["call"]
        await phones.hang_up(seat)
        await hearing.citizen_hears(caller, boss)
        await none_left(place)
        await phones.hang_up(boss)
        assert (await task).hung_up_by == "far_end"
        kept = await archived(place, call)
        assert (kept["segments"][-1]["seat"], len(kept["segments"][-1]["legs"])) == (boss, 2)
        assert kept["segments"][-1]["recorded_leg"] is not None

        caller, task = place.callers.begin("13900000002", "12345")
        await place.answer_next()
        await caller.heard.wait()
        await supervised(place, agent, boss, mode="barge")
        await hearing.citizen_hears(caller, seat, boss)
        with phones.events(boss) as at_boss, phones.events(seat) as at_seat:
            caller.hang_up()
            await at_boss.next(What.CLOSED, within_s=WITHIN_S)
            await at_seat.next(What.CLOSED, within_s=WITHIN_S)
        await task
        await none_left(place)


async def test_what_is_refused_and_that_it_is_audited(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=0.0) as place:
        (seat, agent), (_, other) = place.agents.items()
        free = place.center.lab.site.seats[5].id

        async def refused(path: str, **body: Any) -> str:
            command = await commanded(place, "supervisor", path, **body)
            assert command["state"] == "refused", command
            reason: str = command["reason"]
            return reason

        supervise = f"/v1/agents/{other}/supervise"
        assert await refused(f"/v1/agents/{agent}/supervise", seat=seat) == "own_seat"
        assert await refused("/v1/agents/1050/supervise", seat=seat) == "not_logged_in"
        assert await refused(f"/v1/agents/{agent}/supervise", seat=place.seats[1]) == "seat_taken"
        assert await refused(supervise, seat="nowhere") == "unknown_seat"
        assert await refused(supervise, seat=free) == "phone_unreachable"
        assert await refused("/v1/supervisions/none/stop") == "unknown_supervision"
        assert await refused("/v1/supervisions/none/take-over") == "unknown_supervision"
        with pytest.raises(ApiFailed, match="forbidden_role"):
            await place.center.api(f"agent-{agent}").post(supervise, seat=seat)
        written = await audit(place, "take_over")
        outcomes = [entry["outcome"] for entry in written if entry["action"] == "supervise"]
        wanted = ["own_seat", "not_logged_in", "seat_taken", "unknown_seat", "phone_unreachable"]
        assert_in_order(outcomes, [*wanted, "forbidden_role"])

        stranger = replace(place.center.api(), token="guessed")
        with pytest.raises(ApiFailed, match="unauthenticated"):
            await stranger.get("/v1/audit")
        written = await audit(place, "unauthenticated")
        [tried] = [entry for entry in written if entry["action"] == "unauthenticated"]
        assert (tried["who"], tried["detail"]["requests"]) == (LOOPBACK, "1")
        assert "guessed" not in str(tried)
        auditor = place.center.api("auditor")
        reads = (await auditor.get("/v1/audit", action="audit_read", limit="5"))["entries"]
        assert {(entry["who"], entry["detail"]["limit"]) for entry in reads} == {("auditor", "500")}
        assert (await auditor.get("/v1/audit/verification"))["intact"]


async def test_an_agents_state_is_forced_and_a_stuck_call_ends(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=0.0) as place:
        [(_, agent)] = place.agents.items()
        api = place.center.api()

        async def state_is(state: str) -> None:
            async def look() -> bool:
                return bool((await api.get(f"/v1/agents/{agent}"))["state"] == state)

            await place.until(look)

        force = f"/v1/agents/{agent}/force-state"
        told = await done(place, "supervisor", force, state="not_ready", reason="break")
        assert told["result"]["holds"] == "now"
        await state_is("not_ready")
        await done(place, "supervisor", force, state="ready")
        await state_is("ready")

        caller, task = place.callers.begin("13900000001", "12345")
        await place.answer_next()
        await caller.heard.wait()
        call = (await api.get(f"/v1/agents/{agent}"))["call"]
        told = await done(place, "supervisor", force, state="logged_out")
        assert told["result"]["holds"] == "after_the_call"
        await state_is("busy")
        await done(place, "supervisor", f"/v1/calls/{call}/end")
        assert (await task).hung_up_by == "far_end"
        await state_is("logged_out")
        assert (await archived(place, call))["outcome"] == "answered"
        written = await audit(place, "force_state", "force_state", "force_state", "end_call")
        assert {entry["outcome"] for entry in written} == {"done"}
