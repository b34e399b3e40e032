"""The server of one's own starts from nothing, keeps its data, and leaves no process behind."""

from __future__ import annotations

import asyncio
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from sqlalchemy import text

from cti.database import create_engine
from lab.postgres import Postgres, PostgresError
from tests.support.until import until


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
    """The server's processes that run. Each may end while it is looked at."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(directory) in (process.info["cmdline"] or []):
            with suppress(psutil.NoSuchProcess):
                found += [process, *process.children(recursive=True)]
    return [process for process in found if runs(process)]


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def list_of(directory: Path) -> list[Path]:
    return list(directory.iterdir())


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
    assert [process for process in begun if runs(process)] == []
    assert processes_over(directory) == []
    assert not server.running

    again = Postgres.start(directory)
    assert await answer(again, "SELECT n FROM kept") == 1, "after a clean stop"
    again.stop()


async def test_a_second_run_on_the_same_data_is_refused_and_the_first_goes_on(directory: Path) -> None:
    first = Postgres.start(directory)
    try:
        with pytest.raises(PostgresError, match=r"is in use by a PostgreSQL that runs \(process \d+\)"):
            Postgres.start(directory)

        assert await answer(first, "SELECT 1") == 1
    finally:
        first.stop()


START_AND_SAY_SO = """
import sys, time
from pathlib import Path
from lab.postgres import Postgres
Postgres.start(Path(sys.argv[1]))
print("started", flush=True)
time.sleep(600)
"""


async def test_it_ends_with_whoever_started_it_however_that_happens(directory: Path) -> None:
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START_AND_SAY_SO, str(directory), stdout=asyncio.subprocess.PIPE
    )
    assert starter.stdout is not None
    assert await starter.stdout.readline() == b"started\n"
    assert processes_over(directory) != []
    starter.kill()
    await starter.wait()

    await until(lambda: processes_over(directory) == [])


async def test_a_directory_too_deep_for_a_socket_has_it_elsewhere(directory: Path) -> None:
    server = Postgres.start(directory / ("deep" * 30))
    try:
        assert await answer(server, "SELECT 1") == 1
        elsewhere = Path(str(server.url()).rpartition("host=")[2])
        assert not elsewhere.is_relative_to(directory)
    finally:
        server.stop()

    assert elsewhere not in list_of(elsewhere.parent)


async def test_directories_that_are_closed_to_others_stay_so(directory: Path) -> None:
    closed = directory.parent
    closed.mkdir(mode=0o700)
    server = Postgres.start(directory)
    try:
        assert await answer(server, "SELECT 1") == 1
    finally:
        server.stop()

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


async def test_it_starts_over_what_a_killed_start_left_and_with_a_locale_that_is_not_there(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_made = directory.with_name(f"{directory.name}.partial")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    monkeypatch.setenv("LC_ALL", "tlh_QO.UTF-8")
    server = Postgres.start(directory)
    try:
        assert await answer(server, "SHOW server_encoding") == "UTF8"
    finally:
        server.stop()


def test_a_server_that_cannot_start_says_why(directory: Path) -> None:
    with pytest.raises(PostgresError, match=r"(?s)ended while starting:.*not_a_parameter"):
        Postgres.start(directory, {"not_a_parameter": "1"})

    assert processes_over(directory) == []


def test_a_directory_that_cannot_be_made_is_named(directory: Path) -> None:
    directory.parent.write_text("a file")

    with pytest.raises(PostgresError, match=r"data in .*some/where could not be made"):
        Postgres.start(directory)
