"""The example is a whole call center: 12345 and 32 merged lines, 52 agents in four shifts, 40 seats."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load_site
from config.models import Site
from config.routing import QueueConfig

EXAMPLE = Path(__file__).parents[3] / "config" / "hotline"
SHIFT = 13


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(EXAMPLE)


def servers(site: Site, queue: QueueConfig) -> list[str]:
    return [
        agent.id
        for agent in site.agents
        if all(agent.skills.get(skill, 0) >= least for skill, least in queue.required_skills.items())
    ]


def test_the_example_has_the_contracts_size(site: Site) -> None:
    assert (len(site.hotlines), len(site.agents), len(site.seats)) == (33, 52, 40)
    assert site.hotlines[0].number == "12345"
    assert [seat.id for seat in site.seats] == [f"seat-{n:02d}" for n in range(1, 41)]
    assert [seat.extension for seat in site.seats] == [str(n) for n in range(8001, 8041)]
    assert [agent.id for agent in site.agents] == [str(n) for n in range(1001, 1053)]


def test_no_two_lines_or_people_have_one_name(site: Site) -> None:
    for names in (
        [h.name for h in site.hotlines],
        [a.name for a in site.agents],
        [q.name for q in site.queues],
    ):
        assert len(set(names)) == len(names)


def test_every_queue_is_reached_by_a_hotline(site: Site) -> None:
    assert {hotline.queue for hotline in site.hotlines} == {queue.id for queue in site.queues}


def test_every_shift_can_serve_every_queue_with_two_agents_at_least(site: Site) -> None:
    shifts = [{agent.id for agent in site.agents[i : i + SHIFT]} for i in range(0, len(site.agents), SHIFT)]
    assert [len(shift) for shift in shifts] == [SHIFT] * 4
    for queue in site.queues:
        able = set(servers(site, queue))
        assert all(len(able & shift) >= 2 for shift in shifts), queue.id


def test_its_files_stay_out_of_the_repository(site: Site) -> None:
    var = Path.cwd() / "var"
    paths = (site.asterisk.spool, site.storage.recordings, site.storage.journal)
    assert all(var in path.parents for path in paths)
