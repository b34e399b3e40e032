"""Where recordings are kept, and how one gets there so that a crash at any moment leaves nothing half done.

A recording is `<root>/YYYY/MM/DD/<call>/<leg>.wav`, by the UTC date on which its segment began. It is written
under another name, synced, renamed, and its directory synced: under its own name it is always whole. Storing
it again writes the same bytes to the same place.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from acd.model import Instant

SAMPLE_RATE_HZ = 8000
CHANNELS = 2
SAMPLE_BYTES = 2
FRAME_BYTES = CHANNELS * SAMPLE_BYTES
_CHUNK_BYTES = 256 * 1024
_HEADER_BYTES = 44
_NAME_MAX = 150
_of_thread = threading.local()
_UNSAFE = re.compile(rb"[^A-Za-z0-9._-]|\A\.")


class StillWritten(Exception):
    """The recorder's file changed while it was read: it is not complete yet."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    size_bytes: int
    duration_s: float
    sha256: str
    """Of the whole file, header included; lower case hex."""
    cut_bytes: int
    """At the end of the recorder's file, less than a frame: what a killed recorder left of one."""


def safe_name(identifier: str) -> str:
    """A file name that stands for this identifier alone, whatever is in it.

    Letters, digits, `_`, `-` and `.` stay, except a leading `.`; every other byte becomes `%XX`. A very long
    one is cut and told apart by its digest.
    """
    name = _UNSAFE.sub(lambda byte: b"%%%02X" % ord(byte[0]), os.fsencode(identifier)).decode()
    if len(name) > _NAME_MAX:
        digest = hashlib.sha256(name.encode()).hexdigest()
        # `%` followed by no hex digit comes from nowhere else.
        return f"{name[: _NAME_MAX - 66]}%-{digest}"
    return name or "%"


def place_of(call: str, leg: str, started_at: Instant) -> PurePosixPath:
    """The recording's path below the root. `started_at` is when the segment began."""
    day = datetime.fromtimestamp(started_at, UTC)
    return PurePosixPath(f"{day:%Y/%m/%d}", safe_name(call), f"{safe_name(leg)}.wav")


def store(raw: Path, root: Path, place: PurePosixPath, durable: set[Path]) -> StoredFile:
    """Makes the WAV file at `place` below `root` of the recorder's file: 16-bit little-endian, 8 kHz, stereo.

    `durable`: the days' directories that are known to survive a power cut; those that come to are added.
    Raises `StillWritten`, or `OSError` when a disk does not work; then it can be called again.
    """
    final = root / place
    part = final.with_name(f".{final.name}.part")
    with _opened(raw) as source:
        _make_directories(root, final.parent, durable)
        before = os.fstat(source.fileno())
        frames = before.st_size // FRAME_BYTES
        with open(part, "wb", opener=_private) as target:
            sha256 = _write_wav(source, target, frames)
            target.flush()
            os.fsync(target.fileno())
        after = os.fstat(source.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        part.unlink()
        raise StillWritten(raw.name)
    part.replace(final)
    _sync_directory(final.parent)
    return StoredFile(
        size_bytes=_HEADER_BYTES + frames * FRAME_BYTES,
        duration_s=frames / SAMPLE_RATE_HZ,
        sha256=sha256,
        cut_bytes=before.st_size % FRAME_BYTES,
    )


def _write_wav(source: FileIO, target: BinaryIO, frames: int) -> str:
    left = frames * FRAME_BYTES
    header = _wav_header(left)
    digest = hashlib.sha256(header)
    target.write(header)
    chunk = _chunk()
    while left:
        count = source.readinto(chunk[: min(left, _CHUNK_BYTES)])
        if not count:
            raise StillWritten("it became shorter")
        digest.update(chunk[:count])
        target.write(chunk[:count])
        left -= count
    return digest.hexdigest()


def _chunk() -> memoryview:
    """A thread's own: to have memory from the system anew for each chunk costs as much as to copy it."""
    if not hasattr(_of_thread, "chunk"):
        _of_thread.chunk = memoryview(bytearray(_CHUNK_BYTES))
    chunk: memoryview = _of_thread.chunk
    return chunk


def _wav_header(data_bytes: int) -> bytes:
    """The 44 bytes of a PCM WAV file (Microsoft RIFF specification 1.0). Sizes stop at 4 GiB, after 37 h."""
    data_bytes = min(data_bytes, 0xFFFF_FFFF - 36)
    rate = SAMPLE_RATE_HZ * FRAME_BYTES
    form = struct.pack("<HHIIHH", 1, CHANNELS, SAMPLE_RATE_HZ, rate, FRAME_BYTES, 8 * SAMPLE_BYTES)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + data_bytes, b"WAVE")
        + struct.pack("<4sI", b"fmt ", len(form))
        + form
        + struct.pack("<4sI", b"data", data_bytes)
    )


@contextmanager
def _opened(raw: Path) -> Iterator[FileIO]:
    """The recorder's file; not one that a link leads to somewhere else."""
    with FileIO(os.open(raw, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as source:
        yield source


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o640)


def _make_directories(root: Path, directory: Path, durable: set[Path]) -> None:
    """Each is synced into the one above, or a power cut could take the whole branch.

    One that is there already is synced too, unless it is `durable`: a crash may have come between its making
    and its syncing.
    """
    try:
        _make_missing(root, directory, durable)
    except FileNotFoundError:  # somebody removed what was there
        durable.clear()
        _make_missing(root, directory, durable)


def _make_missing(root: Path, directory: Path, durable: set[Path]) -> None:
    day = directory.parent
    if day not in durable:
        root.mkdir(parents=True, exist_ok=True)
        above = root
        for name in day.relative_to(root).parts:
            above /= name
            if above not in durable:
                _make_directory(above)
                durable.add(above)
    _make_directory(directory)


def _make_directory(directory: Path) -> None:
    with suppress(FileExistsError):
        directory.mkdir(mode=0o750)
    _sync_directory(directory.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
