"""The rating after the call in the dialplan: five levels by key, whatever the caller presses or does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.asterisk import AsteriskProcess
from tests.support.asterisk_site import secrets_for
from tests.support.dialplan import connect, happens, logged, reach_waiting
from tests.support.flow_site import flow_site
from tests.support.manager import Manager, Message, heartbeat
from tests.support.small_site import SEAT
from tests.support.talking_party import TalkingParty


@pytest.fixture
def asterisk(asterisk_root: Path, short_prompts: None, tmp_path: Path) -> Iterator[AsteriskProcess]:
    site = flow_site(tmp_path)
    process = AsteriskProcess(site, secrets_for(site), tmp_path / "asterisk")
    process.start()
    try:
        yield process
    finally:
        process.stop()


async def asked_to_rate(caller: TalkingParty, agent: TalkingParty, manager: Manager) -> Message:
    """A conversation that the agent ends; the heartbeat is not needed from then on."""
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
    agent.hang_up()
    return await manager.user_event("HotlineRating")


@pytest.mark.parametrize(
    ("keys", "outcome", "score", "tries"),
    [
        ("1", "rated", "5", "1"),
        ("95", "rated", "1", "2"),
        ("8#", "wrong_key", "0", "2"),
        ("", "silent", "0", "2"),
    ],
)
async def test_a_caller_rates_by_key_and_wrong_keys_and_silence_end_after_the_last_try(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    caller: TalkingParty,
    keys: str,
    outcome: str,
    score: str,
    tries: str,
) -> None:
    asked = await asked_to_rate(caller, agent, manager)
    for number, key in enumerate(keys, 1):
        await manager.variable_becomes(asked["Channel"], "HL_TRY", str(number))
        caller.press(key)
    rated = await manager.user_event("HotlineRated")
    assert (rated["Call"], rated["Outcome"], rated["Score"], rated["Tries"]) == (
        asked["Call"], outcome, score, tries,
    )  # fmt: skip
    assert await manager.variable(asked["Channel"], "HL_KEY") == ""
    caller.hang_up()
    await manager.event("Hangup", Uniqueid=asked["Uniqueid"])
    extra = f"Call={asked['Call']}&Outcome={outcome}&Score={score}&Tries={tries}"
    assert [extra in line for line in logged(asterisk, "HotlineRated")] == [True]


async def test_who_hangs_up_instead_leaves_no_rating(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    asked = await asked_to_rate(caller, agent, manager)
    caller.hang_up()
    await manager.event("Hangup", Uniqueid=asked["Uniqueid"])
    assert len(logged(asterisk, "HotlineRating")) == 1
    assert logged(asterisk, "HotlineRated") == []


async def test_an_agent_transfers_the_caller_to_the_rating(
    manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    """By the code 19 at the phone (SIP REFER), while the caller waits to be asked."""
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        agent.refer("*19")
        asked = await manager.user_event("HotlineRating")
    assert asked["Uniqueid"] == queued["Uniqueid"]
    await manager.variable_becomes(asked["Channel"], "HL_TRY", "1")
    caller.press("2")
    assert (await manager.user_event("HotlineRated"))["Score"] == "4"
    await happens(caller.ended)


async def test_an_agent_who_dials_the_rating_hears_that_it_is_no_number(
    manager: Manager, agent: TalkingParty
) -> None:
    agent.call("*19", SEAT)
    await happens(agent.up)
    await happens(agent.ended)
    assert manager.user_events("HotlineRating") == []
