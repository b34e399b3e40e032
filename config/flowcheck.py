"""What must hold of flows across a site: names that exist, and every prompt in every language chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from config.base import Model
from config.flows import CallbackOfferConfig, FlowHoursConfig, RatingConfig
from config.problems import Loc, quoted
from config.routingcheck import agents_named, skills_named
from config.source import Document, read_file
from config.translate import suggestion
from config.view import View

ALWAYS: Final = ("thanks", "all-busy", "wrong-key")
"""Prompts that the dialplan plays to citizens whatever the flow."""
CALLBACK: Final = (
    "callback-number", "callback-confirm", "callback-other", "callback-taken",
    *(f"digit-{digit}" for digit in range(10)),
)  # fmt: skip
VOICEMAIL: Final = ("voicemail", "voicemail-taken")
RATING: Final = ("rating-thanks",)
POSITION: Final = (
    *(f"position-{place}" for place in (*range(1, 11), "more")),
    *(f"wait-{minutes}" for minutes in (1, 2, 3, 5, 10, "more")),
)


def check_flows(document: Document, prompts: Path) -> None:
    """Adds the problems of flows to the document."""
    view = View(document)
    view.check_unique("flows", "id")
    _known(view, view.texts("hotlines", "flow"), "flow", view.known("flows"))
    calendars = [
        ((*loc, "hours", "calendar"), hours["calendar"])
        for loc, flow in view.items("flows")
        if isinstance(hours := flow.get("hours"), dict) and isinstance(hours.get("calendar"), str)
    ]
    _known(view, calendars, "calendar", view.known("calendars"))
    for loc, choice in [found for at, flow in view.items("flows") for found in _choices(flow, at)]:
        if view.has("queues") and isinstance(queue := choice.get("queue"), str):
            _known(view, [((*loc, "queue"), queue)], "queue", view.known("queues"))
        if view.has("skills"):
            _known(view, skills_named(choice.get("steps"), (*loc, "steps")), "skill", view.known("skills"))
        if view.has("agents"):
            _known(view, agents_named(choice.get("steps"), (*loc, "steps")), "agent", view.known("agents"))
    _check_prompts(view, prompts)


def _known(view: View, named: Iterable[tuple[Loc, str]], kind: str, known: list[str]) -> None:
    for loc, name in named:
        if name not in known:
            view.at_value(loc, f"{kind} {quoted(name)} is unknown", suggestion(name, known))


def _choices(flow: Mapping[str, object], loc: Loc) -> Iterator[tuple[Loc, Mapping[str, object]]]:
    menu = flow.get("menu")
    choices = menu.get("choices") if isinstance(menu, dict) else None
    for number, choice in enumerate(choices if isinstance(choices, list) else ()):
        if isinstance(choice, dict):
            yield (*loc, "menu", "choices", number), choice


def _check_prompts(view: View, prompts: Path) -> None:
    """Each prompt that a flow names or needs is in the list; without one there is nothing to hold it to."""
    if not prompts.is_file():
        return
    listing = Document(prompts)
    read_file(listing, prompts)
    if listing.problems:
        return  # told with the greetings
    names = list(listing.root)
    for loc, flow in view.items("flows"):
        played = list(_played(flow, loc))
        for at, prompt in [*_of_menu(flow, loc), *played]:
            if prompt not in names:
                what = f"prompt {quoted(prompt)} is not in {prompts.name}"
                view.at_value(at, what, suggestion(prompt, names))
        needed = [*(prompt for _, prompt in played), *ALWAYS, *_fixed(flow), *_messages(view)]
        for at, choice in _choices(flow, loc):
            language = choice.get("language")
            if not isinstance(language, str):
                continue
            there = [prompt for prompt in dict.fromkeys(needed) if prompt in names]
            lacking = [prompt for prompt in there if f"{prompt}-{language}" not in names]
            if lacking:
                what = f"{len(lacking)} prompts are not in {prompts.name} in this language"
                view.at_value(
                    (*at, "language"),
                    what,
                    f"add `{lacking[0]}-{language}` and its like, or leave the language out",
                )


def _of_menu(flow: Mapping[str, object], loc: Loc) -> Iterator[tuple[Loc, str]]:
    menu = flow.get("menu")
    if isinstance(menu, dict) and isinstance(prompt := menu.get("prompt"), str):
        yield (*loc, "menu", "prompt"), prompt


def _played(flow: Mapping[str, object], loc: Loc) -> Iterator[tuple[Loc, str]]:
    """The prompts that callers hear once they chose a language, with the place of each."""
    defaults: dict[str, type[Model]] = {
        "hours": FlowHoursConfig,
        "callback": CallbackOfferConfig,
        "rating": RatingConfig,
    }
    for key, model in defaults.items():
        part = flow.get(key)
        if isinstance(part, dict):
            prompt = part.get("prompt", model.model_fields["prompt"].default)
            if isinstance(prompt, str):
                yield (*loc, key, "prompt"), prompt
    announcements = flow.get("announcements")
    texts = announcements.get("texts") if isinstance(announcements, dict) else None
    for number, text in enumerate(texts if isinstance(texts, list) else ()):
        if isinstance(text, str):
            yield (*loc, "announcements", "texts", number), text


def _fixed(flow: Mapping[str, object]) -> Iterator[str]:
    """What the dialplan plays beside the prompts that the flow names."""
    hours, announcements = flow.get("hours"), flow.get("announcements")
    if flow.get("callback") is not None:
        yield from CALLBACK
    if isinstance(hours, dict):
        yield from {"callback": CALLBACK, "voicemail": VOICEMAIL}.get(str(hours.get("closed")), ())
    if flow.get("rating") is not None:
        yield from RATING
    if isinstance(announcements, dict) and announcements.get("position"):
        yield from POSITION


def _messages(view: View) -> Iterator[str]:
    """Prompts to which limits of queues send callers."""
    for _, queue in view.items("queues"):
        rules = queue.get("overflow")
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, dict) and rule.get("to") == "message" and isinstance(rule.get("target"), str):
                yield rule["target"]
