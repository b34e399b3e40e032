"""`hotline audit verify`: recomputes the audit's chains, for people who do not trust the service."""

from __future__ import annotations

from typing import TextIO

from cti.database import BadDatabaseUrl, DatabaseAway, create_engine
from recording.audit import AuditLog

BROKEN = 1


async def verify_audit(database_url: str, out: TextIO) -> int:
    """Prints a line for each chain. Returns 1 when one does not hold, or cannot be read.

    Whether entries are missing at the end is known to the service alone (`GET /v1/audit/verification`), or to
    whoever wrote down an earlier line of this: the chain that is longer must still contain that hash.
    """
    try:
        engine = create_engine(database_url)
    except BadDatabaseUrl as error:
        print(f"hotline: {error}", file=out)
        return BROKEN
    try:
        reports = await AuditLog(engine).verify()
    except DatabaseAway as error:
        print(f"hotline: the database does not answer: {error}", file=out)
        return BROKEN
    finally:
        await engine.dispose()
    for report in reports:
        verdict = "holds" if report.broken_at is None else f"BROKEN at {report.broken_at}: {report.reason}"
        print(
            f"chain {report.chain}: {report.entries} entries, {report.first} to {report.last},"
            f" last {report.last_hash}: {verdict}",
            file=out,
        )
    if not reports:
        print("the audit is empty", file=out)
    return BROKEN if any(report.broken_at is not None for report in reports) else 0
