"""Commands that cross on one call: one takes effect, and the citizen is with somebody or waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from lab.phones import PhoneError, What
from tests.support.commanding import HEARS_S, Talk, asked, other_than, talk_at
from tests.support.scene import Scene, scene

T = TypeVar("T")
TOO_LATE = {
    "command_under_way",
    "already_ringing",
    "connected",
    "not_consulting",
    "not_in_call",
    "nobody_held",
}
"""Why the command that comes second is refused: the first is under way, or has come about."""


async def test_two_agents_pick_one_caller_up_and_one_phone_rings(tmp_path: Path) -> None:
    async with scene(tmp_path, 2) as place:
        agents = list(place.agents.values())
        for agent in agents:
            await place.center.api().post(f"/v1/agents/{agent}/not-ready", reason="break")
        caller = place.call()
        call = await waiting_call(place)
        place.center.service.reload()
        commands = await asyncio.gather(*(ordered(place, agent, call, "pick-up") for agent in agents))
        seat = await place.ringing(caller)
        place.center.service.reload()
        await place.phones.answer(seat)
        await place.heard(caller)
        await place.hears_on(caller)
        outcomes = sorted([await outcome(place, command) for command in commands])
        assert outcomes == [("done", ""), ("refused", "already_ringing")]
        await place.account(willed=dict.fromkeys(agents, "not_ready"))


async def test_a_caller_who_is_transferred_twice_at_once_is_taken_once(tmp_path: Path) -> None:
    async with scene(tmp_path, 3) as place:
        talk = await talk_at(place)
        await place.hears_on(talk.caller)
        others = [seat for seat in place.seats if seat != talk.seat]
        place.center.service.reload()
        commands = await asyncio.gather(
            *(ordered(place, talk.agent, talk.call, "transfer", to_seat=seat) for seat in others)
        )
        rung = await place.ringing(talk.caller)
        await place.phones.answer(rung)
        await talk.citizen_hears(rung)
        one_took_effect([await outcome(place, command) for command in commands])
        assert {call.seat for call in place.log.calls()} == {talk.seat, rung}
        await place.account(asked=others, gave_away=[talk.seat])


async def test_a_consult_that_is_called_off_while_it_begins_rings_and_is_answered(tmp_path: Path) -> None:
    async with scene(tmp_path, 2) as place:
        talk = await talk_at(place)
        expert = other_than(place, talk.seat)
        for call_off in (as_it_begins, twice_while_it_rings, as_it_is_answered):
            await talk.citizen_hears(talk.seat)
            place.center.service.reload()
            consult = await call_off(place, talk, expert)
            await talk.citizen_hears(talk.seat)
            assert await outcome(place, consult) in {("failed", "called_off"), ("done", "")}
            await at_rest(place, expert)
        await place.account(asked=[expert])


async def as_it_begins(place: Scene, talk: Talk, expert: str) -> str:
    consult, cancel = await asyncio.gather(
        ordered(place, talk.agent, talk.call, "consult", to_seat=expert),
        ordered(place, talk.agent, talk.call, "cancel"),
    )
    state, reason = await outcome(place, cancel)
    if state == "refused":  # it came before the hold
        assert reason in TOO_LATE
        await rings(place, expert)
        await talk.do("cancel")
    return consult


async def twice_while_it_rings(place: Scene, talk: Talk, expert: str) -> str:
    consult = await ordered(place, talk.agent, talk.call, "consult", to_seat=expert)
    await rings(place, expert)
    both = await asyncio.gather(
        *(ordered(place, talk.agent, talk.call, verb) for verb in ("cancel", "retrieve"))
    )
    one_took_effect([await outcome(place, command) for command in both])
    assert await outcome(place, consult) == ("failed", "called_off")
    return consult


async def as_it_is_answered(place: Scene, talk: Talk, expert: str) -> str:
    consult = await ordered(place, talk.agent, talk.call, "consult", to_seat=expert)
    await rings(place, expert)

    async def answers() -> None:
        with suppress(PhoneError):  # it rings no more
            await place.phones.answer(expert)

    _, retrieve = await asyncio.gather(answers(), ordered(place, talk.agent, talk.call, "retrieve"))
    state, reason = await outcome(place, retrieve)
    if state == "refused":  # the two talked already
        assert reason in TOO_LATE
        await talk.do("cancel")
    return consult


async def test_a_citizen_is_handed_over_as_the_agent_or_the_citizen_hangs_up(tmp_path: Path) -> None:
    async with scene(tmp_path, 3) as place:
        for leaves, after_s in ((by_phone, -0.02), (by_phone, 0.0), (by_phone, 0.02), (by_command, 0.0)):
            talk, expert = await asking(place)
            place.center.service.reload()
            before = dict(talk.caller.line.heard_s)
            complete, _ = await asyncio.gather(
                later(-after_s, ordered(place, talk.agent, talk.call, "complete")),
                later(after_s, leaves(place, talk)),
            )
            state, reason = await outcome(place, complete)
            seat = await served(place, talk, before)
            if state == "done":
                assert seat == expert
            else:
                assert reason in TOO_LATE | {"party_gone"}
            talk.caller.hang_up()
            await at_rest(place, *place.seats)

        talk, _ = await asking(place)
        place.center.service.reload()
        complete, _ = await asyncio.gather(
            ordered(place, talk.agent, talk.call, "complete"), citizen_leaves(talk)
        )
        state, _ = await outcome(place, complete)
        if state == "refused":  # the citizen left first, and the two who confer talk on
            await place.phones.hang_up(talk.seat)
        await at_rest(place, *place.seats)
        await place.account(asked=place.seats)


async def by_phone(place: Scene, talk: Talk) -> None:
    with suppress(PhoneError):  # it was let go already
        await place.phones.hang_up(talk.seat)


async def by_command(place: Scene, talk: Talk) -> None:
    await ordered(place, talk.agent, talk.call, "hang-up")


async def citizen_leaves(talk: Talk) -> None:
    talk.caller.hang_up()


async def later(delay_s: float, then: Awaitable[T]) -> T:
    """Negative: at once."""
    await asyncio.sleep(delay_s)
    return await then


async def asking(place: Scene) -> tuple[Talk, str]:
    """A conversation whose citizen is on hold while the agent asks the one at the seat that is given."""
    talk = await talk_at(place)
    await place.hears_on(talk.caller)
    expert = other_than(place, talk.seat)
    await asked(talk, expert)
    await talk.citizen_hears()
    return talk, expert


async def served(place: Scene, talk: Talk, before: dict[int, float]) -> str:
    """The seat that the citizen hears in the end, whose phone rang for them anew perhaps."""
    heard = talk.caller.line.heard_s

    async def somebody() -> str | None:
        for seat in place.seats:
            if What.INCOMING in place.phones.calls(seat).values():
                await place.phones.answer(seat)
        tones = place.phones.tones.items()
        return next((s for s, hz in tones if heard.get(hz, 0.0) >= before.get(hz, 0.0) + HEARS_S), None)

    seat: str = await place.until(somebody)
    return seat


async def ordered(place: Scene, agent: str, call: str, verb: str, *, to_seat: str | None = None) -> str:
    """Gives the command as the agent, and returns its id once it is accepted."""
    body: dict[str, Any] = {} if to_seat is None else {"party": {"to": "seat", "name": to_seat}}
    answer = await place.center.api(f"agent-{agent}").post(f"/v1/calls/{call}/{verb}", **body)
    command: str = answer["command"]
    return command


async def outcome(place: Scene, command: str) -> tuple[str, str]:
    """How the command ended, and why."""

    async def ended() -> tuple[str, str] | None:
        record = await place.center.api().get(f"/v1/commands/{command}")
        return (record["state"], record["reason"] or "") if record["state"] != "accepted" else None

    found: tuple[str, str] = await place.until(ended)
    return found


def one_took_effect(outcomes: list[tuple[str, str]]) -> None:
    (first, _), (second, reason) = sorted(outcomes)
    assert (first, second) == ("done", "refused"), outcomes
    assert reason in TOO_LATE, outcomes


async def waiting_call(place: Scene) -> str:
    async def look() -> str | None:
        calls = (await place.center.api().get("/v1/calls"))["calls"]
        return next((call["call"] for call in calls if call["state"] == "waiting"), None)

    call: str = await place.until(look)
    return call


async def rings(place: Scene, seat: str) -> None:
    async def look() -> bool:
        return What.INCOMING in place.phones.calls(seat).values()

    await place.until(look)


async def at_rest(place: Scene, *seats: str) -> None:
    """Returns once these phones are in no call and their agents ready again."""
    agents = {place.agents[seat] for seat in seats}

    async def look() -> bool:
        shown = (await place.center.api().get("/v1/agents"))["agents"]
        ready = {agent["agent"] for agent in shown if agent["state"] == "ready"}
        return agents <= ready and not any(place.phones.calls(seat) for seat in seats)

    await place.until(look)
