"""Recordings: what is known of one, and its audio, in parts if asked. Every listening is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import structlog
from aiohttp import web
from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.auth import WATCHERS
from api.errors import ApiError
from api.ports import from_archive
from api.ranges import NotSatisfiable, Span, wanted
from api.routing import Asked, Audited, Nothing, Output, Raw, Reply, route
from config.models import Role
from recording.model import RecordingRecord

log = structlog.get_logger(__name__)

_CHUNK_BYTES = 64 * 1024
PLAYED = "recording_played"
"""In the audit."""

EXAMPLE: JsonDict = {
    "recording": "hotline-1772414101.58",
    "call": "hotline-1772414096.55",
    "segment": "hotline-1772414096.55/1",
    "size_bytes": 3104044,
    "duration_s": 97.0,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sample_rate_hz": 8000,
    "channels": 2,
    "stored_at": "2026-03-02T01:16:52Z",
}


class RecordingOut(Output):
    """One segment's audio: WAV, left what the agent said, right what they heard."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    recording: str
    call: str
    segment: str
    size_bytes: int
    duration_s: float
    sha256: str
    """Of the file; also the ETag of its audio."""
    sample_rate_hz: int
    channels: int
    stored_at: datetime


async def get_recording(ask: Asked[Nothing, Nothing]) -> Reply:
    return Reply(RecordingOut.model_validate(await _find(ask)))


async def get_recording_audio(ask: Asked[Nothing, Nothing]) -> web.StreamResponse:
    record = await _find(ask)
    file = await asyncio.to_thread(_open, ask.context.recordings_root, record)
    try:
        return await _send(ask, record, file)
    finally:
        file.close()


async def _find(ask: Asked[Nothing, Nothing]) -> RecordingRecord:
    name = ask.named("recording")
    record = await from_archive(ask.context.archive.recording(name), ask.context.limits.archive_s)
    if record is None:
        raise ApiError("unknown_recording", f"The archive has no recording {name}.", "recording")
    return record


def _open(root: Path, record: RecordingRecord) -> BinaryIO:
    """The recording's file, which must lie inside the root, and be as long as when it was archived."""
    resolved_root = root.resolve()
    path = (resolved_root / record.path).resolve()
    if not path.is_relative_to(resolved_root):
        log.error("recording_outside_root", recording=record.recording)
        raise ApiError(
            "recording_damaged", "The archive's entry for this recording is not a path of the storage."
        )
    try:
        file = path.open("rb")
    except OSError as error:
        log.error("recording_file_missing", recording=record.recording, reason=type(error).__name__)
        raise ApiError("recording_file_missing", "The recording's file is not in the storage.") from None
    size = file.seek(0, 2)
    if size != record.size_bytes:
        file.close()
        log.error("recording_damaged", recording=record.recording, size=size, archived_size=record.size_bytes)
        raise ApiError("recording_damaged", f"The file has {size} bytes, {record.size_bytes} were archived.")
    return file


async def _send(ask: Asked[Nothing, Nothing], record: RecordingRecord, file: BinaryIO) -> web.StreamResponse:
    request, size = ask.request, record.size_bytes
    response = web.StreamResponse()
    response.etag = record.sha256
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private, no-cache"
    if any(tag.value in (record.sha256, "*") for tag in request.if_none_match or ()):
        response.set_status(304)
        await response.prepare(request)
        return response
    try:
        part = wanted(request.headers.get("Range"), size) if _same_as_before(request, record) else None
    except NotSatisfiable:
        raise ApiError(
            "range_not_satisfiable",
            f"The recording has {size} bytes, counted from 0.",
            headers={"Content-Range": f"bytes */{size}"},
        ) from None
    span = Span(0, size) if part is None else part
    if part is not None:
        response.set_status(206)
        response.headers["Content-Range"] = f"bytes {part.first}-{part.first + part.length - 1}/{size}"
    response.content_type = "audio/wav"
    response.content_length = span.length
    response.headers["Content-Disposition"] = f'attachment; filename="{record.recording}.wav"'
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    await ask.context.service.audit(
        ask.who.acts_as,
        PLAYED,
        ask.cause,
        whom=record.recording,
        call=record.call,
        detail={"first_byte": str(span.first), "bytes": str(span.length)},
    )
    await response.prepare(request)
    await _stream(response, file, span, ask.context.limits.audio_write_s, _cutter(request))
    return response


def _same_as_before(request: web.Request, record: RecordingRecord) -> bool:
    """Whether a range may be served: If-Range, when sent, must be this very content's ETag."""
    condition = request.headers.get("If-Range")
    return condition is None or condition.strip() == f'"{record.sha256}"'


def _cutter(request: web.Request) -> Callable[[], None]:
    def cut() -> None:
        if request.transport is not None:
            request.transport.abort()

    return cut


async def _stream(
    response: web.StreamResponse, file: BinaryIO, span: Span, write_s: float, cut: Callable[[], None]
) -> None:
    """Sends the span, as slowly as the listener takes it; one who takes nothing for `write_s` is cut off."""
    left = span.length
    try:
        await asyncio.to_thread(file.seek, span.first)
        while left:
            chunk = await asyncio.to_thread(file.read, min(_CHUNK_BYTES, left))
            if not chunk:
                raise OSError("the file ends too soon")
            async with asyncio.timeout(write_s):
                await response.write(chunk)
            left -= len(chunk)
        await response.write_eof()
    except (TimeoutError, ConnectionError) as error:
        log.info("recording_broken_off", left=left, reason=type(error).__name__)
        cut()
    except OSError as error:
        log.error("recording_unreadable", left=left, reason=str(error))
        cut()


ROUTES = (
    route(
        "GET",
        "/v1/recordings/{recording}",
        get_recording,
        summary="What is known of a recording",
        tag="recordings",
        roles=WATCHERS,
        answers={200: RecordingOut},
        errors=("unknown_recording", "archive_unreachable"),
    ),
    route(
        "GET",
        "/v1/recordings/{recording}/audio",
        get_recording_audio,
        summary="A recording's audio",
        tag="recordings",
        description="Serves one range of bytes. Each download goes to the audit before its first byte.",
        roles=frozenset({Role.SUPERVISOR}),
        audited=Audited(PLAYED, whom="recording", itself=True),
        answers={
            200: Raw("audio/wav", "The whole file."),
            206: Raw("audio/wav", "The range that was asked for."),
            304: Raw("audio/wav", "The file is the one whose ETag was sent; no body."),
        },
        errors=(
            "unknown_recording",
            "recording_file_missing",
            "recording_damaged",
            "range_not_satisfiable",
            "archive_unreachable",
        ),
    ),
)
