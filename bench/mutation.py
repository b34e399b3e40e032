"""What came of `make mutation-acd`: the score of each module, as a table, and the names of the survivors.

A mutant is caught when a test fails, or when the tests run without end. `mutmut show NAME` prints one.
"""

from __future__ import annotations

import json
from pathlib import Path

CAUGHT = {1, 3, -24, 24, 36, 152, 255}
"""mutmut's exit codes for a failed test, an error and a timeout."""


def main() -> None:
    survivors: list[str] = []
    total = caught = 0
    print("| module | mutants | caught | score |\n| --- | --- | --- | --- |")
    for path in sorted(Path("mutants/acd").glob("*.meta")):
        codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        left = [name for name, code in codes.items() if code not in CAUGHT]
        survivors += left
        total += len(codes)
        caught += len(codes) - len(left)
        if codes:
            print(row(path.name.removesuffix(".py.meta"), len(codes), len(codes) - len(left)))
    print(row("all", total, caught))
    print(*survivors, sep="\n")


def row(name: str, mutants: int, caught: int) -> str:
    return f"| {name} | {mutants} | {caught} | {caught / mutants:.1%} |"


if __name__ == "__main__":
    main()
