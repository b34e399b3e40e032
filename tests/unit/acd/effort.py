"""How long the searches of these tests go on: `ACD_EFFORT` times as long as in every run, 1 unless told.

More of it is a proof (`make prove-acd`), less is a quick look (`make mutation-acd`).
"""

from __future__ import annotations

import os

EFFORT = float(os.environ.get("ACD_EFFORT", "1"))


def effort(usual: int) -> int:
    """How many examples, states or events to look at where every run looks at `usual`."""
    return max(1, round(usual * EFFORT))
