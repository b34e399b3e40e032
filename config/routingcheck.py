"""What must hold of the routing that a site describes: names that exist, and what the router itself
refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from acd.policy import problems
from config.models import AgentConfig, Site
from config.policy import fixed_offset_s, routing_policy
from config.problems import Loc, quoted
from config.routing import QueueConfig
from config.source import Document, read_file
from config.translate import suggestion
from config.view import View

_PLACE: Final = re.compile(
    r"(?P<kind>queue|agent) (?P<name>[^,:]+)(, (?P<part>[a-z_]+)( (?P<number>[0-9]+))?)?"
    r"(, (?P<key>[^:]+))?: (?P<setting>[a-z_]+)?"
)
"""How the router names a place in its policy."""


def check_routing(document: Document, site: Site | None, prompts: Path) -> None:
    """Adds the problems of routing to the document; of a site that has the right form, also the router's."""
    view = View(document)
    _check_named(view, prompts)
    if site is not None:
        if site.calendars and fixed_offset_s(site.timezone) is None:
            view.at_value(
                ("timezone",),
                f"{quoted(site.timezone)} changes its clocks within the year, which calendars cannot follow",
                "leave the calendars out, or give a zone of fixed time such as `Asia/Shanghai`",
            )
        _check_as_the_router_does(view, site)


def _check_named(view: View, prompts: Path) -> None:
    """Every queue, calendar, agent and prompt that is named exists. The router knows of skills itself."""
    queues, agents = view.known("queues"), view.known("agents")
    calendars = view.known("calendars")
    for loc, name in view.texts("queues", "calendar"):
        if name not in calendars:
            view.at_value(loc, f"calendar {quoted(name)} is unknown", suggestion(name, calendars))
    for loc, queue in view.items("queues"):
        terms = queue.get("callbacks")
        hours = terms.get("calendar") if isinstance(terms, dict) else None
        if isinstance(hours, str) and hours not in calendars:
            what = f"calendar {quoted(hours)} is unknown"
            view.at_value((*loc, "callbacks", "calendar"), what, suggestion(hours, calendars))
    known_prompts = _prompts(prompts)
    for loc, queue in view.items("queues"):
        terms = queue.get("callbacks")
        prompt = terms.get("abandoned_prompt") if isinstance(terms, dict) else None
        if isinstance(prompt, str) and known_prompts is not None and prompt not in known_prompts:
            what = f"prompt {quoted(prompt)} is not in {prompts.name}"
            view.at_value((*loc, "callbacks", "abandoned_prompt"), what, suggestion(prompt, known_prompts))
    for loc, rule in _rules(view):
        target = rule.get("target")
        if not isinstance(target, str):
            continue
        if rule.get("to") == "queue" and view.has("queues") and target not in queues:
            view.at_value((*loc, "target"), f"queue {quoted(target)} is unknown", suggestion(target, queues))
        if rule.get("to") == "message" and known_prompts is not None and target not in known_prompts:
            what = f"prompt {quoted(target)} is not in {prompts.name}"
            view.at_value((*loc, "target"), what, suggestion(target, known_prompts))
    for loc, agent in view.items("agents"):
        served = agent.get("queues")
        for queue in served if isinstance(served, dict) else ():
            if view.has("queues") and queue not in queues:
                view.at_key((*loc, "queues", queue), "is an unknown queue", suggestion(queue, queues))
    if view.has("agents"):
        for field in ("queues", "hotlines"):
            for loc, item in view.items(field):
                for at, named in agents_named(item, loc):
                    if named not in agents:
                        view.at_value(at, f"agent {quoted(named)} is unknown", suggestion(named, agents))
    if view.has("skills"):
        skills = view.known("skills")
        for loc, item in view.items("hotlines"):
            for at, named in skills_named(item.get("steps"), (*loc, "steps")):
                if named not in skills:
                    view.at_value(at, f"skill {quoted(named)} is unknown", suggestion(named, skills))


def _rules(view: View) -> Iterator[tuple[Loc, dict[str, object]]]:
    for loc, queue in view.items("queues"):
        rules = queue.get("overflow")
        for number, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict):
                yield (*loc, "overflow", number), rule


def agents_named(value: object, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """Agents whom requirements below name, with the place of each."""
    for at, key, found in _leaves(value, loc):
        if key == "agents" and isinstance(found, str):
            yield at, found


def skills_named(value: object, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """Skills that requirements below name, with the place of each."""
    for at, key, found in _leaves(value, loc):
        if key == "skill" and isinstance(found, str):
            yield at, found


def _leaves(value: object, loc: Loc, key: str = "") -> Iterator[tuple[Loc, str, object]]:
    """Every plain value below, with the key that it or its list stands under."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, (*loc, name), name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _leaves(each, (*loc, number), key)
    else:
        yield loc, key, value


def _check_as_the_router_does(view: View, site: Site) -> None:
    """What the router would refuse, at the place that it means."""
    for problem in problems(routing_policy(site)):
        loc = _place_of(problem, site)
        if not any(loc == each[: len(loc)] for each in view.document.reported):
            what, _, expected = problem.partition(": ")[2].partition("; ")
            view.at_key(loc, what, expected or "docs/routing.md tells what the router takes")


def _place_of(problem: str, site: Site) -> Loc:
    """Where the thing stands that the router's problem is about."""
    if problem.startswith(("reserve of skill ", "policy: ")):
        setting = problem.partition(": ")[2].split(" ")[0]
        return ("routing", "reserves") if problem.startswith("reserve") else ("routing", setting)
    found = _PLACE.match(problem)
    if found is None:
        return ()
    field = f"{found['kind']}s"
    is_queue = found["kind"] == "queue"
    names = [each.id for each in site.queues] if is_queue else [each.id for each in site.agents]
    if found["name"] not in names:
        return ()
    index = names.index(found["name"])
    keys = QueueConfig.model_fields if is_queue else AgentConfig.model_fields
    at: Loc = (field, index)
    if found["part"] == "step":
        return (*at, "steps", int(found["number"]) - 1)
    if found["part"] == "overflow":
        return (*at, "overflow", int(found["number"]) - 1)
    if found["part"]:
        return (*at, found["part"])
    return (*at, found["setting"]) if found["setting"] in keys else at


def _prompts(prompts: Path) -> list[str] | None:
    if not prompts.is_file():
        return None
    listing = Document(prompts)
    read_file(listing, prompts)
    return None if listing.problems else list(listing.root)
