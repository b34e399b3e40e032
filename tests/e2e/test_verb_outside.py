"""Numbers beyond the trunk in a call: transferred to, asked, and handed over to; audio told by tone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lab.carrier import CalledCitizen, TrunkPeer
from lab.network import LOOPBACK
from tests.support.commanding import Talk, connected
from tests.support.staffed import WITHIN_S, Staffed, staffed

OFFICE = "13900000005"


@asynccontextmanager
async def carrier(place: Staffed, directory: Path, **manners: object) -> AsyncIterator[TrunkPeer]:
    """The trunk's far end, which knows the tones of the phones and of the citizens who call."""
    lab = place.center.lab
    registrar = (LOOPBACK, lab.site.asterisk.sip_port)
    async with TrunkPeer(lab.trunk_peer, registrar, directory, place.phones.tones, **manners) as peer:  # type: ignore[arg-type]
        yield peer


async def posted(talk: Talk, verb: str) -> str:
    command: str = (
        await talk.place.center.api(f"agent-{talk.agent}").post(
            f"/v1/calls/{talk.call}/{verb}", party={"to": "number", "name": OFFICE}
        )
    )["command"]
    return command


async def comes_to(talk: Talk, command: str, state: str) -> str | None:
    """The reason with which the command comes to that state."""

    async def look() -> dict[str, str] | None:
        shown: dict[str, str] = await talk.place.center.api().get(f"/v1/commands/{command}")
        return shown if shown["state"] == state else None

    reason: str | None = (await talk.place.until(look))["reason"]
    return reason


async def said(citizen: CalledCitizen, tone_hz: int, talk: Talk) -> None:
    """Waits until the called party hears that tone for a while longer."""
    before = citizen.line.heard_s.get(tone_hz, 0.0)

    async def grown() -> bool:
        return citizen.line.heard_s.get(tone_hz, 0.0) >= before + 0.4

    await talk.place.until(grown)


async def test_a_citizen_is_transferred_to_a_number_that_sees_the_hotlines(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        talk = await connected(place)
        async with carrier(place, tmp_path / "carrier") as peer:
            command = await posted(talk, "transfer")
            office = await peer.next_call(within_s=WITHIN_S)
            assert (office.number, office.shown) == (OFFICE, place.center.lab.site.trunk.caller_number)
            await comes_to(talk, command, "done")
            await place.on_no_call(talk.seat)

            async def free() -> bool:
                agent = await place.center.api().get(f"/v1/agents/{talk.agent}")
                return bool(agent["state"] == "ready")

            await place.until(free)
            shown = await place.center.api().get(f"/v1/calls/{talk.call}")
            assert shown["state"] == "talking"
            talk.caller.hang_up()
            await talk.task
            await asyncio.wait_for(office.ended.wait(), WITHIN_S)
            assert office.hung_up_by == "hotline"
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, None]
        assert len(call["recordings"]) == 2
        assert (call["outcome"], call["agent"]) == ("answered", talk.agent)


async def test_a_number_that_is_busy_brings_the_citizen_back_to_the_queue(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        talk = await connected(place)
        async with carrier(place, tmp_path / "carrier", rings_s=lambda _: None):
            command = await posted(talk, "transfer")
            assert await comes_to(talk, command, "failed") == "not_taken"
            assert await place.answer_next() == talk.seat
            await talk.citizen_hears(talk.seat)
            talk.caller.hang_up()
            await talk.task
        total = await place.total()
        assert (total["offered"], total["answered"], total["returned"]) == (1, 1, 1)


async def test_a_number_is_asked_while_the_citizen_waits_and_let_go(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, listening=True, wrap_up_s=1.0) as place:
        talk = await connected(place)
        await talk.citizen_hears(talk.seat)
        async with carrier(place, tmp_path / "carrier") as peer:
            command = await posted(talk, "consult")
            office = await peer.next_call(within_s=WITHIN_S)
            await comes_to(talk, command, "done")
            await talk.citizen_hears()
            await said(office, place.phones.tones[talk.seat], talk)
            assert peer.seats_heard(office) == (talk.seat,)
            await talk.do("cancel")
            await asyncio.wait_for(office.ended.wait(), WITHIN_S)
            await talk.citizen_hears(talk.seat)
            talk.caller.hang_up()
            report = await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat] * 3
        assert talk.seat_heard() == [report.tone_hz, office.line.tone_hz, report.tone_hz]


async def test_the_citizen_is_handed_over_to_the_number_that_was_asked(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        talk = await connected(place)
        async with carrier(place, tmp_path / "carrier") as peer:
            command = await posted(talk, "consult")
            office = await peer.next_call(within_s=WITHIN_S)
            await comes_to(talk, command, "done")
            await talk.do("complete")
            await place.on_no_call(talk.seat)
            await talk.citizen_hears()
            talk.caller.hang_up()
            await talk.task
            await asyncio.wait_for(office.ended.wait(), WITHIN_S)
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, talk.seat, None]
        assert len(call["recordings"]) == 3
