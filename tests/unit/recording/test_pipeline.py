"""No conversation is lost between the recorder and the archive, and none is archived twice."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cti.calls.outputs import RecordingDue, RecordingVoid
from cti.journal import Journal
from recording import pipeline as pipeline_module
from recording.model import RecordingRecord
from recording.pipeline import RecordingPipeline
from tests.support.until import until

START = 1_772_414_096.0
AUDIO = bytes(range(256)) * 1000


def due(leg: str = "leg.1") -> RecordingDue:
    return RecordingDue("cause", leg, "call.1", "call.1/1", START)


class World:
    """A pipeline with its spool, and what it reported."""

    def __init__(self, directory: Path) -> None:
        self.spool, self.root = directory / "spool", directory / "root"
        (self.spool / "recording").mkdir(parents=True)
        self.reported: asyncio.Queue[RecordingRecord] = asyncio.Queue()
        self.gone: list[str] = []
        self.pipeline = RecordingPipeline(self.spool, self.root, self.reported.put_nowait, self.gone.append)

    def raw(self, leg: str = "leg.1") -> Path:
        return self.spool / "recording" / f"{leg}.raw"

    def files(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if path.is_file()]

    async def removed(self, path: Path) -> None:
        await until(lambda: not path.exists())


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(pipeline_module, "FIRST_DELAY_S", 0.02)
    made = World(tmp_path)
    yield made
    await made.pipeline.close()


async def test_a_finished_recording_is_archived_reported_and_only_then_removed(world: World) -> None:
    world.raw().write_bytes(AUDIO)

    world.pipeline.submit(due())
    record = await world.reported.get()

    final = world.root / record.path
    assert record.path == "2026/03/02/call.1/leg.1.wav"
    assert (record.recording, record.call, record.segment) == ("leg.1", "call.1", "call.1/1")
    assert record.sha256 == hashlib.sha256(final.read_bytes()).hexdigest()
    assert record.size_bytes == final.stat().st_size == len(AUDIO) + 44
    assert record.duration_s == len(AUDIO) / 32000
    assert world.raw().exists(), "the journal does not have it yet"

    world.pipeline.confirm("leg.1")
    await world.removed(world.raw())
    assert world.files() == [final]


async def test_told_twice_it_is_reported_once(world: World) -> None:
    world.raw().write_bytes(AUDIO)

    world.pipeline.submit(due())
    world.pipeline.submit(due())
    await world.reported.get()
    world.pipeline.submit(due())
    world.pipeline.confirm("leg.1")
    await world.removed(world.raw())
    with capture_logs() as logs:
        world.pipeline.submit(due())
        await until(lambda: bool(logs))

    assert logs[0]["event"] == "recording_known"
    assert world.reported.empty()


@pytest.mark.parametrize(("left", "duration_s"), [(b"", 0.0), (b"abc", 0.0), (b"abcdefg", 1 / 8000)])
async def test_what_a_killed_recorder_left_is_archived_with_a_warning(
    world: World, left: bytes, duration_s: float
) -> None:
    world.raw().write_bytes(left)

    with capture_logs() as logs:
        world.pipeline.submit(due())
        record = await world.reported.get()

    assert record.duration_s == duration_s
    with wave.open(str(world.root / record.path)) as recording:
        assert recording.getnframes() == duration_s * 8000
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == ["recording_damaged"]


async def test_a_missing_file_is_a_warning_and_nothing_is_archived(world: World) -> None:
    with capture_logs() as logs:
        world.pipeline.submit(due())
        await until(lambda: bool(logs))

        await until(lambda: bool(world.gone))

    assert [(log["event"], log["leg"]) for log in logs] == [("recording_missing", "leg.1")]
    assert world.gone == ["leg.1"]
    assert world.files() == []


async def test_while_the_spool_is_away_no_recording_is_given_up(world: World) -> None:
    (world.spool / "recording").rmdir()
    with capture_logs() as logs:

        def told_anew() -> bool:
            world.pipeline.submit(due())
            return len(logs) > 1

        await until(told_anew)

    assert world.gone == []


async def test_a_recording_that_cannot_be_stored_is_tried_again_until_it_is(world: World) -> None:
    world.raw().write_bytes(AUDIO)
    world.root.write_text("in the way")

    with capture_logs() as logs:
        world.pipeline.submit(due())
        await until(lambda: len([log for log in logs if log["event"] == "recording_failed"]) >= 2)
        world.root.unlink()
        record = await world.reported.get()

    assert (world.root / record.path).exists()


async def test_a_report_that_failed_is_made_again(world: World) -> None:
    world.raw().write_bytes(AUDIO)
    refusals = ["the journal is full"]
    reported: asyncio.Queue[RecordingRecord] = asyncio.Queue()

    def on_stored(record: RecordingRecord) -> None:
        if refusals:
            raise RuntimeError(refusals.pop())
        reported.put_nowait(record)

    pipeline = RecordingPipeline(world.spool, world.root, on_stored)
    with capture_logs() as logs:
        pipeline.submit(due())
        record = await reported.get()
    await pipeline.close()

    assert record.recording == "leg.1"
    assert "recording_failed" in [log["event"] for log in logs]


async def test_a_leg_without_a_conversation_leaves_nothing(world: World) -> None:
    for known, size in ((False, 31_996), (True, 64_000)):
        world.raw().write_bytes(bytes(size))

        world.pipeline.void(RecordingVoid("t", "leg.1", known))
        await world.removed(world.raw())

        assert world.files() == []


async def test_a_conversation_that_nobody_saw_is_kept_and_told_of(world: World) -> None:
    world.raw().write_bytes(bytes(32_000))

    with capture_logs() as logs:
        world.pipeline.void(RecordingVoid("t", "leg.1"))
        await until(lambda: bool(logs))
    await world.pipeline.close()

    assert world.raw().stat().st_size == 32_000
    assert logs == [
        {
            "event": "recording_without_conversation",
            "log_level": "error",
            "leg": "leg.1",
            "cause": "t",
            "duration_s": 1.0,
        }
    ]


async def test_removing_what_is_not_there_is_no_error(world: World) -> None:
    with capture_logs() as logs:
        world.pipeline.void(RecordingVoid("t", "nowhere"))
        world.pipeline.void(RecordingVoid("t", "nowhere", known=True))
        world.pipeline.confirm("nowhere")
        await world.pipeline.close()

    assert logs == []


@pytest.mark.parametrize("leg", ["../outside", "a/../../outside", "/outside"])
async def test_an_id_cannot_reach_out_of_the_spool(world: World, leg: str) -> None:
    outside = [world.spool / "outside.raw", world.spool.parent / "outside.raw"]
    for path in outside:
        path.write_bytes(AUDIO)

    with capture_logs() as logs:
        world.pipeline.submit(due(leg))
        world.pipeline.void(RecordingVoid("t", leg, known=True))
        await until(lambda: bool(logs))
    await world.pipeline.close()

    assert world.files() == []
    assert all(path.exists() for path in outside)


async def test_after_a_restart_the_spool_says_what_is_left(world: World) -> None:
    for leg in ("b.2", "a.1"):
        world.raw(leg).write_bytes(AUDIO)
    (world.spool / "recording" / "else.txt").write_text("")

    os.utime(world.raw("a.1"), (5.0, 7.0))

    assert list(world.pipeline.pending()) == ["a.1", "b.2"]
    assert world.pipeline.pending()["a.1"] == 7.0


async def test_without_a_spool_nothing_is_left(tmp_path: Path) -> None:
    pipeline = RecordingPipeline(tmp_path / "none", tmp_path / "root", lambda record: None)

    assert pipeline.pending() == {}
    await pipeline.close()


def reader_of(pipe: Path) -> int | None:
    """The pipe opened for writing, if somebody has it open for reading."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


async def test_two_at_a_time_are_archived_and_the_event_loop_goes_on_meanwhile(world: World) -> None:
    # A pipe keeps its reader waiting until somebody writes: a disk that takes its time.
    names = [f"leg.{n}" for n in range(5)]
    for name in names:
        os.mkfifo(world.raw(name))
    for name in names:
        world.pipeline.submit(due(name))
    waiting = set(names)
    reported = 0
    while waiting:
        # The loop runs: else none of this would. Opening both ends lets one recording end.
        begun = {name: end for name in waiting if (end := reader_of(world.raw(name))) is not None}
        assert len(begun) <= 2
        for name, end in begun.items():
            os.close(end)
            waiting.discard(name)
        for _ in begun:
            assert (await world.reported.get()).duration_s == 0
            reported += 1
        await asyncio.sleep(0.001)

    assert reported == 5


RUNS = """
import asyncio, os, signal, sys, threading
from pathlib import Path
from cti.calls.outputs import RecordingDue
from cti.journal import Draft, Journal
from cti.records_json import encode
from recording.pipeline import RecordingPipeline

DISK = {"open", "mkdir", "write", "flush", "fsync", "replace", "rename", "unlink", "stat", "fstat", "close"}

async def archive_what_is_in_the_spool(directory, killed_before_confirming):
    journal = Journal.open(directory / "journal.db")
    done = asyncio.Event()
    def on_stored(record):
        journal.append([Draft(1.0, "recording", record.recording, encode(record))])
        if killed_before_confirming:
            os.kill(os.getpid(), signal.SIGKILL)
        pipeline.confirm(record.recording)
        done.set()
    pipeline = RecordingPipeline(directory / "spool", directory / "root", on_stored)
    for leg in pipeline.pending():
        pipeline.submit(RecordingDue("cause", leg, "call.1", "call.1/1", 1772414096.0))
        await done.wait()
    while pipeline.pending():
        await asyncio.sleep(0.001)
    await pipeline.close()
    journal.close()

def run(directory, fatal):
    touches = 0
    def kill_at_the_nth_touch_of_the_disk(frame, event, function):
        nonlocal touches
        if event == "c_call" and function.__name__ in DISK and "recording" in frame.f_code.co_filename:
            touches += 1
            if touches == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
    if fatal > 0:
        threading.setprofile(kill_at_the_nth_touch_of_the_disk)
    asyncio.run(archive_what_is_in_the_spool(directory, fatal == -1))

for line in sys.stdin:
    directory, fatal = line.split()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        run(Path(directory), int(fatal))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Runs:
    """Starts processes that archive what is in a spool; each may be killed in the middle."""

    def __init__(self, parent: subprocess.Popen[str]) -> None:
        assert parent.stdin is not None
        assert parent.stdout is not None
        self._ask, self._answer = parent.stdin, parent.stdout

    def run(self, directory: Path, fatal: int) -> int:
        """The exit code of one, killed at its `fatal`-th touch of the disk (0: never; -1: once journaled)."""
        self._ask.write(f"{directory} {fatal}\n")
        self._ask.flush()
        return int(self._answer.readline())


@pytest.fixture
def runs() -> Iterator[Runs]:
    command = [sys.executable, "-c", RUNS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        yield Runs(parent)


def test_killed_at_any_step_and_run_again_there_is_one_right_file_and_one_record(
    tmp_path: Path, runs: Runs
) -> None:
    killed_at = []
    for fatal in (-1, *range(1, 100)):
        directory = tmp_path / str(fatal)
        (directory / "spool" / "recording").mkdir(parents=True)
        (directory / "spool" / "recording" / "leg.1.raw").write_bytes(AUDIO)

        code = runs.run(directory, fatal)
        assert code in (0, -signal.SIGKILL)
        if code == 0:
            break
        killed_at.append(fatal)
        for path in (directory / "root").rglob("*.wav"):
            assert path.read_bytes()[44:] == AUDIO, "a file under its own name is whole at any time"
        assert runs.run(directory, 0) == 0

        files = [path for path in (directory / "root").rglob("*") if path.is_file()]
        assert [path.name for path in files] == ["leg.1.wav"]
        assert files[0].read_bytes()[44:] == AUDIO
        assert list((directory / "spool" / "recording").iterdir()) == []
        with closing(Journal.open(directory / "journal.db")) as journal:
            entries = journal.read(0, 10)
        assert {entry.key for entry in entries} == {"leg.1"}
        digest = hashlib.sha256(files[0].read_bytes()).hexdigest()
        assert {entry.body["sha256"] for entry in entries} == {digest}
    assert len(killed_at) > 10, "the steps were met"
