"""When callers came to wait, as the dialplan wrote it down, whichever system serves them then."""

from __future__ import annotations

from cti.ami.cel import read_cel
from cti.calls import facts as f
from lab.site import LabSite


def queued_at(lab: LabSite) -> dict[str, float]:
    """Seconds since the epoch, by the caller's number; of the first call of each number."""
    number: dict[str, str] = {}
    queued: dict[str, float] = {}
    for fact in read_cel(lab.site.asterisk.spool / "cel" / "hotline.csv", 0.0):
        if isinstance(fact, f.CallArrived):
            number[fact.call] = fact.number
        elif isinstance(fact, f.CallerQueued) and fact.call in number:
            queued.setdefault(number[fact.call], fact.queued_at)
    return queued
