"""What callers did in flows, read from the archive."""

from __future__ import annotations

from recording.ratings import RatingArchive
from recording.voicemails import VoicemailArchive


class FlowArchive(RatingArchive, VoicemailArchive):
    """Ratings and messages. Every method raises `DatabaseAway`, an `OSError`."""
