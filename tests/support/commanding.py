"""Commands given over the API to a running hotline, and what became of them."""

from __future__ import annotations

from typing import Any

from tests.support.staffed import Staffed


async def commanded(place: Staffed, who: str, path: str, **body: Any) -> dict[str, Any]:
    """Gives the command as the bearer of token `who` and waits for its outcome."""
    api = place.center.api(who)
    accepted: dict[str, Any] = await api.post(path, **body)

    async def ended() -> dict[str, Any] | None:
        command: dict[str, Any] = await api.get(f"/v1/commands/{accepted['command']}")
        return command if command["state"] != "accepted" else None

    outcome: dict[str, Any] = await place.until(ended)
    return outcome


async def done(place: Staffed, who: str, path: str, **body: Any) -> dict[str, Any]:
    """As `commanded`, for a command that must come about."""
    command = await commanded(place, who, path, **body)
    assert command["state"] == "done", command
    return command
