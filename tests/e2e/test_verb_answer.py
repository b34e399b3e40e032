"""A phone that answers by itself: because its agent says so on the screen, or because the queue asks it to.

A real Asterisk asks the phone over SIP (NOTIFY `talk`, Call-Info). baresip does not care; a user agent of the
tests' own does what it is asked, as desk phones do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lab.callers import Caller
from lab.network import LOOPBACK
from lab.phones import What
from lab.tones import seat_tone_hz
from tests.support.commanding import HEARS_S, commanded, done
from tests.support.desk_phone import DeskPhone
from tests.support.staffed import WITHIN_S, Staffed, staffed


@asynccontextmanager
async def desk_phone(place: Staffed, *, obeys_talk: bool = True) -> AsyncIterator[DeskPhone]:
    """The phone of the first seat that has no other, with an agent who is ready."""
    lab = place.center.lab
    number = len(place.seats)
    seat, agent = lab.site.seats[number].id, lab.site.agents[number].id
    server = (LOOPBACK, lab.site.asterisk.sip_port)
    password = lab.secrets.seats[seat].get_secret_value()
    phone = DeskPhone(seat, server, password, tone_hz=seat_tone_hz(number), obeys_talk=obeys_talk)
    await phone.open()
    try:
        await phone.register()
        api = place.center.api()

        async def known() -> bool:
            seats = {each["seat"]: each for each in (await api.get("/v1/seats"))["seats"]}
            return seats[seat]["reachable"] is True and seats[seat]["user_agent"] == phone.user_agent

        await place.until(known)
        await api.post(f"/v1/agents/{agent}/login", seat=seat)
        await api.post(f"/v1/agents/{agent}/ready")
        place.agents[seat] = agent
        yield phone
    finally:
        phone.close()


async def offered(place: Staffed, agent: str) -> str:
    """The call that the agent is offered, as their screen shows it."""

    async def look() -> str | None:
        shown = await place.center.api(f"agent-{agent}").get(f"/v1/agents/{agent}")
        call: str | None = shown["call"]
        return call if shown["state"] == "reserved" else None

    call: str = await place.until(look)
    return call


async def both_hear(place: Staffed, phone: DeskPhone, caller: Caller) -> None:
    """Returns once each hears the other's tone."""
    phone.heard_alaw.clear()
    await phone.hears(caller.line.tone_hz, within_s=WITHIN_S)
    before = caller.line.heard_s.get(phone.tone_hz, 0.0)

    async def grown() -> bool:
        return caller.line.heard_s.get(phone.tone_hz, 0.0) >= before + HEARS_S

    await place.until(grown)


async def test_a_call_that_rings_is_answered_from_the_screen(tmp_path: Path) -> None:
    async with staffed(tmp_path, 0, wrap_up_s=1.0, ring_timeout_s=60.0) as place, desk_phone(place) as phone:
        [(seat, agent)] = place.agents.items()
        caller, task = place.callers.begin("13900000001", "12345")
        call = await offered(place, agent)
        await asyncio.wait_for(phone.ringing.wait(), WITHIN_S)
        assert not phone.up.is_set()
        command = await done(place, f"agent-{agent}", f"/v1/calls/{call}/answer")
        assert (command["verb"], command["call"]) == ("answer", call)
        [notify] = phone.told_to_talk
        assert notify.get("To") == phone.local
        assert not phone.answered_by_itself
        await both_hear(place, phone, caller)
        again = await commanded(place, f"agent-{agent}", f"/v1/calls/{call}/answer")
        assert (again["state"], again["reason"]) == ("refused", "not_ringing")
        caller.hang_up()
        assert (await task).outcome == "answered"

        async def archived() -> bool:
            kept = await place.center.api().get(f"/v1/calls/{call}")
            segments = [(segment["seat"], segment["agent"]) for segment in kept["segments"]]
            return kept["complete"] and segments == [(seat, agent)]

        await place.until(archived)


async def test_a_phone_that_does_nothing_rings_on_and_the_command_says_so(tmp_path: Path) -> None:
    async with (
        staffed(tmp_path, 0, wrap_up_s=1.0, ring_timeout_s=60.0) as place,
        desk_phone(place, obeys_talk=False) as phone,
    ):
        [agent] = place.agents.values()
        caller, task = place.callers.begin("13900000001", "12345")
        await asyncio.wait_for(phone.ringing.wait(), WITHIN_S)
        call = await offered(place, agent)
        failed = await commanded(place, f"agent-{agent}", f"/v1/calls/{call}/answer")
        assert (failed["state"], failed["reason"]) == ("failed", "phone_did_not_answer")
        assert len(phone.told_to_talk) == 1
        assert not phone.ended.is_set()
        assert await offered(place, agent) == call
        phone.answer()
        phone.talk()
        await both_hear(place, phone, caller)
        caller.hang_up()
        assert (await task).outcome == "answered"


async def test_a_phone_that_is_not_known_to_take_the_event_rings_on_undisturbed(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0, ring_timeout_s=60.0) as place:
        [(seat, agent)] = place.agents.items()
        with place.phones.events(seat) as events:
            caller, task = place.callers.begin("13900000001", "12345")
            await events.next(What.INCOMING, within_s=WITHIN_S)
            call = await offered(place, agent)
            refused = await commanded(place, f"agent-{agent}", f"/v1/calls/{call}/answer")
            assert (refused["state"], refused["reason"]) == ("refused", "phone_cannot_answer")
            assert list(place.phones.calls(seat).values()) == [What.INCOMING]
            await place.phones.answer(seat)
        await asyncio.wait_for(caller.heard.wait(), WITHIN_S)
        caller.hang_up()
        assert (await task).outcome == "answered"
        assert (await place.total())["answered"] == 1


async def test_a_queue_that_asks_for_it_has_the_phone_answer_by_itself(tmp_path: Path) -> None:
    async with staffed(tmp_path, 0, wrap_up_s=1.0, auto_answer=True) as place, desk_phone(place) as phone:
        caller, task = place.callers.begin("13900000001", "12345")
        await asyncio.wait_for(phone.up.wait(), WITHIN_S)
        assert phone.answered_by_itself
        assert phone.told_to_talk == []
        await both_hear(place, phone, caller)
        caller.hang_up()
        assert (await task).outcome == "answered"
