"""From the recorder's finished files to the archive, beside everything else that the service does.

The work is done in two threads. A recording is reported through `on_stored` once its file is safe; the
recorder's file is removed only when `confirm` says that the report is in the journal. After a crash in
between it is archived again, to the same place with the same bytes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, TypeVarTuple
from urllib.parse import unquote

import structlog

from cti.calls.facts import LegId
from cti.calls.outputs import RecordingDue, RecordingVoid
from recording.model import RecordingRecord
from recording.storage import CHANNELS, FRAME_BYTES, SAMPLE_RATE_HZ, StillWritten, place_of, safe_name, store

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

log = structlog.get_logger(__name__)

PARALLEL = 2
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 60.0
UNKNOWN_S = 1.0
"""So much sound is a conversation, whether its parties were seen or not: Asterisk's log may have a gap."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RecordingPipeline:
    """Archives recordings. To be made and used on a running event loop."""

    def __init__(
        self,
        spool: Path,
        storage_root: Path,
        on_stored: Callable[[RecordingRecord], None],
        on_gone: Callable[[LegId], None] = lambda _: None,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """`spool` is the directory shared with Asterisk.

        `on_stored` and `on_gone` are called on the event loop; `on_gone` for what was submitted and is not
        there.
        """
        self._raw = spool / "recording"
        self._root = storage_root
        self._on_stored = on_stored
        self._on_gone = on_gone
        self._now = now
        self._threads = ThreadPoolExecutor(max_workers=PARALLEL, thread_name_prefix="recording")
        self._durable: set[Path] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[LegId] = set()
        """Being archived, or reported and not confirmed."""

    def submit(self, due: RecordingDue) -> None:
        """The recorder's file of a leg is complete. Told again of one that is under way, it does nothing."""
        if due.leg in self._busy:
            return
        self._busy.add(due.leg)
        self._begin(self._archive(due), f"archive {due.leg}")

    def confirm(self, recording: LegId) -> None:
        """The journal has the recording: the recorder's file is removed."""
        self._begin(self._remove(recording), f"remove {recording}")

    def void(self, void: RecordingVoid) -> None:
        """Removes the recorder's file. One that should be empty and has `UNKNOWN_S` is kept and told of."""
        self._begin(self._void(void), f"void {void.leg}")

    def pending(self) -> dict[LegId, float]:
        """Recordings whose recorder's files are in the spool, finished or not, by name.

        Each with when it was last written, in seconds since the epoch by the machine's clock. Blocks while it
        lists them.
        """
        written: dict[LegId, float] = {}
        for path in sorted(self._raw.glob("*.raw")):
            with suppress(FileNotFoundError):
                written[unquote(path.stem, errors="surrogateescape")] = path.lstat().st_mtime
        return written

    async def close(self) -> None:
        """Ends. What was not reported yet is found by `pending` at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A file that a thread is in the middle of is finished first.
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _archive(self, due: RecordingDue) -> None:
        context = {"leg": due.leg, "call": due.call, "cause": due.cause}
        delay_s = FIRST_DELAY_S
        while True:
            try:
                record = await self._in_thread(self._store, due)
                if record is not None:
                    self._on_stored(record)
                    log.info("recording_stored", duration_s=record.duration_s, **context)
                else:
                    if await self._in_thread(self._raw.is_dir):  # else the spool is away, and not the file
                        self._on_gone(due.leg)
                    self._busy.discard(due.leg)
            except StillWritten:
                log.warning("recording_still_written", **context)
            except OSError as error:
                log.error("recording_failed", error=error.strerror, **context)
            except Exception:
                # Whatever it was, the recorder's file is still there, and another attempt may succeed.
                log.exception("recording_failed", **context)
            else:
                return
            await asyncio.sleep(delay_s * (0.5 + random.random() / 2))  # noqa: S311 - no secret
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)

    async def _void(self, void: RecordingVoid) -> None:
        if not void.known:
            try:
                duration_s = await self._in_thread(self._duration_s, void.leg)
            except FileNotFoundError:
                return
            except OSError as error:
                log.error("raw_file_not_removed", leg=void.leg, error=error.strerror)
                return
            if duration_s >= UNKNOWN_S:
                log.error(
                    "recording_without_conversation",
                    leg=void.leg, cause=void.cause, duration_s=round(duration_s, 1),
                )  # fmt: skip
                return
        await self._remove(void.leg)

    async def _remove(self, leg: LegId) -> None:
        try:
            await self._in_thread(self._raw_of(leg).unlink, True)
        except OSError as error:
            # It stays in the spool; after the next start it is archived to the same place, and removed.
            log.error("raw_file_not_removed", leg=leg, error=error.strerror)
        finally:
            self._busy.discard(leg)

    async def _in_thread(self, work: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _duration_s(self, leg: LegId) -> float:
        """Of the recorder's file. Raises OSError."""
        return self._raw_of(leg).lstat().st_size / FRAME_BYTES / SAMPLE_RATE_HZ

    def _raw_of(self, leg: LegId) -> Path:
        return self._raw / f"{safe_name(leg)}.raw"

    def _store(self, due: RecordingDue) -> RecordingRecord | None:
        """In a thread. None when there is nothing to store."""
        raw, place = self._raw_of(due.leg), place_of(due.call, due.leg, due.started_at)
        try:
            stored = store(raw, self._root, place, self._durable)
        except FileNotFoundError:
            if raw.exists():
                raise
            if (self._root / place).exists():
                log.info("recording_known", leg=due.leg, call=due.call, cause=due.cause)
            else:
                log.warning("recording_missing", leg=due.leg, call=due.call, cause=due.cause)
            return None
        if stored.duration_s == 0 or stored.cut_bytes:
            log.warning(
                "recording_damaged",
                leg=due.leg, call=due.call, duration_s=stored.duration_s, cut_bytes=stored.cut_bytes,
            )  # fmt: skip
        return RecordingRecord(
            recording=due.leg,
            call=due.call,
            segment=due.segment,
            path=str(place),
            size_bytes=stored.size_bytes,
            duration_s=stored.duration_s,
            sha256=stored.sha256,
            sample_rate_hz=SAMPLE_RATE_HZ,
            channels=CHANNELS,
            stored_at=self._now(),
        )
