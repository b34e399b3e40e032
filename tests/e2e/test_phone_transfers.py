"""A desk phone with two lines: an agent asks a colleague and transfers (REFER with Replaces)."""

from __future__ import annotations

from pathlib import Path

from lab.phones import What
from tests.support.commanding import Talk
from tests.support.two_line_desk import desk


async def test_the_citizen_is_handed_over_to_the_colleague_who_was_asked(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.asks()
        await talk.citizen_hears()
        await here.states("busy", "busy")
        shown = await here.place.center.api().get(f"/v1/calls/{talk.call}")
        assert shown["state"] == "held"
        assert [leg["seat"] for leg in shown["legs"]] == [None, here.seat, here.seat, here.colleague]

        await here.phone.transfer(here.extension)
        await talk.citizen_hears(here.colleague)
        await here.phone.is_free()
        await here.states("ready", "busy")
        talk.caller.hang_up()
        report = await talk.task
        await here.states("ready", "ready")

        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.seat, here.colleague]
        assert [hold["agent"] for hold in call["holds"]] == [here.agent]
        assert (call["agent"], call["ended_by"], len(call["work_orders"])) == (here.agent, "caller", 1)
        assert len(call["recordings"]) == 2
        assert call["times"]["hold_s"] > 0.5
        assert talk.seat_heard(here.colleague) == [here.place.phones.tones[here.seat], report.tone_hz]


async def test_a_transfer_to_a_phone_that_rings_yet(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.rings()
        await here.states("busy", "busy")
        await here.phone.transfer(here.extension)
        await here.phone.is_free()
        await here.states("ready", "busy")
        await here.place.phones.answer(here.colleague)
        await talk.citizen_hears(here.colleague)
        await here.states("ready", "busy")
        await here.place.phones.hang_up(here.colleague)
        await talk.task
        await here.states("ready", "ready")
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.colleague]
        assert len(call["recordings"]) == 2
        assert call["ended_by"] == "agent"


async def test_a_transfer_that_nobody_answers_brings_the_citizen_back_to_the_queue(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.rings()
        await here.phone.transfer(here.extension)
        await here.phone.is_free()
        await here.place.phones.reject(here.colleague)
        await here.place.answer_next()
        await talk.citizen_hears(here.colleague)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.colleague]


async def test_a_transfer_while_the_service_is_away_is_the_same_afterwards(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.place.center.service.kill()
        await here.asks()
        await here.phone.transfer(here.extension)
        await talk.citizen_hears(here.colleague)
        await here.phone.is_free()
        await here.place.center.service.start()
        await here.states("ready", "busy")
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.seat, here.colleague]
        assert (call["ended_by"], len(call["recordings"])) == ("caller", 2)


async def test_a_call_from_seat_to_seat_keeps_both_agents_from_others(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        with here.place.phones.events(here.colleague) as events:
            here.phone.second.call(here.extension, here.seat)
            await events.next(What.INCOMING)
            await here.states("busy", "busy")
            await here.place.phones.answer(here.colleague)
        await here.phone.asked()
        await here.phone.second.hears(here.place.phones.tones[here.colleague])
        [internal] = (await here.place.center.api().get("/v1/calls"))["calls"]
        assert (internal["direction"], internal["dialled"]) == ("internal", here.extension)

        # Nobody is free for this one.
        caller, task = here.place.callers.begin("13900000001", "12345")

        async def waits() -> bool:
            return bool((await here.place.total())["waiting"] == 1)

        await here.place.until(waits)
        caller.hang_up()
        await task
        here.phone.second.hang_up()
        await here.states("ready", "ready")
        call = await Talk(here.place, caller, task, here.seat, here.agent, internal["call"]).archived()
        assert (call["outcome"], call["number"], call["agent"], call["ended_by"]) == (
            "answered", "", here.agent, "agent",
        )  # fmt: skip
        assert (len(call["recordings"]), call["work_orders"]) == (1, [])
        assert call["times"]["talk_s"] > 0.5
