"""Settings of the interpreter for a program that must answer within milliseconds."""

from __future__ import annotations

import gc
import sys

SWITCH_INTERVAL_S = 0.0002
"""How long the thread that routes waits for another one to let go of the interpreter."""
GC_THRESHOLD = (10_000, 20, 20)
"""Records are built and dropped all the time, and hold no cycles: the collector need not look so often."""


def avoid_pauses() -> None:
    """Call it once everything is imported."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # What was imported stays: it need not be looked through again for garbage.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)
