"""The service on a machine whose clock is set: run instead of `cti.cli`.

`time.time`, from which the pipeline's clock and the heartbeat come, is off by the seconds that stand in the
file named by HOTLINE_CLOCK_OFFSET.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from cti.cli import main

OFFSET_FILE = "HOTLINE_CLOCK_OFFSET"


def shift() -> None:
    """From now on `time.time` follows the file."""
    right, path = time.time, Path(os.environ[OFFSET_FILE])

    def shifted() -> float:
        return right() + float(path.read_text())

    time.time = shifted


if __name__ == "__main__":
    shift()
    sys.exit(main())
