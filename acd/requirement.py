"""What a contact needs of an agent, in a form that can be tested fast and looked up by index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from acd.model import AgentId, Skill

Key: TypeAlias = str
"""What agents are indexed under: a skill that they have."""

MAX_PROFICIENCY = 5


def skill_key(skill: Skill) -> Key:
    return f"skill:{skill}"


def agent_keys(skills: Mapping[Skill, int]) -> tuple[Key, ...]:
    """Everything that an agent is indexed under, in a fixed order."""
    return tuple(skill_key(skill) for skill in sorted(skills))


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """A requirement made ready for use."""

    accepts: Callable[[AgentId, Mapping[Skill, int]], bool]
    covers: tuple[tuple[Key, ...], ...]
    """Alternatives; whoever is accepted has at least one key of each. None: anybody may be accepted."""
    objection: Callable[[AgentId, Mapping[Skill, int]], str | None]
    """The first reason against an agent, for people; None when accepted."""


def need_of_skills(required: Mapping[Skill, int]) -> Need:
    """Every one of these skills, with at least that proficiency. A missing skill is never enough."""
    wanted = tuple(sorted(required.items()))

    def accepts(_agent: AgentId, skills: Mapping[Skill, int]) -> bool:
        for skill, least in wanted:
            have = skills.get(skill)
            if have is None or have < least:
                return False
        return True

    def objection(_agent: AgentId, skills: Mapping[Skill, int]) -> str | None:
        for skill, least in wanted:
            have = skills.get(skill)
            if have is None:
                return f"lacks skill {skill}"
            if have < least:
                return f"skill {skill} is {have}, needs {least}"
        return None

    return Need(accepts, tuple((skill_key(skill),) for skill, _ in wanted), objection)
