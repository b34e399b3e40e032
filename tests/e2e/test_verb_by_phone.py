"""What an agent does with the phone's own keys: hold, take up, transfer (REFER). The service follows."""

from __future__ import annotations

from pathlib import Path

from lab.carrier import TrunkPeer
from lab.network import LOOPBACK
from lab.phones import What
from tests.support.commanding import commanded, connected
from tests.support.staffed import WITHIN_S, staffed

OFFICE = "13900000005"
DIGITS = {"1001": "2", "1002": "1"}
"""By who transfers: the digit of a queue that the other one serves."""


async def test_the_phone_holds_takes_up_and_transfers(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=1.0) as place:
        talk = await connected(place)
        [other] = set(place.seats) - {talk.seat}
        await talk.citizen_hears(talk.seat)
        await place.phones.hold(talk.seat)
        await talk.citizen_hears()

        async def held() -> bool:
            return bool((await place.center.api().get(f"/v1/calls/{talk.call}"))["state"] == "held")

        await place.until(held)
        refused = await commanded(place, f"agent-{talk.agent}", f"/v1/calls/{talk.call}/retrieve")
        assert (refused["state"], refused["reason"]) == ("refused", "held_by_phone")
        await place.phones.resume(talk.seat)
        await talk.citizen_hears(talk.seat)

        extension = next(s.extension for s in place.center.lab.site.seats if s.id == other)
        with place.phones.events(other) as events:
            await place.phones.transfer(talk.seat, extension)
            await events.next(What.INCOMING)
            await place.phones.answer(other)
        await talk.citizen_hears(other)

        async def handed_over() -> bool:
            agents = {a["agent"]: a for a in (await place.center.api().get("/v1/agents"))["agents"]}
            states = agents[talk.agent]["state"], agents[place.agents[other]]["state"]
            return states == ("ready", "busy")

        await place.until(handed_over)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        [hold] = call["holds"]
        assert (hold["kind"], hold["agent"]) == ("phone", talk.agent)
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, other]
        assert len(call["recordings"]) == 2
        assert call["times"]["hold_s"] > 0.5

        async def wrapped_up() -> bool:
            times = (await place.center.api().get(f"/v1/calls/{talk.call}"))["times"]
            return bool(times["wrap_up_s"] >= 2 * 1.0)  # both agents had the call

        await place.until(wrapped_up)


async def test_the_phone_sends_the_citizen_to_a_queue_and_from_there_to_a_number(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=60.0) as place:
        lab = place.center.lab
        talk = await connected(place)
        digit = DIGITS[talk.agent]
        queue = next(each.id for each in lab.site.queues if each.digit == digit)
        await place.phones.transfer(talk.seat, f"*18{digit}")
        second = await place.answer_next()
        assert second != talk.seat, "the first agent wraps up"
        await talk.citizen_hears(second)

        registrar = (LOOPBACK, lab.site.asterisk.sip_port)
        async with TrunkPeer(lab.trunk_peer, registrar, tmp_path / "carrier", place.phones.tones) as peer:
            await place.phones.transfer(second, OFFICE)
            office = await peer.next_call(within_s=WITHIN_S)
            assert (office.number, office.shown) == (OFFICE, lab.site.trunk.caller_number)

            async def handed_over() -> bool:
                shown = await place.center.api().get(f"/v1/calls/{talk.call}")
                return shown["state"] == "talking" and shown["segments"][-1]["seat"] is None

            await place.until(handed_over)
            await place.on_no_call(second)
            talk.caller.hang_up()
            await talk.task
        call = await talk.archived()
        assert call["queue"] == queue
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, second, None]
        assert len(call["work_orders"]) == 1
