"""Consult by API: who hears whom while asking, going to and fro, coming back and handing over."""

from __future__ import annotations

from pathlib import Path

from lab.phones import What
from lab.tones import dominant_tones
from tests.support.commanding import asked, commanded, connected, other_than
from tests.support.staffed import staffed


async def test_an_expert_is_asked_swapped_with_and_let_go(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, listening=True, wrap_up_s=1.0) as place:
        talk = await connected(place)
        expert = other_than(place, talk.seat)
        await talk.citizen_hears(talk.seat)
        await asked(talk, expert)
        await talk.citizen_hears()
        history = await place.center.api(f"agent-{place.agents[expert]}").get(f"/v1/calls/{talk.call}")
        assert history["call"] == talk.call
        [order] = history["work_orders"]
        read = await place.center.api(f"agent-{place.agents[expert]}").get(
            f"/v1/work-orders/{order['work_order']}"
        )
        assert read["work_order"] == order["work_order"]

        await talk.do("swap")
        await talk.citizen_hears(talk.seat)
        await talk.do("swap")
        await talk.citizen_hears()
        await talk.do("cancel")
        await talk.citizen_hears(talk.seat)
        await place.on_no_call(expert)
        talk.caller.hang_up()
        report = await talk.task

        call = await talk.archived()
        seats = [segment["seat"] for segment in call["segments"]]
        assert seats == [talk.seat] * 5
        recorded = [segment["recorded_leg"] for segment in call["segments"]]
        assert len(set(recorded)) == 5
        assert None not in recorded
        citizen, its_own = report.tone_hz, place.phones.tones[expert]
        assert talk.seat_heard() == [citizen, its_own, citizen, its_own, citizen]
        agent = place.phones.tones[talk.seat]
        assert talk.seat_heard(expert) == [agent, agent]


async def test_the_citizen_is_handed_over_to_who_was_asked(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, listening=True, wrap_up_s=1.0) as place:
        talk = await connected(place)
        expert = other_than(place, talk.seat)
        await asked(talk, expert)
        await talk.citizen_hears()
        await talk.do("complete")
        await talk.citizen_hears(expert)
        await place.on_no_call(talk.seat)

        async def over() -> bool:
            agents = {a["agent"]: a for a in (await place.center.api().get("/v1/agents"))["agents"]}
            states = agents[talk.agent]["state"], agents[place.agents[expert]]["state"]
            return states == ("ready", "busy")

        await place.until(over)
        talk.caller.hang_up()
        report = await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, talk.seat, expert]
        assert len(call["recordings"]) == 3
        assert talk.seat_heard(expert) == [place.phones.tones[talk.seat], report.tone_hz]
        sound = tmp_path / "handed-over.wav"
        recording = call["segments"][-1]["recorded_leg"]
        sound.write_bytes(await place.center.api().bytes(f"/v1/recordings/{recording}/audio"))
        assert [span.hz for span in dominant_tones(sound, 0)] == [place.phones.tones[expert]]
        assert [span.hz for span in dominant_tones(sound, 1)] == [report.tone_hz]


async def test_nobody_answers_and_the_citizen_is_taken_up_again(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=1.0) as place:
        talk = await connected(place)
        expert = other_than(place, talk.seat)
        with place.phones.events(expert) as events:
            posted = await place.center.api(f"agent-{talk.agent}").post(
                f"/v1/calls/{talk.call}/consult", party={"to": "seat", "name": expert}
            )
            await events.next(What.INCOMING)
            await place.phones.reject(expert)

        async def failed() -> bool:
            command = await place.center.api().get(f"/v1/commands/{posted['command']}")
            return (command["state"], command["reason"]) == ("failed", "not_taken")

        await place.until(failed)
        await talk.do("retrieve")
        await talk.citizen_hears(talk.seat)
        refused = await commanded(place, f"agent-{talk.agent}", f"/v1/calls/{talk.call}/complete")
        assert refused["reason"] == "not_consulting"
        talk.caller.hang_up()
        await talk.task
