from __future__ import annotations

import asyncio
import os
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from config.models import Role
from recording.model import RecordingRecord
from tests.support.api_world import ApiWorld, api_world, secret
from tests.support.fake_archive import stored_recording

CONTENT = bytes(range(256)) * 1000
SIZE = len(CONTENT)
PATH = "/v1/recordings/r-1/audio"


@pytest.fixture
def record(world: ApiWorld) -> RecordingRecord:
    made = stored_recording(world.recordings_root, "r-1", "c-1", CONTENT)
    world.archive.recordings["r-1"] = made
    return made


async def test_what_is_known_of_a_recording_keeps_its_place_on_disk_to_itself(
    world: ApiWorld, record: RecordingRecord
) -> None:
    answer = await world.ask("GET", "/v1/recordings/r-1", Role.OPERATIONS)
    assert (answer.json["sha256"], answer.json["size_bytes"]) == (record.sha256, SIZE)
    assert "path" not in answer.json


async def test_a_recording_is_downloaded_whole(world: ApiWorld, record: RecordingRecord) -> None:
    answer = await world.ask("GET", PATH)
    assert (answer.status, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["ETag"] == f'"{record.sha256}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="r-1.wav"'


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-70000", 100, 70000),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes=5-{SIZE * 2}", 5, SIZE - 1),
    ],
)
@pytest.mark.usefixtures("record")
async def test_a_part_is_downloaded_as_asked(world: ApiWorld, header: str, first: int, last: int) -> None:
    answer = await world.ask("GET", PATH, headers={"Range": header})
    assert (answer.status, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert int(answer.headers["Content-Length"]) == last - first + 1


@pytest.mark.parametrize("header", ["bytes=9-1", "bytes=1-2,4-5", "lines=1-2", "bytes=x", "junk"])
@pytest.mark.usefixtures("record")
async def test_a_range_that_makes_no_sense_gets_the_whole(world: ApiWorld, header: str) -> None:
    answer = await world.ask("GET", PATH, headers={"Range": header})
    assert (answer.status, len(answer.content)) == (200, SIZE)


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE * 3}-{SIZE * 4}", "bytes=-0"])
@pytest.mark.usefixtures("record")
async def test_a_range_after_the_end_is_told_the_length(world: ApiWorld, header: str) -> None:
    answer = await world.ask("GET", PATH, headers={"Range": header})
    assert (answer.status, answer.error) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


async def test_a_download_is_resumed_only_if_the_file_is_the_same(
    world: ApiWorld, record: RecordingRecord
) -> None:
    same = await world.ask("GET", PATH, headers={"Range": "bytes=10-", "If-Range": f'"{record.sha256}"'})
    assert same.status == 206
    other = await world.ask("GET", PATH, headers={"Range": "bytes=10-", "If-Range": '"another"'})
    assert (other.status, len(other.content)) == (200, SIZE)


async def test_who_has_the_file_already_is_told_so(world: ApiWorld, record: RecordingRecord) -> None:
    for tag in (f'"{record.sha256}"', f'W/"{record.sha256}"', "*"):
        answer = await world.ask("GET", PATH, headers={"If-None-Match": tag})
        assert (answer.status, answer.content) == (304, b"")
    assert (await world.ask("GET", PATH, headers={"If-None-Match": '"another"'})).status == 200


@pytest.mark.usefixtures("record")
async def test_head_tells_the_length_and_sends_nothing(world: ApiWorld) -> None:
    answer = await world.ask("HEAD", PATH)
    assert (answer.status, answer.content, int(answer.headers["Content-Length"])) == (200, b"", SIZE)


async def test_each_download_is_audited_with_its_bearer_and_no_number(
    world: ApiWorld, record: RecordingRecord
) -> None:
    await world.ask("GET", PATH, headers={"X-Request-Id": "listen-0001", "Range": "bytes=0-9"})
    await world.ask("HEAD", PATH)
    await world.ask("GET", PATH, headers={"If-None-Match": f'"{record.sha256}"'})
    await world.ask("GET", PATH, Role.OPERATIONS)
    played, refused = world.service.audited
    assert (played.who, played.action, played.whom, played.call, played.cause, played.outcome) == (
        "supervisor", "recording_played", "r-1", "c-1", "listen-0001", "done",
    )  # fmt: skip
    assert played.detail == {"first_byte": "0", "bytes": "10"}
    assert (refused.who, refused.action, refused.outcome) == (
        "operations", "recording_played", "forbidden_role",
    )  # fmt: skip


async def test_an_empty_recording_is_served_empty(world: ApiWorld) -> None:
    world.archive.recordings["r-0"] = stored_recording(world.recordings_root, "r-0", "c-1", b"")
    answer = await world.ask("GET", "/v1/recordings/r-0/audio")
    assert (answer.status, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "path", ["../outside.wav", "2026/../../outside.wav", "/etc/hostname", "link.wav", "link/outside.wav"]
)
async def test_no_entry_leads_out_of_the_storage(
    world: ApiWorld, record: RecordingRecord, tmp_path: Path, path: str
) -> None:
    (tmp_path / "outside.wav").write_bytes(CONTENT)
    (world.recordings_root / "link.wav").symlink_to(tmp_path / "outside.wav")
    (world.recordings_root / "link").symlink_to(tmp_path)
    world.archive.recordings["r-1"] = replace(record, path=path)
    answer = await world.ask("GET", PATH)
    assert (answer.status, answer.error) == (500, "recording_damaged")
    assert str(tmp_path) not in answer.content.decode()


@pytest.mark.parametrize("name", ["..%2f..%2foutside", "%2e%2e", "r-1%00", "a%2fb"])
async def test_no_address_leads_out_of_the_storage(world: ApiWorld, name: str) -> None:
    answer = await world.ask("GET", f"/v1/recordings/{name}/audio")
    assert answer.status == 404


async def test_a_file_that_is_gone_or_cut_is_not_passed_off_as_the_recording(
    world: ApiWorld, record: RecordingRecord
) -> None:
    file = world.recordings_root / record.path
    os.truncate(file, SIZE - 1)
    assert (await world.ask("GET", PATH)).error == "recording_damaged"
    file.unlink()
    missing = await world.ask("GET", PATH)
    assert (missing.status, missing.error) == (404, "recording_file_missing")
    file.mkdir()
    assert (await world.ask("GET", PATH)).error == "recording_file_missing"


async def test_a_listener_who_stops_reading_is_let_go_and_holds_nobody_up(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        large = b"\x55" * (32 * 1024 * 1024)
        world.archive.recordings["r-1"] = stored_recording(world.recordings_root, "r-1", "c-1", large)
        let_go = asyncio.Event()

        def watch(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
            if line["event"] == "recording_broken_off":
                let_go.set()
            return line

        with capture_logs(processors=[watch]):
            reader, writer = await asyncio.open_connection("127.0.0.1", world.client.port)
            authorization = f"Authorization: Bearer {secret(Role.SUPERVISOR)}"
            writer.write(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n{authorization}\r\n\r\n".encode())
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            assert (await world.ask("GET", "/v1/recordings/r-1")).status == 200
            async with asyncio.timeout(30):
                await let_go.wait()
            writer.close()
        assert (await world.ask("GET", PATH, headers={"Range": "bytes=0-9"})).content == large[:10]
