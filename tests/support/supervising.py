"""A supervisor beside an agent's calls on a running hotline: began by API, looked at, and audited."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lab.phones import What
from tests.support.commanding import done
from tests.support.staffed import WITHIN_S, Staffed


async def supervised(place: Staffed, agent: str, seat: str, **how: Any) -> str:
    """A supervisor begins by API and takes the phone at `seat`; gives the supervision's id."""
    with place.phones.events(seat) as events:
        api = place.center.api()
        command = await api.post(f"/v1/agents/{agent}/supervise", seat=seat, **how)
        await events.next(What.INCOMING, within_s=WITHIN_S)
        await place.phones.answer(seat)
        await events.next(What.ESTABLISHED, within_s=WITHIN_S)

    async def ended() -> dict[str, Any] | None:
        stands: dict[str, Any] = await api.get(f"/v1/commands/{command['command']}")
        return stands if stands["state"] != "accepted" else None

    outcome = await place.until(ended)
    assert outcome["state"] == "done", outcome
    supervision: str = outcome["result"]["supervision"]
    return supervision


async def supervision(place: Staffed, state: str | None = None) -> dict[str, Any]:
    """The only supervision there is, once it is in that state."""

    async def look() -> dict[str, Any] | None:
        every: list[dict[str, Any]] = (await place.center.api().get("/v1/supervisions"))["supervisions"]
        return every[0] if every and state in (None, every[0]["state"]) else None

    found: dict[str, Any] = await place.until(look)
    return found


async def none_left(place: Staffed) -> None:
    async def look() -> bool:
        return not (await place.center.api().get("/v1/supervisions"))["supervisions"]

    await place.until(look)


async def audit(place: Staffed, *actions: str) -> list[dict[str, Any]]:
    """The audit but for who read it, oldest first, once it holds each of these actions, as often as given."""

    async def look() -> list[dict[str, Any]] | None:
        entries: list[dict[str, Any]] = (await place.center.api("auditor").get("/v1/audit", limit="500"))[
            "entries"
        ]
        # That the audit is read here, again and again, is in it too.
        entries = [entry for entry in reversed(entries) if entry["action"] != "audit_read"]
        there = Counter(entry["action"] for entry in entries)
        return entries if Counter(actions) <= there else None

    found: list[dict[str, Any]] = await place.until(look)
    return found


async def mode(place: Staffed, name: str, mode: str) -> None:
    await done(place, "supervisor", f"/v1/supervisions/{name}/mode", mode=mode)
