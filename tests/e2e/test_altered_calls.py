"""A supervisor changes the order of waiting calls; it holds over a SIGKILL of the service.

Each decision can be read afterwards, and the day's figures agree with what the callers met.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lab.center import ApiFailed
from tests.support.commanding import commanded, done
from tests.support.staffed import Staffed, staffed


async def test_the_last_caller_is_put_first_and_stays_there_when_the_service_dies(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        [(seat, agent)] = place.agents.items()
        talker, talking = place.callers.begin("13900000001", "12345")
        await place.answer_next()
        await talker.heard.wait()
        first, first_task = place.callers.begin("13900000002", "12345")
        await place.until(lambda: waiting(place, 1))
        second, second_task = place.callers.begin("13900000003", "12345")
        await place.until(lambda: waiting(place, 2))
        calls = await open_calls(place)
        assert [call["wait"]["position"] for call in calls[1:]] == [1, 2]

        path = f"/v1/calls/{calls[2]['call']}/alter"
        steps = [{"requirement": {"agents": [agent]}, "ttl_s": 86_400}]
        await done(place, "supervisor", path, priority=50, steps=steps)
        for body, reason in (
            ({"queue": "nowhere"}, "unknown_queue"),
            ({"steps": [{"requirement": {"skill": "latin"}, "ttl_s": 9}]}, "bad_steps"),
        ):
            refused = await commanded(place, "supervisor", path, **body)
            assert (refused["state"], refused["reason"]) == ("refused", reason)
        talks = await commanded(place, "supervisor", f"/v1/calls/{calls[0]['call']}/alter", priority=1)
        assert (talks["state"], talks["reason"]) == ("refused", "not_waiting")

        await place.center.service.kill()
        await place.center.service.start()
        await place.until(lambda: waiting(place, 2))
        await place.phones.hang_up(seat)
        await place.answer_next()
        await second.heard.wait()
        assert not first.heard.is_set()
        await place.phones.hang_up(seat)
        await place.answer_next()
        await first.heard.wait()
        await place.phones.hang_up(seat)
        reports = await asyncio.gather(talking, first_task, second_task)
        assert [report.outcome for report in reports] == ["answered"] * 3
        await decided(place, calls[2]["call"], agent, passed_over=calls[1]["call"])
        total = await place.total()
        assert (total["offered"], total["answered"], total["abandoned"]) == (3, 3, 0)
        assert total["longest_waited_s"] > 0
        assert 0 < total["occupancy"] <= 1
        for token, path in ((f"agent-{agent}", f"agents/{agent}/"), ("wallboard", "")):
            told = await place.center.api(token).get(f"/v1/figures/{path}intervals")
            assert sum(interval["answered"] for interval in told["intervals"]) == 3


async def decided(place: Staffed, call: str, agent: str, passed_over: str) -> None:
    """The decision of the call that was put first, as a supervisor reads it and another agent cannot."""

    async def archived() -> dict[str, Any] | None:
        shown: dict[str, Any] = await place.center.api().get(f"/v1/calls/{call}")
        return shown if shown["complete"] else None

    shown = await place.until(archived)
    decision = shown["decisions"][-1]
    assert (decision["agent"], decision["criterion"], decision["eligible"]) == (agent, "only_candidate", 1)
    assert decision["candidates"][0] == {"agent": agent, "against": None}
    assert agent in decision["step"]
    assert decision["score"] >= decision["waited_s"]
    assert any(passed_over in line for line in decision["passed_over"])
    other = next(each.id for each in place.center.lab.site.agents if each.id != agent)
    with pytest.raises(ApiFailed, match="forbidden_not_own"):
        await place.center.api(f"agent-{other}").get(f"/v1/calls/{call}")


async def waiting(place: Staffed, count: int) -> bool:
    return bool((await place.total())["waiting"] == count)


async def open_calls(place: Staffed) -> list[dict[str, Any]]:
    """In the order in which they came."""

    async def look() -> list[dict[str, Any]] | None:
        page = (await place.center.api().get("/v1/calls"))["calls"]
        return page[::-1] if len(page) == 3 and all(call["state"] for call in page) else None

    found: list[dict[str, Any]] = await place.until(look)
    return found
