"""What every test may use."""

from __future__ import annotations

import sys
from pathlib import Path

# The tests' own helpers (`tests.support`) and the migrations are found from the root of the repository.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
