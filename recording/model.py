"""A recording as it is archived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    """One segment's audio: a WAV file, left channel what the agent said, right channel what they heard."""

    recording: str
    """The recorded leg's id."""
    call: str
    segment: str
    path: str
    """Relative to the storage root, with `/`."""
    size_bytes: int
    duration_s: float
    sha256: str
    sample_rate_hz: int
    channels: int
    stored_at: datetime
