from __future__ import annotations

from dataclasses import replace

from config.models import Role
from tests.support.api_world import ApiWorld
from tests.support.small_site import AGENT, SEAT


async def test_figures_are_given_for_each_queue_and_the_whole(world: ApiWorld) -> None:
    await world.service.log_in(AGENT, SEAT, "c")
    await world.service.ready(AGENT, "c")
    world.service.given_figures[None] = {"waiting": 3, "longest_wait_s": 21.5, "answer_rate": 0.9731}
    world.service.given_figures["consumer"] = {"waiting": 3, "answered": 412}
    answer = await world.ask("GET", "/v1/queues", Role.WALLBOARD)
    total, queues = answer.json["total"], answer.json["queues"]
    assert (total["queue"], total["waiting"], total["longest_wait_s"]) == (None, 3, 21.5)
    assert (total["answer_rate"], total["timely_rate"]) == (0.9731, None)
    assert [(queue["queue"], queue["answered"]) for queue in queues] == [("general", 0), ("consumer", 412)]


async def test_every_agent_state_has_a_figure_even_when_nobody_is_in_it(world: ApiWorld) -> None:
    answer = await world.ask("GET", "/v1/queues")
    assert answer.json["total"]["agents"] == {
        "logged_out": 3,
        "not_ready": 0,
        "ready": 0,
        "reserved": 0,
        "busy": 0,
        "wrap_up": 0,
    }


async def test_the_wallboard_is_told_that_the_service_does_not_route(world: ApiWorld) -> None:
    world.service.state_of_health = replace(world.service.state_of_health, routing=False)
    assert (await world.ask("GET", "/v1/queues")).json["routing"] is False


async def test_a_process_that_answers_is_alive(world: ApiWorld) -> None:
    world.service.state_of_health = replace(world.service.state_of_health, routing=False)
    assert (await world.ask("GET", "/health/live", None)).status == 200


async def test_not_routing_is_not_ready_with_every_reason(world: ApiWorld) -> None:
    health = replace(world.service.state_of_health, routing=False, asterisk_connected=False)
    world.service.state_of_health = health
    answer = await world.ask("GET", "/health/ready", None)
    assert (answer.status, answer.json["ready"]) == (503, False)
    reasons = {reason["reason"] for reason in answer.json["reasons"]}
    assert reasons == {"asterisk_disconnected", "not_routing"}
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_database_that_is_away_degrades_and_no_more(world: ApiWorld) -> None:
    health = replace(world.service.state_of_health, database_reachable=False, journal_backlog=812)
    world.service.state_of_health = health
    answer = await world.ask("GET", "/health/ready", None)
    assert (answer.status, answer.json["ready"], answer.json["reasons"]) == (200, True, [])
    assert answer.json["degraded"][0]["reason"] == "database_unreachable"
    assert answer.json["journal_backlog"] == 812


async def test_prometheus_reads_the_same_figures(world: ApiWorld) -> None:
    await world.service.log_in(AGENT, SEAT, "c")
    world.service.given_figures["consumer"] = {"waiting": 3, "longest_wait_s": 21.5}
    answer = await world.ask("GET", "/metrics", Role.OPERATIONS)
    lines = answer.content.decode().splitlines()
    assert 'hotline_queue_waiting{queue="consumer"} 3' in lines
    assert 'hotline_queue_longest_wait_seconds{queue="consumer"} 21.5' in lines
    assert 'hotline_agents{state="not_ready"} 1' in lines
    assert "hotline_routing 1" in lines
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    described = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert described == {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")}
