"""Operations staff change the configuration while people talk and wait: nobody notices, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from lab.account import account
from tests.support.staffed import Staffed, staffed


def change(place: Staffed, name: str, edit: Callable[[dict[str, Any]], None], *, tell: bool = True) -> None:
    """Rewrites one file of the running service's configuration and tells the service."""
    path = place.center.lab.config / f"{name}.yaml"
    yaml = YAML(typ="safe")
    document = yaml.load(path)
    edit(document)
    yaml.dump(document, path)
    if tell:
        place.center.service.reload()


async def says(place: Staffed, event: str, count: int = 1) -> str:
    """The service's log lines of that event, once there are so many."""

    async def look() -> str:
        lines = [line for line in place.center.service.log.read_text().splitlines() if event in line]
        return "\n".join(lines) if len(lines) >= count else ""

    found: str = await place.until(look)
    return found


def without_consumer_queue(document: dict[str, Any]) -> None:
    document["queues"] = [queue for queue in document["queues"] if queue["id"] != "consumer"]


def expert_in_consumer_matters(document: dict[str, Any]) -> None:
    document["agents"][0]["skills"]["consumer"] = 5


def hotlines_elsewhere(document: dict[str, Any]) -> None:
    for hotline in document["hotlines"]:
        if hotline["queue"] == "consumer":
            hotline["queue"] = "general"


async def waiting_in(place: Staffed, queue: str, count: int) -> bool:
    queues = (await place.center.api().get("/v1/queues"))["queues"]
    return any(each["queue"] == queue and each["waiting"] == count for each in queues)


async def applied_over_the_api(place: Staffed) -> None:
    """The difference is shown first, and nothing holds; then it is applied, and told."""
    api = place.center.api("operations")
    change(place, "agents", expert_in_consumer_matters, tell=False)
    [shown] = (await api.get("/v1/configuration/proposed"))["changes"]
    assert shown["effect"] == "at once"
    in_force = await api.get("/v1/configuration/applied")
    assert (in_force["applied"]["by"], in_force["rejected"]) == ("SIGHUP", None)
    applied = await api.post("/v1/configuration/apply")
    assert (applied["by"], applied["changes"]) == ("operations", [shown])
    assert (await api.get("/v1/configuration/applied"))["applied"] == applied


async def test_a_removed_queue_drains_while_agents_stay_and_calls_go_on(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        [seat] = place.seats
        talker, talking = place.callers.begin("13900000001", "12345")
        await place.answer_next()
        await talker.heard.wait()
        # Nobody who is logged in knows about consumers, so this caller waits.
        waiter, waiting = place.callers.begin("13900000002", "12315")
        await place.until(lambda: waiting_in(place, "consumer", 1))

        # A mistake is refused as a whole: two files must change together.
        change(place, "queues", without_consumer_queue)
        assert "queue 'consumer' is unknown" in await says(place, "configuration_refused")

        change(place, "hotlines", hotlines_elsewhere)
        said = await says(place, "configuration_applied")
        assert "queue consumer: removed" in said
        assert "hotline 12315: queue consumer -> general (after" in said
        assert await waiting_in(place, "consumer", 1), "it is shown while somebody waits"
        agents = (await place.center.api().get("/v1/agents"))["agents"]
        assert [agent["state"] for agent in agents if agent["seat"] == seat] == ["busy"]

        await applied_over_the_api(place)
        await place.phones.hang_up(seat)
        await place.answer_next()
        await waiter.heard.wait()
        queues = (await place.center.api().get("/v1/queues"))["queues"]
        assert {each["queue"]: each["talking"] for each in queues}["consumer"] == 1
        await asyncio.sleep(0)
        waiter.hang_up()
        reports = await asyncio.gather(talking, waiting)

        assert [report.outcome for report in reports] == ["answered", "answered"]
        report = await account(place.center, place.phones, reports)
        assert report.problems == []
        assert not await waiting_in(place, "consumer", 1)
