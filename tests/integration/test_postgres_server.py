"""The server of one's own starts from nothing, keeps its data, and leaves no process behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from sqlalchemy import text

from cti.database import create_engine
from lab.postgres import Postgres, PostgresError


@pytest.fixture
def directory() -> Iterator[Path]:
    # Not pytest's: another run of it by root would lock the server's user out.
    with TemporaryDirectory(prefix="hotline-pg-") as made:
        yield Path(made) / "some" / "where"


async def answer(server: Postgres, *statements: str) -> object:
    engine = create_engine(server.url())
    async with engine.begin() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
        found: object = result.scalar()
    await engine.dispose()
    return found


def processes_over(directory: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(directory) in (process.info["cmdline"] or []):
            found += [process, *process.children(recursive=True)]
    return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]


async def test_it_starts_from_nothing_keeps_its_data_and_leaves_no_process(directory: Path) -> None:
    server = Postgres.start(directory, {"fsync": "off", "work_mem": "7MB"})
    try:
        begun = processes_over(directory)
        await answer(server, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1) RETURNING n")
        assert await answer(server, "SHOW work_mem") == "7MB"
        server.kill()
        assert processes_over(directory) == []
        server.start_again()
        assert await answer(server, "SELECT n FROM kept") == 1, "after a crash"
    finally:
        server.stop()
    server.stop()

    assert len(begun) > 3
    assert [process for process in begun if process.is_running() and process.status() != "zombie"] == []
    assert processes_over(directory) == []
    assert server.process is None

    again = Postgres.start(directory)
    assert await answer(again, "SELECT n FROM kept") == 1, "after a clean stop"
    again.stop()


async def test_a_server_left_by_a_killed_run_is_taken_over(directory: Path) -> None:
    left = Postgres.start(directory)
    try:
        taken = Postgres.start(directory)

        assert taken.process == left.process
        assert await answer(taken, "SELECT 1") == 1
    finally:
        left.stop()
    assert taken.process is None


async def test_a_directory_too_deep_for_a_socket_has_it_elsewhere(directory: Path) -> None:
    server = Postgres.start(directory / ("deep" * 30))
    try:
        assert await answer(server, "SELECT 1") == 1
        elsewhere = Path(str(server.url()).rpartition("host=")[2])
        assert not elsewhere.is_relative_to(directory)
    finally:
        server.stop()

    assert not os.path.lexists(elsewhere)


def test_a_server_that_cannot_start_says_why(directory: Path) -> None:
    with pytest.raises(PostgresError, match=r"(?s)could not start: .*not_a_parameter"):
        Postgres.start(directory, {"not_a_parameter": "1"})

    assert processes_over(directory) == []


def test_a_directory_that_cannot_be_made_is_named(directory: Path) -> None:
    directory.parent.write_text("a file")

    with pytest.raises(PostgresError, match=r"data in .*some/where could not be made"):
        Postgres.start(directory)
