"""An agent with a citizen on the phone's first line and a colleague on the second, held and taken up in turn
by the phone's own keys; and the same with the citizen on hold by command. Who hears whom is told by tone.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.support.commanding import Talk
from tests.support.hearing import Hearing
from tests.support.two_line_desk import Desk, desk


async def state(here: Desk, talk: Talk, wanted: str) -> None:
    """Returns once the call is shown so, as the only one there is."""

    async def so() -> bool:
        [call] = (await here.place.center.api().get("/v1/calls"))["calls"]
        return bool((call["call"], call["state"]) == (talk.call, wanted))

    await here.place.until(so)


async def with_the_colleague(here: Desk, talk: Talk) -> None:
    """Agent and colleague hear each other, the citizen music."""
    hearing, tones = Hearing(here.place), here.place.phones.tones
    await here.phone.second.hears(tones[here.colleague])
    await hearing.seat_hears(here.colleague, tones[here.seat])
    await hearing.citizen_hears_music(talk.caller)
    await state(here, talk, "held")


async def held_by_command(here: Desk) -> Talk:
    """The citizen is on hold by command, and the agent talks with the colleague on the second line."""
    talk = await here.talking()
    await talk.do("hold")
    await here.asks()
    await with_the_colleague(here, talk)
    return talk


async def with_the_citizen(here: Desk, talk: Talk) -> None:
    """Agent and citizen hear each other, the colleague music."""
    hearing = Hearing(here.place)
    await here.phone.first.hears(talk.caller.line.tone_hz)
    await talk.citizen_hears(here.seat)
    await hearing.seat_hears_music(here.colleague)
    await state(here, talk, "talking")


def kinds(call: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Who was held how: the seat of the leg, None for the citizen."""
    seats = {leg["leg"]: leg["seat"] for leg in call["legs"]}
    return [(hold["kind"], seats[hold["leg"]]) for hold in call["holds"]]


async def test_an_agent_goes_to_and_fro_between_two_lines_and_ends_the_second(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        now = asyncio.get_running_loop().time
        begun = now()
        talk = await here.talking()
        talks_since = now()
        talked_s = held_s = held_at_most_s = 0.0
        for turn in range(3):
            asked_at = now()
            talked_s += asked_at - talks_since
            if turn == 0:
                await here.asks()
            else:
                here.phone.turn_to(here.phone.second)
            await state(here, talk, "held")
            held_at = now()
            await with_the_colleague(here, talk)
            held_s += now() - held_at
            if turn < 2:
                here.phone.turn_to(here.phone.first)
            else:
                here.phone.second.hang_up()
                here.phone.first.heard_alaw.clear()
                here.phone.first.resume()
            await state(here, talk, "talking")
            talks_since = now()
            held_at_most_s += talks_since - asked_at
            if turn < 2:
                await with_the_citizen(here, talk)
        await talk.citizen_hears(here.seat)
        await here.phone.first.hears(talk.caller.line.tone_hz)
        await here.states("busy", "ready")
        talk.caller.hang_up()
        await talk.task
        whole_s = now() - begun

        call = await talk.archived()
        assert kinds(call) == [("phone", here.seat)] * 5
        first, second = (hold["leg"] for hold in call["holds"][:2])
        assert [hold["leg"] for hold in call["holds"]] == [first, second, first, second, first]
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.seat]
        assert (len(call["recordings"]), call["ended_by"]) == (2, "caller")
        times = call["times"]
        assert held_s <= times["hold_s"] <= held_at_most_s
        assert talked_s <= times["talk_s"] <= whole_s - held_s


async def test_after_going_to_and_fro_the_agent_transfers_attended(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.asks()
        here.phone.turn_to(here.phone.first)
        await with_the_citizen(here, talk)
        here.phone.turn_to(here.phone.second)
        await with_the_colleague(here, talk)
        here.phone.turn_to(here.phone.first)
        await with_the_citizen(here, talk)

        # The phone's transfer key with the citizen in talk and the colleague on hold.
        await here.phone.transfer(here.extension)
        await talk.citizen_hears(here.colleague)
        await Hearing(here.place).seat_hears(here.colleague, talk.caller.line.tone_hz)
        await here.phone.is_free()
        await here.states("ready", "busy")
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.seat, here.colleague]
        assert all(hold["ended_at"] for hold in call["holds"])
        assert (len(call["recordings"]), call["ended_by"]) == (2, "caller")


async def test_the_second_line_asks_while_the_citizen_is_held_by_command_and_the_agent_retrieves(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as here:
        talk = await held_by_command(here)
        await here.states("busy", "busy")
        shown = await here.place.center.api().get(f"/v1/calls/{talk.call}")
        assert [leg["seat"] for leg in shown["legs"]] == [None, here.seat, here.seat, here.colleague]

        here.phone.second.hang_up()
        here.phone.first.heard_alaw.clear()
        here.phone.first.resume()
        await here.states("busy", "ready")
        await Hearing(here.place).citizen_hears_music(talk.caller)
        await talk.do("retrieve")
        await talk.citizen_hears(here.seat)
        await here.phone.first.hears(talk.caller.line.tone_hz)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert kinds(call) == [("service", None)]
        assert [segment["seat"] for segment in call["segments"]] == [here.seat] * 3
        assert (len(call["recordings"]), len(call["work_orders"]), call["ended_by"]) == (3, 1, "caller")


async def test_the_phone_hands_over_a_citizen_who_is_held_by_command(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await held_by_command(here)
        await here.phone.hand_over(here.extension)
        await talk.citizen_hears(here.colleague)
        here.phone.hang_up()
        await Hearing(here.place).seat_hears(here.colleague, talk.caller.line.tone_hz)
        await here.phone.is_free()
        await here.states("ready", "busy")
        await here.place.phones.hang_up(here.colleague)
        await talk.task
        await here.states("ready", "ready")
        call = await talk.archived()
        assert kinds(call) == [("service", None)]
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.seat, here.colleague]
        assert (len(call["recordings"]), call["ended_by"]) == (3, "agent")


async def test_a_phone_that_ends_its_lines_before_asterisk_has_moved_anybody_loses_no_citizen(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as here:
        talk = await held_by_command(here)
        here.phone.first.refer(here.extension, replaces=here.phone.second)
        here.phone.hang_up()

        async def served_again() -> bool:
            [call] = (await here.place.center.api().get("/v1/calls"))["calls"]
            return call["call"] == talk.call and call["state"] in ("talking", "waiting", "offered")

        await here.place.until(served_again)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert (call["outcome"], call["ended_by"]) == ("answered", "caller")
