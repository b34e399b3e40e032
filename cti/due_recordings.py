"""Recordings that are due, as the journal's state keeps them: each until it is stored or known to be gone.

The journal's entries of calls go after a day (`Journal.trim`). A full or unmounted disk may hold the
archiving up for longer, and a restart must still know whose the recorder's files are. Pure.
"""

from __future__ import annotations

from cti.calls.outputs import RecordingDue, RecordingVoid
from cti.records_json import JSON, encode

STATE = "due/"


def concluded(told: RecordingDue | RecordingVoid) -> dict[str, JSON]:
    """What the step that concludes it keeps."""
    return {STATE + told.leg: encode(told) if isinstance(told, RecordingDue) else None}


def done(recording: str) -> dict[str, JSON]:
    """What the step keeps after which nothing more is to be done for the recording."""
    return {STATE + recording: None}
