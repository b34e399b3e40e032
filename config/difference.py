"""What one configuration changes against another, in lines for operations staff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from config.models import Site


class Effect(StrEnum):
    """What it takes for a change to hold."""

    AT_ONCE = "at once"
    DIALPLAN = "after `hotline asterisk render` and a reload of the dialplan"
    RESTART = "after a restart of the service"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different."""

    what: str
    """Such as `queue general: wrap_up_s 10.0 -> 20.0`."""
    effect: Effect

    def __str__(self) -> str:
        return self.what if self.effect is Effect.AT_ONCE else f"{self.what} ({self.effect})"


_LISTS: Final[Mapping[str, tuple[str, str, Effect]]] = {
    "queues": ("queue", "id", Effect.AT_ONCE),
    "skills": ("skill", "id", Effect.AT_ONCE),
    "agents": ("agent", "id", Effect.AT_ONCE),
    "calendars": ("calendar", "id", Effect.AT_ONCE),
    "not_ready_reasons": ("not-ready reason", "id", Effect.AT_ONCE),
    "hotlines": ("hotline", "number", Effect.DIALPLAN),
    "flows": ("flow", "id", Effect.DIALPLAN),
    "seats": ("seat", "id", Effect.RESTART),
}
_OTHERWISE: Final[Mapping[tuple[str, str], Effect]] = {
    ("hotline", "steps"): Effect.AT_ONCE,
    ("hotline", "name"): Effect.AT_ONCE,
    ("queue", "digit"): Effect.DIALPLAN,
}
"""What is not where the rest of its item is: the service's own matter, or one of the dialplan."""
_GROUPS: Final[Mapping[str, Effect]] = {
    "routing": Effect.AT_ONCE,
    "login": Effect.DIALPLAN,
    "phones": Effect.DIALPLAN,
    "timezone": Effect.RESTART,
    "trunk": Effect.RESTART,
    "asterisk": Effect.RESTART,
    "storage": Effect.RESTART,
    "api": Effect.RESTART,
    "work_orders": Effect.RESTART,
}


def difference(old: Site, new: Site) -> Sequence[Change]:
    """Every change, in the order of the configuration's keys."""
    before, after = old.model_dump(), new.model_dump()
    return [change for key in Site.model_fields for change in _changes(key, before[key], after[key])]


def _changes(key: str, before: Any, after: Any) -> Iterator[Change]:
    if key not in _LISTS:
        effect = _GROUPS[key]
        if isinstance(before, dict):
            for setting in before:
                if before[setting] != after[setting]:
                    yield Change(f"{key}: {setting} {before[setting]} -> {after[setting]}", effect)
        elif before != after:
            yield Change(f"{key} {before} -> {after}", effect)
        return
    noun, name, effect = _LISTS[key]
    then = {item[name]: item for item in before}
    now = {item[name]: item for item in after}
    for each in dict.fromkeys([*then, *now]):
        if each not in now:
            yield Change(f"{noun} {each}: removed", effect)
        elif each not in then:
            yield Change(f"{noun} {each}: added", effect)
        else:
            for setting in now[each]:
                if then[each][setting] != now[each][setting]:
                    what = f"{noun} {each}: {setting} {then[each][setting]} -> {now[each][setting]}"
                    yield Change(what, _OTHERWISE.get((noun, setting), effect))
