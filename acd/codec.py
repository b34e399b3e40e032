"""Policies and requirements as JSON-able data and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

from acd.model import (
    AgentPolicy,
    AllOf,
    AnyOf,
    Calendar,
    CallbackTerms,
    Criterion,
    Diversion,
    Has,
    Limit,
    NoneOf,
    OneOf,
    OpeningHours,
    OverflowRule,
    QueuePolicy,
    RoutingStep,
)

_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        AgentPolicy,
        AllOf,
        AnyOf,
        Calendar,
        CallbackTerms,
        Criterion,
        Diversion,
        Has,
        Limit,
        NoneOf,
        OneOf,
        OpeningHours,
        OverflowRule,
        QueuePolicy,
        RoutingStep,
    )
}


def plain(value: Any) -> Any:
    """A policy's part as data; what kind of thing it was stands under `@`."""
    if isinstance(value, StrEnum):
        return {"@": type(value).__name__, "value": value.value}
    if is_dataclass(value):
        return {"@": type(value).__name__} | {
            each.name: plain(getattr(value, each.name)) for each in fields(value)
        }
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value


def rebuilt(data: Any) -> Any:
    """The opposite of `plain`."""
    if isinstance(data, dict):
        values = {key: rebuilt(value) for key, value in data.items() if key != "@"}
        return _KINDS[data["@"]](**values) if "@" in data else values
    if isinstance(data, list):
        return tuple(map(rebuilt, data))
    return data
