"""A supervisor beside an agent who transfers, consults, confers, holds and parks: who hears whom, by tone."""

from __future__ import annotations

from pathlib import Path

from lab.phones import What
from tests.support.commanding import Talk, asked, connected, done, other_than
from tests.support.hearing import Hearing
from tests.support.staffed import WITHIN_S, Staffed, staffed
from tests.support.supervising import mode, none_left, supervised, supervision


async def picked_up(talk: Talk, seat: str) -> None:
    """The agent at `seat` takes the parked citizen up, and has the call from now on."""
    place, agent = talk.place, talk.place.agents[seat]
    with place.phones.events(seat) as events:
        await place.center.api(f"agent-{agent}").post(f"/v1/calls/{talk.call}/pick-up")
        await events.next(What.INCOMING, within_s=WITHIN_S)
        await place.phones.answer(seat)
        await events.next(What.ESTABLISHED, within_s=WITHIN_S)
    talk.seat, talk.agent = seat, agent


async def followed(place: Staffed) -> tuple[str, str, str]:
    """The agent who is supervised, how, and the call, once the supervisor is beside one."""
    view = await supervision(place, "on")
    return view["agent"], view["mode"], view["call"]


async def test_it_follows_a_blind_transfer_and_a_consult_to_who_has_the_call_then(tmp_path: Path) -> None:
    async with staffed(tmp_path, 3, agents=2, listening=True, wrap_up_s=0.0) as place:
        hearing, tones, talk = Hearing(place), place.phones.tones, await connected(place)
        supervised_agent, first = talk.agent, talk.seat
        boss = other_than(place, *place.agents)
        second = other_than(place, first, boss)
        citizen = talk.caller.line.tone_hz
        await supervised(place, supervised_agent, boss)
        await hearing.seat_hears(boss, tones[first], citizen)

        await asked(talk, second, "transfer")
        await hearing.seat_hears(boss, tones[second], citizen)
        await hearing.seat_hears(second, citizen)
        await hearing.citizen_hears(talk.caller, second)
        await place.on_no_call(first)
        assert await followed(place) == (supervised_agent, "listen", talk.call)

        talk.seat, talk.agent = second, place.agents[second]
        await asked(talk, first)
        await hearing.seat_hears(boss, tones[second], tones[first])
        await hearing.citizen_hears_music(talk.caller)
        await talk.do("complete")
        await hearing.seat_hears(boss, tones[first], citizen)
        await hearing.seat_hears(first, citizen)
        await hearing.citizen_hears(talk.caller, first)
        await place.on_no_call(second)
        assert await followed(place) == (supervised_agent, "listen", talk.call)
        talk.caller.hang_up()
        await talk.task
        assert (await supervision(place, "waiting"))["call"] is None


async def test_beside_a_consult_and_a_conference_it_is_where_the_agent_is(tmp_path: Path) -> None:
    async with staffed(tmp_path, 3, agents=2, listening=True, wrap_up_s=0.0) as place:
        hearing, phones, talk = Hearing(place), place.phones, await connected(place)
        boss, caller = other_than(place, *place.agents), talk.caller
        expert = other_than(place, talk.seat, boss)
        citizen, agent = caller.line.tone_hz, phones.tones[talk.seat]
        other, whispered = phones.tones[expert], phones.tones[boss]
        name = await supervised(place, talk.agent, boss)

        await asked(talk, expert)
        await hearing.seat_hears(boss, agent, other)
        await hearing.seat_hears(expert, agent)
        await hearing.citizen_hears_music(caller)
        await mode(place, name, "whisper")
        await hearing.seat_hears(talk.seat, other, whispered)
        await hearing.seat_hears(expert, agent)
        await hearing.citizen_hears_music(caller)
        await mode(place, name, "barge")
        await hearing.seat_hears(expert, agent, whispered)
        await hearing.seat_hears(talk.seat, other, whispered)
        await hearing.seat_hears(boss, agent, other)
        await hearing.citizen_hears_music(caller)

        await talk.do("confer")
        await talk.do("mute", muted=True)  # three at once are too loud to be told apart at the citizen's end
        await hearing.citizen_hears(caller, expert, boss)
        await talk.do("mute", muted=False)
        await hearing.seat_hears_all(boss, agent, other, citizen)
        await mode(place, name, "listen")
        await hearing.citizen_hears(caller, talk.seat, expert)
        await hearing.seat_hears_all(boss, agent, other, citizen)
        await mode(place, name, "whisper")
        await hearing.seat_hears_all(talk.seat, other, citizen, whispered)
        await hearing.seat_hears(expert, agent, citizen)
        await hearing.citizen_hears(caller, talk.seat, expert)

        await done(place, "supervisor", f"/v1/supervisions/{name}/take-over")
        await hearing.citizen_hears(caller, boss)
        await hearing.seat_hears(boss, citizen)
        await none_left(place)
        for seat in (talk.seat, expert):
            await place.on_no_call(seat)
        await phones.hang_up(boss)
        assert (await talk.task).hung_up_by == "far_end", "a conference ends with its last seat"


async def test_who_barged_in_goes_with_the_agent_into_a_hold_and_hangs_up_with_the_call_that_is_left_to_them(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 2, agents=1, listening=True, wrap_up_s=0.0) as place:
        hearing, phones, talk = Hearing(place), place.phones, await connected(place)
        boss, caller = other_than(place, talk.seat), talk.caller
        agent, spoken = phones.tones[talk.seat], phones.tones[boss]
        await supervised(place, talk.agent, boss, mode="barge")
        await hearing.citizen_hears(caller, talk.seat, boss)
        await talk.do("hold")
        await hearing.citizen_hears_music(caller)
        await hearing.seat_hears(talk.seat, spoken)
        await hearing.seat_hears(boss, agent)
        await talk.do("retrieve")
        await hearing.citizen_hears(caller, talk.seat, boss)
        await hearing.seat_hears(talk.seat, caller.line.tone_hz, spoken)

        await phones.hang_up(talk.seat)
        await hearing.citizen_hears(caller, boss)
        await none_left(place)
        with phones.events(boss) as events:
            caller.hang_up()
            await events.next(What.CLOSED, within_s=WITHIN_S)
        await talk.task


async def test_beside_a_parked_call_it_waits_for_the_agents_next_or_follows_who_picks_it_up(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 3, agents=2, listening=True, wrap_up_s=0.0) as place:
        hearing, tones, talk = Hearing(place), place.phones.tones, await connected(place)
        agent, seat = talk.agent, talk.seat
        boss = other_than(place, *place.agents)
        other = other_than(place, seat, boss)
        citizen = talk.caller.line.tone_hz
        await place.center.api().post(f"/v1/agents/{place.agents[other]}/not-ready", reason="break")
        await supervised(place, agent, boss, mode="whisper")
        await hearing.seat_hears(seat, citizen, tones[boss])

        await talk.do("park")
        await hearing.citizen_hears_music(talk.caller)
        assert (await supervision(place, "waiting"))["call"] == talk.call
        second, task = place.callers.begin("13900000002", "12345")
        assert await place.answer_next() == seat
        await hearing.seat_hears(boss, tones[seat], second.line.tone_hz)
        await hearing.citizen_hears_music(talk.caller)
        assert (await followed(place))[:2] == (agent, "listen")
        second.hang_up()
        await task
        await supervision(place, "waiting")

        await picked_up(talk, seat)
        await hearing.seat_hears(boss, tones[seat], citizen)
        await mode(place, (await supervision(place))["supervision"], "whisper")
        await hearing.seat_hears(seat, citizen, tones[boss])
        await talk.do("park")
        await hearing.citizen_hears_music(talk.caller)
        await picked_up(talk, other)
        await hearing.seat_hears(boss, tones[other], citizen)
        await hearing.seat_hears(other, citizen, tones[boss])
        await hearing.citizen_hears(talk.caller, other)
        assert await followed(place) == (agent, "whisper", talk.call)
