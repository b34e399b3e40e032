"""Compares what callers, Asterisk and PostgreSQL say of a run, and listens to its recordings."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from lab.callers import CallerReport
from lab.center import CallCenter
from lab.phones import PhonePool
from lab.report import Counts, Report, archive_problems, disagreements, offer_latencies_ms, spread
from lab.tones import dominant_tones
from lab.witness import ArchiveSays, AsteriskSaw, read_archive, read_asterisk

ARCHIVED_WITHIN_S = 5.0
HEARD_WITHIN_S = 1.0
"""A pair connected for less cannot be expected to have heard each other: audio starts, a tone takes 0.3 s."""


async def account(center: CallCenter, phones: PhonePool, reports: Sequence[CallerReport]) -> Report:
    """Waits until the archive has everything, as long as it may take, and compares the three sources."""
    site = center.lab.site
    hung_up_at = time.monotonic()
    saw, says = await settled(center, hung_up_at + ARCHIVED_WITHIN_S)
    lag_s = time.monotonic() - hung_up_at
    crossed = too_short_to_hear(saw)
    answered = [r for r in reports if r.outcome == "answered" or r.number in crossed]
    abandoned = [r for r in reports if r.outcome == "abandoned" and r.number not in crossed]
    sources = {
        "callers": Counts(len(reports), len(answered), len(abandoned)),
        "Asterisk": Counts(len(saw.calls), len(saw.answered), len(saw.abandoned)),
        "PostgreSQL": Counts(len(says.calls), len(says.answered), len(says.abandoned)),
    }
    problems = disagreements(sources) + archive_problems(saw, says)
    problems += [f"caller {r.number}: {r.outcome}" for r in reports if r.outcome == "failed"]
    problems += seat_problems(saw, reports)
    both, voiceless = await asyncio.to_thread(
        voices, says, saw, reports, phones.tones, site.storage.recordings
    )
    problems += voiceless
    after_agent, after_caller = offer_latencies_ms(saw, says)
    finished = len(says.answered) + len(says.abandoned)
    return Report(
        calls=len(says.calls),
        answered=len(says.answered),
        abandoned=len(says.abandoned),
        answer_rate=round(len(says.answered) / finished, 4) if finished else None,
        recordings=len(says.recordings),
        recordings_with_both_voices=both,
        cdr_calls=saw.cdr_calls,
        work_orders=len(says.work_orders),
        offer_ms=spread(after_agent),
        arrival_ms=spread(after_caller),
        sources=sources,
        too_short_to_hear=len(crossed),
        archive_lag_s=round(lag_s, 2),
        problems=problems,
    )


async def settled(center: CallCenter, deadline: float) -> tuple[AsteriskSaw, ArchiveSays]:
    """What Asterisk and PostgreSQL say once they agree, or at the deadline."""
    site = center.lab.site
    engine = create_async_engine(center.database_url)
    try:
        while True:
            saw = await asyncio.to_thread(
                read_asterisk,
                site.asterisk.spool / "cel" / "hotline.csv",
                center.asterisk.cdr,
                site.trunk.id,
            )
            says = await read_archive(engine)
            over = all(call["ended_at"] is not None for call in says.calls.values())
            if (over and not archive_problems(saw, says)) or time.monotonic() > deadline:
                return saw, says
            await asyncio.sleep(0.1)
    finally:
        await engine.dispose()


def too_short_to_hear(saw: AsteriskSaw) -> set[str]:
    """Numbers of callers who were connected so shortly that no tone could be made out."""
    return {
        call.number
        for call in saw.answered
        if call.answered_at is not None
        and call.ended_at is not None
        and call.ended_at - call.answered_at < HEARD_WITHIN_S
    }


def seat_problems(saw: AsteriskSaw, reports: Sequence[CallerReport]) -> list[str]:
    """Calls in which the caller heard another seat than the one that Asterisk connected them with."""
    crossed = too_short_to_hear(saw)
    seen = {call.number: call.seat for call in saw.calls.values()}
    return [
        f"caller {report.number} heard {report.seat}, Asterisk connected {seen.get(report.number)}"
        for report in reports
        if seen.get(report.number) != report.seat and report.number not in crossed
    ]


def voices(
    says: ArchiveSays,
    saw: AsteriskSaw,
    reports: Sequence[CallerReport],
    seat_tones: dict[str, int],
    root: Path,
) -> tuple[int, list[str]]:
    """How many recordings have all parties' tones, each in its channel; and what the others lack."""
    crossed = too_short_to_hear(saw)
    tone_of = {report.number: report.tone_hz for report in reports}
    both = 0
    problems = []
    for recording in says.recordings:
        call, name = saw.calls.get(recording["call"]), recording["recording"]
        if call is None or call.seat is None or call.number in crossed:
            continue
        tones = {leg: seat_tones[seat] for leg, seat in saw.seats.items() if seat in seat_tones}
        tones |= {call.call: tone_of[call.number]} if call.number in tone_of else {}
        talks = [talk for talk in call.talks if name in talk.recorded]
        long = [talk for talk in talks if (talk.ended_at or math.inf) - talk.began_at >= HEARD_WITHIN_S]
        wanted = (
            {tones[talk.recorded[name]] for talk in long},
            {tones[leg] for talk in long for leg in talk.legs - {talk.recorded[name]} if leg in tones},
        )
        said, heard = (
            {span.hz for span in dominant_tones(root / recording["path"], channel)} for channel in (0, 1)
        )
        if not talks:
            problems.append(f"recording {name}: Asterisk connected nobody on it")
        elif not (wanted[0] <= said and wanted[1] <= heard):
            problems.append(f"recording {name}: {wanted} expected, {said} and {heard} heard")
        elif long:
            both += 1
    return both, problems
