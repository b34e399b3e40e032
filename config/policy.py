"""The part of the configuration that the router works by."""

from __future__ import annotations

from acd.model import AgentPolicy, Policy, QueuePolicy
from config.models import Site


def routing_policy(site: Site) -> Policy:
    """What the router needs of a site."""
    return Policy(
        queues={
            queue.id: QueuePolicy(
                queue=queue.id,
                required_skills=dict(queue.required_skills),
                priority=queue.priority,
                ring_timeout_s=queue.ring_timeout_s,
                wrap_up_s=queue.wrap_up_s,
                timely_s=queue.timely_s,
                short_abandon_s=queue.short_abandon_s,
            )
            for queue in site.queues
        },
        agents={agent.id: AgentPolicy(agent=agent.id, skills=dict(agent.skills)) for agent in site.agents},
    )
