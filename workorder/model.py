"""A work order as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Disposition(StrEnum):
    """What the agent decided at the end of intake."""

    RESOLVED_AT_ONCE = "resolved_at_once"
    TO_DISPATCH = "to_dispatch"


class WorkOrderState(StrEnum):
    INTAKE = "intake"
    """Made by the call; nobody has written it yet."""
    RECORDED = "recorded"
    """Written by an agent and to be dispatched."""
    RESOLVED = "resolved"
    """Written by an agent and settled in the call itself (直接办复)."""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    work_order: str
    """`wo-<call>`: a call spawns one."""
    call: str
    agent: str | None
    state: WorkOrderState
    category: str | None
    summary: str | None
    disposition: Disposition | None
    created_at: datetime
    filled_at: datetime | None
    filled_by: str | None
    version: int
    """Grows with each change; a projection never goes back."""
