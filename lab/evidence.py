"""Gathers what was seen of a run, from everybody who saw it, and waits until it has come to rest."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from lab.account import voices
from lab.callers import CallerReport
from lab.center import CallCenter
from lab.ledger import TIMES_AGREE_S, Evidence, Ledger, ledger
from lab.phone_log import PhoneLog
from lab.witness import read_archive, read_asterisk

SETTLED_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.5


async def settled_ledger(
    center: CallCenter,
    log: PhoneLog,
    reports: Sequence[CallerReport],
    tones: Mapping[str, int],
    agents: Collection[str],
    *,
    within_s: float = SETTLED_WITHIN_S,
    dead: Mapping[str, float] | None = None,
    cut: Collection[str] = (),
    willed: Mapping[str, str] | None = None,
    expected_errors: Collection[str] = (),
    kept: Collection[str] = (),
    forgotten: Collection[str] = (),
    asked: Collection[str] = (),
    gave_away: Collection[str] = (),
    times_agree_s: float = TIMES_AGREE_S,
) -> tuple[Ledger, Evidence]:
    """The ledger of all calls of a center, once it is clean, or as it stands after `within_s`.

    `tones` are the seats', `agents` those who should be at work; the rest is as in `Evidence`, and
    `expected_errors` are events of the service's log that the scenario provokes. All callers must be done.
    """
    deadline = time.monotonic() + within_s
    engine = create_async_engine(center.database_url)
    try:
        while True:
            seen = await _look(center, engine, log, reports, agents, expected_errors)
            seen = replace(seen, dead=dict(dead or {}), cut=frozenset(cut), willed=dict(willed or {}))
            seen = replace(seen, kept=frozenset(kept), forgotten=frozenset(forgotten))
            seen = replace(seen, asked=frozenset(asked), gave_away=frozenset(gave_away))
            seen = replace(seen, times_agree_s=times_agree_s)
            if ledger(seen).clean or time.monotonic() > deadline:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        await engine.dispose()
    root = center.lab.site.storage.recordings
    _, voiceless = await asyncio.to_thread(voices, seen.says, seen.saw, reports, dict(tones), root)
    seen = replace(seen, voiceless=voiceless)
    return ledger(seen), seen


async def _look(
    center: CallCenter,
    engine: AsyncEngine,
    log: PhoneLog,
    reports: Sequence[CallerReport],
    agents: Collection[str],
    expected_errors: Collection[str],
) -> Evidence:
    site = center.lab.site
    saw = await asyncio.to_thread(
        read_asterisk,
        site.asterisk.spool / "cel" / "hotline.csv",
        center.asterisk.cdr,
        site.trunk.id,
        center.truly,
    )
    says = await read_archive(engine)
    async with engine.connect() as connection:
        refused = (await connection.execute(text("SELECT count(*) FROM rejected_entries"))).scalar_one()
    shown = (await center.api().get("/v1/agents"))["agents"]
    return Evidence(
        callers=reports,
        phones=log.calls(),
        saw=saw,
        says=says,
        agents=[agent for agent in shown if agent["agent"] in agents],
        in_spool=sorted(path.stem for path in (site.asterisk.spool / "recording").glob("*.raw")),
        errors=errors_in(center.service.log, expected_errors),
        refused=refused,
    )


def errors_in(log: Path, expected: Collection[str]) -> list[str]:
    """What the service itself found wrong: a line for each error in its log, and for what is no log line."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            found.append(line)
            continue
        if entry.get("level") in ("error", "critical") and entry.get("event") not in expected:
            found.append(line)
    return found
