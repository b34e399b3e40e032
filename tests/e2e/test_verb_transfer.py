"""Blind transfer by API: to an agent, a queue and a number; and to somebody who does not answer."""

from __future__ import annotations

from pathlib import Path

from lab.phones import What
from tests.support.commanding import commanded, connected
from tests.support.staffed import staffed


async def test_to_an_agent_who_answers(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=1.0) as place:
        talk = await connected(place)
        [other] = set(place.seats) - {talk.seat}
        with place.phones.events() as events:
            posted = await place.center.api(f"agent-{talk.agent}").post(
                f"/v1/calls/{talk.call}/transfer", party={"to": "agent", "name": place.agents[other]}
            )
            assert posted["state"] == "accepted"
            while (await events.next(What.INCOMING)).seat != other:
                pass
            await place.phones.answer(other)
        await talk.citizen_hears(other)
        command = await place.center.api().get(f"/v1/commands/{posted['command']}")
        assert command["state"] == "done"
        await place.on_no_call(talk.seat)
        agents = {a["agent"]: a for a in (await place.center.api().get("/v1/agents"))["agents"]}
        assert agents[place.agents[other]]["state"] == "busy"
        assert agents[talk.agent]["state"] in ("wrap_up", "ready")
        await place.phones.hang_up(other)
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, other]
        assert len(call["recordings"]) == 2
        assert call["ended_by"] == "agent"


async def test_to_a_seat_where_somebody_answers(tmp_path: Path) -> None:
    """A seat is a phone: whoever is there takes the call, logged in or not."""
    async with staffed(tmp_path, 2, agents=1, wrap_up_s=1.0) as place:
        talk = await connected(place)
        [other] = set(place.seats) - {talk.seat}
        with place.phones.events(other) as events:
            posted = await place.center.api(f"agent-{talk.agent}").post(
                f"/v1/calls/{talk.call}/transfer", party={"to": "seat", "name": other}
            )
            await events.next(What.INCOMING)
            await place.phones.answer(other)
        await talk.citizen_hears(other)
        command = await place.center.api().get(f"/v1/commands/{posted['command']}")
        assert command["state"] == "done"
        await place.on_no_call(talk.seat)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        segments = [(segment["seat"], segment["agent"]) for segment in call["segments"]]
        assert segments == [(talk.seat, talk.agent), (other, None)]
        assert len(call["recordings"]) == 2
        assert len(call["work_orders"]) == 1


async def test_to_a_queue_with_work_order_call_id_and_the_priority_of_transfers(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=60.0, transfer_priority=7) as place:
        talk = await connected(place)
        # A queue that only the other of the two can serve.
        queues = {"1001": "consumer", "1002": "social-security"}
        queue = queues.pop(talk.agent)

        async def queued() -> str | None:
            at: str | None = (await place.center.api().get(f"/v1/calls/{talk.call}"))["queued_at"]
            return at

        queued_at = await place.until(queued)  # the archive is half a second behind
        await talk.do("transfer", party={"to": "queue", "name": queue})
        second = await place.answer_next()
        assert second != talk.seat
        await talk.citizen_hears(second)

        async def as_the_queue_says() -> bool:
            call = await place.center.api().get(f"/v1/calls/{talk.call}")
            return (call["queue"], call["priority"]) == (queue, 7)

        await place.until(as_the_queue_says)
        # What the agent says holds, though it is less; the first agent wraps up, so the citizen waits.
        [back] = queues.values()
        await talk.do("transfer", "supervisor", party={"to": "queue", "name": back}, priority=3)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert (call["queue"], call["priority"], call["queued_at"]) == (back, 3, queued_at)
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, second]
        assert len(call["work_orders"]) == 1


async def test_to_nobody_who_answers_brings_the_citizen_back_to_the_queue(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=1.0) as place:
        talk = await connected(place)
        [other] = set(place.seats) - {talk.seat}
        busy = await commanded(
            place,
            f"agent-{talk.agent}",
            f"/v1/calls/{talk.call}/transfer",
            party={"to": "agent", "name": talk.agent},
        )
        assert (busy["state"], busy["reason"]) == ("refused", "agent_busy")
        await place.center.api().post(f"/v1/agents/{place.agents[other]}/not-ready", reason="break")
        with place.phones.events(other) as events:
            posted = await place.center.api(f"agent-{talk.agent}").post(
                f"/v1/calls/{talk.call}/transfer", party={"to": "seat", "name": other}
            )
            await events.next(What.INCOMING)
            await place.phones.reject(other)

        async def failed() -> bool:
            command = await place.center.api().get(f"/v1/commands/{posted['command']}")
            return (command["state"], command["reason"]) == ("failed", "not_taken")

        await place.until(failed)
        assert await place.answer_next() == talk.seat
        await talk.citizen_hears(talk.seat)
        talk.caller.hang_up()
        await talk.task
