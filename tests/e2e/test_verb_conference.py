"""A conference by API: who hears whom as it grows and as its parties leave, in any order; told by tone."""

from __future__ import annotations

from pathlib import Path

from lab.phones import What
from tests.support.commanding import Talk, asked, connected, other_than
from tests.support.hearing import Hearing
from tests.support.staffed import WITHIN_S, Staffed, staffed


async def conferring(place: Staffed) -> tuple[Talk, str]:
    """A citizen, their agent and an expert, who is at the seat that is given, hear one another."""
    talk = await connected(place)
    expert = other_than(place, talk.seat)
    await asked(talk, expert)
    await talk.do("confer")
    await talk.citizen_hears(talk.seat, expert)
    return talk, expert


async def state(place: Staffed, seat: str) -> str:
    shown: str = (await place.center.api().get(f"/v1/agents/{place.agents[seat]}"))["state"]
    return shown


async def let_go(place: Staffed, seat: str) -> None:
    """Waits until the phone is on no call any more, and its agent free for the next one."""

    async def gone() -> bool:
        return place.phones.calls(seat) == {} and await state(place, seat) == "ready"

    await place.until(gone)


async def test_one_of_four_is_dropped_and_the_last_two_talk_on(tmp_path: Path) -> None:
    async with staffed(tmp_path, 3, listening=True, wrap_up_s=1.0) as place:
        talk = await connected(place)
        expert = other_than(place, talk.seat)
        third = other_than(place, talk.seat, expert)
        await asked(talk, expert)
        await talk.do("confer")
        await asked(talk, third, "confer")

        async def with_third() -> str | None:
            shown = await place.center.api().get(f"/v1/calls/{talk.call}")
            return next((leg["leg"] for leg in shown["legs"] if leg["seat"] == third), None)

        leg = await place.until(with_third)
        await talk.do("drop", leg=leg)
        await place.on_no_call(third)
        await talk.do("hang-up")
        await talk.citizen_hears(expert)
        await place.phones.hang_up(expert)
        await talk.task
        call = await talk.archived()
        assert max(len(segment["legs"]) for segment in call["segments"]) == 4
        assert call["ended_by"] == "agent"


async def test_the_citizen_leaves_first_and_the_last_agent_does_not_stay_in_silence(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, listening=True, wrap_up_s=1.0) as place:
        talk, expert = await conferring(place)
        tones, hearing = place.phones.tones, Hearing(place)
        citizen = talk.caller.line.tone_hz
        await hearing.seat_hears(talk.seat, citizen, tones[expert])
        await hearing.seat_hears(expert, citizen, tones[talk.seat])

        talk.caller.hang_up()
        report = await talk.task
        await hearing.seat_hears(talk.seat, tones[expert])
        await hearing.seat_hears(expert, tones[talk.seat])
        assert [await state(place, seat) for seat in (talk.seat, expert)] == ["busy", "busy"]

        await place.phones.hang_up(expert)
        await let_go(place, talk.seat)
        call = await talk.archived()
        assert (call["outcome"], call["ended_by"]) == ("answered", "caller")
        seats = {leg["leg"]: leg["seat"] for leg in call["legs"]}
        assert {seats[leg] for leg in call["segments"][-1]["legs"]} == {talk.seat, expert}
        assert call["times"]["talk_s"] <= report.ended_at - report.heard_at + 1.0


async def test_who_made_it_leaves_first_and_citizen_and_expert_talk_on(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, listening=True, wrap_up_s=1.0) as place:
        talk, expert = await conferring(place)
        await talk.do("hang-up")
        await let_go(place, talk.seat)
        await talk.citizen_hears(expert)
        await Hearing(place).seat_hears(expert, talk.caller.line.tone_hz)
        assert await state(place, expert) == "busy"

        talk.caller.hang_up()
        await talk.task
        await let_go(place, expert)
        call = await talk.archived()
        assert call["ended_by"] == "caller"
        seats = {leg["leg"]: leg["seat"] for leg in call["legs"]}
        assert {seats[leg] for leg in call["segments"][-1]["legs"]} == {None, expert}


async def test_who_answers_when_the_others_have_left_is_not_left_alone(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=1.0) as place:
        talk = await connected(place)
        expert = other_than(place, talk.seat)
        with place.phones.events(expert) as events:
            posted = await place.center.api(f"agent-{talk.agent}").post(
                f"/v1/calls/{talk.call}/confer", party={"to": "agent", "name": place.agents[expert]}
            )
            await events.next(What.INCOMING, within_s=WITHIN_S)
            talk.caller.hang_up()
            await events.next(What.CLOSED, within_s=WITHIN_S)
        await let_go(place, talk.seat)
        await let_go(place, expert)
        command = await place.center.api().get(f"/v1/commands/{posted['command']}")
        assert (command["state"], command["reason"]) == ("failed", "party_gone")
        await talk.task
