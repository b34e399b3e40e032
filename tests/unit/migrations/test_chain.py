"""The migrations are one chain: two that follow the same one would stop every upgrade."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"


def test_there_is_one_head_and_every_file_is_on_the_way_to_it() -> None:
    chain = ScriptDirectory(str(MIGRATIONS))
    on_the_way = [script.revision for script in chain.walk_revisions()]
    assert len(chain.get_heads()) == 1
    assert sorted(on_the_way) == sorted(
        file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")
    )
