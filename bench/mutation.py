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
    whole = [0, 0, 0]
    print("| module | mutants | run | caught | score |\n| --- | --- | --- | --- | --- |")
    for path in sorted(Path("mutants/acd").glob("*.meta")):
        codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        run = {name: code for name, code in codes.items() if code is not None}
        left = [name for name, code in run.items() if code not in CAUGHT]
        survivors += left
        counts = [len(codes), len(run), len(run) - len(left)]
        whole = [before + more for before, more in zip(whole, counts, strict=True)]
        if codes:
            print(row(path.name.removesuffix(".py.meta"), *counts))
    print(row("all", *whole))
    print(*survivors, sep="\n")


def row(name: str, mutants: int, run: int, caught: int) -> str:
    score = f"{caught / run:.1%}" if run else ""
    return f"| `{name}` | {mutants} | {run} | {caught} | {score} |"


if __name__ == "__main__":
    main()
