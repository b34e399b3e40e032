"""A recording under its own name is whole, and whatever the ids hold, it is inside the root."""

from __future__ import annotations

import hashlib
import os
import shutil
import wave
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.storage import StillWritten, place_of, safe_name, store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
PLACE = PurePosixPath("2026/03/02/c/l.wav")
IDS = st.text() | st.text("./\\%-\0a", max_size=6)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "l.raw"


@given(IDS)
def test_a_safe_name_is_one_plain_visible_file_name(identifier: str) -> None:
    name = safe_name(identifier)

    assert 0 < len(name) <= 150
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-%")
    assert not name.startswith(".")


@given(IDS, IDS)
def test_two_ids_never_share_a_file_name(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


def test_very_long_ids_are_told_apart() -> None:
    names = {safe_name("a" * 200 + end) for end in ("", "1", "2")}

    assert len(names) == 3
    assert max(map(len, names)) <= 150


def test_asterisks_own_ids_keep_their_look() -> None:
    assert safe_name("hotline-1772414096.55") == "hotline-1772414096.55"


@given(IDS, IDS)
def test_no_id_leads_out_of_its_place(call: str, leg: str) -> None:
    place = place_of(call, leg, NOON)

    assert len(place.parts) == 5
    assert ".." not in place.parts
    assert place.parts[:3] == ("2026", "03", "02")
    assert Path(os.path.normpath(Path("/root") / place)) == Path("/root") / place


def test_the_directory_is_the_utc_day_on_which_the_segment_began() -> None:
    last = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC).timestamp()

    assert str(place_of("c", "l", last)) == "2026/03/02/c/l.wav"
    assert str(place_of("c", "l", last + 1)) == "2026/03/03/c/l.wav"


@given(st.binary(max_size=4000))
def test_every_whole_frame_of_the_recorders_file_is_in_the_recording(
    tmp_path_factory: pytest.TempPathFactory, audio: bytes
) -> None:
    directory = tmp_path_factory.mktemp("store")
    raw = directory / "l.raw"
    raw.write_bytes(audio)

    stored = store(raw, directory / "root", PLACE, set())

    final = directory / "root" / PLACE
    content = final.read_bytes()
    with wave.open(str(final)) as recording:
        assert (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) == (2, 2, 8000)
        assert recording.readframes(recording.getnframes()) == audio[: len(audio) // 4 * 4]
    assert stored.size_bytes == len(content)
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.duration_s == len(audio) // 4 / 8000
    assert stored.cut_bytes == len(audio) % 4


def test_a_file_longer_than_one_read_is_copied_whole(tmp_path: Path, raw: Path) -> None:
    audio = os.urandom(1_000_000)
    raw.write_bytes(audio)

    stored = store(raw, tmp_path / "root", PLACE, set())

    assert (tmp_path / "root" / PLACE).read_bytes()[44:] == audio
    assert stored.duration_s == 31.25


def test_a_file_that_grows_while_it_is_read_is_not_taken_for_complete(
    tmp_path: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw.write_bytes(bytes(4000))
    sync = os.fsync

    def recorder_writes_on(descriptor: int) -> None:
        sync(descriptor)
        with raw.open("ab") as file:
            file.write(bytes(400))

    monkeypatch.setattr(os, "fsync", recorder_writes_on)
    with pytest.raises(StillWritten):
        store(raw, tmp_path / "root", PLACE, set())
    monkeypatch.setattr(os, "fsync", sync)

    assert [path for path in (tmp_path / "root").rglob("*") if path.is_file()] == []
    assert store(raw, tmp_path / "root", PLACE, set()).duration_s > 0.125


def test_a_link_in_the_spool_is_not_followed(tmp_path: Path, raw: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not audio")
    raw.symlink_to(secret)

    with pytest.raises(OSError, match="symbolic links"):
        store(raw, tmp_path / "root", PLACE, set())


def test_a_recording_can_be_read_by_its_owner_and_group_alone(tmp_path: Path, raw: Path) -> None:
    raw.write_bytes(bytes(8))

    store(raw, tmp_path / "root", PLACE, set())

    assert (tmp_path / "root" / PLACE).stat().st_mode & 0o007 == 0


def test_a_days_directories_are_synced_once_and_again_when_they_were_removed(
    tmp_path: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw.write_bytes(bytes(8))
    root, durable, sync = tmp_path / "root", set[Path](), os.fsync
    synced: list[str] = []

    def noted(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            synced.append(str(path.relative_to(root)))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    everything = [".", "2026", "2026/03", "2026/03/02", "2026/03/02/c"]
    store(raw, root, PurePosixPath("2026/03/02/c/l.wav"), durable)
    assert synced == everything
    synced.clear()
    store(raw, root, PurePosixPath("2026/03/02/d/l.wav"), durable)
    assert synced == ["2026/03/02", "2026/03/02/d"]
    synced.clear()
    shutil.rmtree(root / "2026")
    store(raw, root, PurePosixPath("2026/03/02/c/l.wav"), durable)
    assert synced == everything
    shutil.rmtree(root / "2026")
    store(raw, root, PurePosixPath("2026/03/03/c/l.wav"), durable)
    assert (root / "2026/03/03/c/l.wav").exists(), "a new day finds its month removed"
