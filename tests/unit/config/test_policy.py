from __future__ import annotations

from acd.model import AgentPolicy, QueuePolicy
from config.load import load_site
from config.policy import routing_policy
from tests.unit.config.site_files import SiteFiles


def test_the_router_gets_every_queue_and_agent_with_all_it_needs(files: SiteFiles) -> None:
    extra = "    priority: 7\n    wrap_up_s: 30\n    timely_s: 12\n    short_abandon_s: 3\n"
    files.edit("calls", "    ring_timeout_s: 20\n", "    ring_timeout_s: 20\n" + extra)
    policy = routing_policy(load_site(files.directory, prompts=files.prompts))
    assert policy.queues == {
        "general": QueuePolicy("general"),
        "consumer": QueuePolicy("consumer", {"consumer": 2}, 7, 20.0, 30.0, 12.0, 3.0),
    }
    assert policy.agents == {"1001": AgentPolicy("1001", {"consumer": 3}), "1002": AgentPolicy("1002", {})}
