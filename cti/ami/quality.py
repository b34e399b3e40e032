"""Asterisk's RTP statistics of a channel, as `CHANNEL(rtcp,all)` gives them: `ssrc=1;lp=0;rxjitter=0;...`."""

from __future__ import annotations

from cti.calls.quality import LegQuality, Stream


def leg_quality(statistics: str) -> LegQuality | None:
    """What the statistics say; None when the leg had no sound at all. Raises ValueError or LookupError.

    Asterisk counts in packets, jitter and round trip in seconds. `rlp`, `txjitter` and `rtt` are the phone's
    own reports: as long as none came all of them are 0.
    """
    if not statistics:
        return None
    values = dict(item.split("=", 1) for item in statistics.split(";") if item)
    received, sent = int(values["rxcount"]), int(values["txcount"])
    if received == sent == 0:
        return None
    reported_lost, reported_jitter_s = max(0, int(values["rlp"])), float(values["txjitter"])
    rtt_s = float(values["rtt"])
    reported = bool(reported_lost or reported_jitter_s or rtt_s)
    said = Stream(received, max(0, int(values["lp"])), float(values["rxjitter"])) if received else None
    heard = Stream(max(0, sent - reported_lost), reported_lost, reported_jitter_s) if reported else None
    return LegQuality(said, heard, rtt_s or None)
