"""Routing steps as a short text that fits into a channel variable: letters, digits, `-` and `_`."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from acd.codec import plain, rebuilt
from acd.model import RoutingStep

LONGEST = 700
"""AMI discards lines of over 1,024 bytes."""


def steps_text(steps: tuple[RoutingStep, ...]) -> str:
    """The text; it may be longer than `LONGEST`, and then fits nowhere."""
    words = json.dumps(plain(steps), separators=(",", ":")).encode()
    return urlsafe_b64encode(zlib.compress(words, 9)).decode().rstrip("=")


def steps_of(text: str) -> tuple[RoutingStep, ...] | None:
    """The steps; None for what is no text of ours."""
    try:
        words = zlib.decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        steps = rebuilt(json.loads(words))
    except (ValueError, TypeError, KeyError, zlib.error):
        return None
    if isinstance(steps, tuple) and all(isinstance(step, RoutingStep) for step in steps):
        return steps
    return None
