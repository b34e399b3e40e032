"""One citizen, one agent: real phones, real Asterisk, real PostgreSQL, audio told by tone."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from lab.center import ApiFailed
from lab.phones import What
from lab.tones import dominant_tones
from tests.support.staffed import Staffed, staffed


async def archived(place: Staffed, outcome: str) -> dict[str, Any]:
    """The only call, with all that is kept about it, once it has ended and is complete."""

    async def look() -> dict[str, Any] | None:
        page = (await place.center.api().get("/v1/calls"))["calls"]
        if not page or page[0]["ended_at"] is None:
            return None
        call: dict[str, Any] = await place.center.api().get(f"/v1/calls/{page[0]['call']}")
        complete = call["outcome"] == outcome and (outcome != "answered" or call["recordings"])
        return call if complete else None

    found: dict[str, Any] = await place.until(look)
    return found


async def test_a_call_is_answered_recorded_and_leaves_everything_behind(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        caller, task = place.callers.begin("13900000001", "12345")
        [seat] = place.seats
        await place.answer_next()
        await caller.heard.wait()
        await place.until(lambda: _heard_for(caller.line.heard_s, 1.0))
        await place.phones.hang_up(seat)
        report = await task
        assert (report.outcome, report.seat) == ("answered", seat)

        call = await archived(place, "answered")
        times = [call[key] for key in ("started_at", "queued_at", "offered_at", "answered_at", "ended_at")]
        assert times == sorted(times)
        assert (call["agent"], call["seat"], call["ended_by"]) == (place.agents[seat], seat, "agent")
        assert [offer["outcome"] for offer in call["offers"]] == ["accepted"]
        assert [decision["agent"] for decision in call["decisions"]] == [place.agents[seat]]
        assert len(call["segments"]) == 1
        assert {leg["seat"] for leg in call["legs"]} == {None, seat}
        for leg in call["legs"]:
            assert 0.0 <= leg["said_loss"] < 0.5, "both spoke, and it was counted as each leg ended"
            assert leg["said_jitter_s"] >= 0.0
            assert 1.0 <= leg["said_mos"] <= 4.5
        [sound] = [s["sound"] for s in (await place.center.api().get("/v1/seats"))["seats"] if s["sound"]]
        [of_seat] = [leg for leg in call["legs"] if leg["seat"] == seat]
        assert (sound["call"], sound["said_loss"]) == (call["call"], of_seat["said_loss"])

        [recording] = call["recordings"]
        path = f"/v1/recordings/{recording['recording']}/audio"
        audio = await place.center.api().bytes(path)
        assert hashlib.sha256(audio).hexdigest() == recording["sha256"]
        wav = tmp_path / "call.wav"
        wav.write_bytes(audio)
        assert [span.hz for span in dominant_tones(wav, 0)] == [place.phones.tones[seat]]
        assert [span.hz for span in dominant_tones(wav, 1)] == [report.tone_hz]

        [order] = call["work_orders"]
        agent = place.center.api(f"agent-{place.agents[seat]}")
        filled = await agent.patch(
            f"/v1/work-orders/{order['work_order']}",
            category=place.center.lab.site.work_orders.categories[0],
            summary="路灯不亮",
            disposition="to_dispatch",
        )
        assert (filled["state"], filled["filled_by"]) == ("recorded", place.agents[seat])


async def _heard_for(heard_s: dict[int, float], least_s: float) -> bool:
    return sum(heard_s.values()) >= least_s


async def test_a_caller_who_gives_up_is_abandoned_and_the_phone_stops_ringing(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1) as place:
        with place.phones.events() as events:
            caller, task = place.callers.begin("13900000001", "12345")
            await events.next(What.INCOMING)
            caller.hang_up()
            await events.next(What.CLOSED)
        assert (await task).outcome == "abandoned"
        call = await archived(place, "abandoned")
        assert [offer["outcome"] for offer in call["offers"]] == ["cancelled"]

        async def ready() -> bool:
            return bool((await place.total())["agents"]["ready"] == 1)

        await place.until(ready)


async def test_a_phone_that_nobody_answers_makes_its_agent_not_ready_and_another_gets_the_caller(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 2, ring_timeout_s=3.0) as place:
        with place.phones.events() as events:
            _, task = place.callers.begin("13900000001", "12345", talks_s=1.0)
            first = await events.next(What.INCOMING)
            second = await events.next(What.INCOMING)
            assert second.seat != first.seat
            await place.phones.answer(second.seat)
            report = await task
        assert report.seat == second.seat
        call = await archived(place, "answered")
        assert [offer["outcome"] for offer in call["offers"]] == ["no_answer", "accepted"]
        agents = {a["agent"]: a for a in (await place.center.api().get("/v1/agents"))["agents"]}
        shirker = agents[place.agents[first.seat]]
        assert (shirker["state"], shirker["reason"]) == ("not_ready", "rona")


async def test_agents_log_in_and_out_by_feature_code(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, agents=0) as place:
        pin = place.center.lab.pin("1001")

        async def agent() -> dict[str, Any]:
            found: dict[str, Any] = await place.center.api().get("/v1/agents/1001")
            return found

        for digits, pressed, expected in (
            ("*111001", pin, ("not_ready", "logged_in")),
            ("*13", "", ("ready", None)),
            ("*142", "", ("not_ready", "meal")),
            ("*12", "", ("logged_out", None)),
            *[("*111001", "00000000"[: len(pin)], ("logged_out", None))] * 5,
            ("*111001", pin, ("logged_out", None)),
        ):
            await place.phones.feature("seat-01", digits, pressed)
            told = await agent()
            assert (told["state"], told["reason"]) == expected
        assert told["pins_locked_until"] is not None
        api = place.center.api()
        assert (await api.post("/v1/agents/1001/pin/unlock"))["pins_locked_until"] is None
        with pytest.raises(ApiFailed, match="wrong_pin"):
            await api.post("/v1/agents/1001/login", seat="seat-01", pin="00000000")
        assert (await api.post("/v1/agents/1001/login", seat="seat-01", pin=pin))["seat"] == "seat-01"

    # The PIN stands where its bearer gets it from, and nowhere else.
    assert files_with(pin, tmp_path) == {"tokens.yaml"}


def files_with(pin: str, directory: Path) -> set[str]:
    """Files that have the PIN as a word of its own: a longer number may have its digits by chance."""
    word = re.compile(rb"(?<![0-9a-f.])" + pin.encode() + rb"(?![0-9a-f])")
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.name for path in files if word.search(path.read_bytes())}
