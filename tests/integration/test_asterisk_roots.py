"""Programs for a machine that has none, and clear words when they cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from lab import prompts, roots
from tests.support.tones import share

REPOSITORY = Path(__file__).resolve().parents[2]


def test_asterisk_runs_from_where_it_was_unpacked() -> None:
    shown = subprocess.run(roots.asterisk_program().argv("-V"), capture_output=True, text=True, check=True)
    major, minor = shown.stdout.removeprefix("Asterisk ").split(".")[:2]
    assert (int(major), int(minor)) >= (22, 10)


@pytest.mark.parametrize("name", ["sipp", "baresip", "espeak-ng", "sox"])
def test_a_tool_runs_from_where_it_was_unpacked(name: str) -> None:
    argument = {"sipp": "-v", "baresip": "-h"}.get(name, "--version")
    shown = subprocess.run(roots.tool(name).argv(argument), capture_output=True, text=True, check=False)
    assert name.split("-")[0] in (shown.stdout + shown.stderr).lower()


def test_what_is_there_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    roots.tool("sox")
    monkeypatch.setenv("PATH", "")
    assert roots.tool("sox").path.exists()


def test_two_at_once_fetch_one_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTLINE_CACHE", str(tmp_path))
    unpacked: list[Path] = []

    def unpack(_recipe: object, _mirror: str, work: Path, _log: int) -> None:
        unpacked.append(work)
        (work / "root/usr/bin").mkdir(parents=True)
        (work / "root/usr/lib/x-linux-gnu").mkdir(parents=True)
        (work / "root/usr/lib/x-linux-gnu/ld-linux.so.2").touch()
        (work / "root/usr/bin/sox").touch()

    monkeypatch.setattr(roots, "_unpack", unpack)
    threads = [threading.Thread(target=roots.tool, args=("sox",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(unpacked) == 1


def test_a_mirror_that_is_not_there_is_an_error_with_the_end_of_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOTLINE_DEBIAN_MIRROR", f"file:{tmp_path}/no-mirror")
    with pytest.raises(roots.RootError, match=r"cannot fetch tools .*Is there a network(?s:.*)no-mirror"):
        roots.tool("sox")
    left = [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    assert all(name.endswith(".partial") for name in left), "nothing that a later run would take for a root"


def test_a_machine_without_apt_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTLINE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(roots.RootError, match="apt-get is missing; this needs a Debian machine"):
        roots.tool("sox")


@pytest.mark.parametrize(("says", "message"), [("", "is not an Asterisk"), ("Asterisk 20.5.0", "but 20.5")])
def test_a_named_asterisk_that_will_not_do_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, message: str
) -> None:
    program = tmp_path / "asterisk"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("HOTLINE_ASTERISK", str(program))
    with pytest.raises(roots.RootError, match=message):
        roots.asterisk_program()


def test_a_named_asterisk_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "asterisk"
    program.write_text("#!/bin/sh\necho 'Asterisk 23.1.0'\n")
    program.chmod(0o755)
    monkeypatch.setenv("HOTLINE_ASTERISK", str(program))
    assert roots.asterisk_program().argv("-f") == [str(program), "-f"]
    assert not roots.asterisk_program().fetched


def test_a_studio_recording_wins_over_the_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    conf = tmp_path / "asterisk-conf"
    (conf / "sounds").mkdir(parents=True)
    (conf / "prompts.yaml").write_text("thanks: 再见。\n")
    studio = roots.tool("sox").argv(
        "-n", "-r", "44100", "-c", "2", conf / "sounds" / "thanks.wav", "synth", "3", "sine", "500"
    )
    subprocess.run(studio, check=True)
    monkeypatch.setattr(prompts, "ASTERISK_CONF", conf)
    monkeypatch.setattr("config.render.ASTERISK_CONF", conf)
    prompts.make_sounds(tmp_path / "sounds")
    with wave.open(str(tmp_path / "sounds" / "thanks.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8000, 1, 3 * 8000)
        samples = np.frombuffer(file.readframes(8000), dtype=np.int16)
    assert share(samples, 500) > 0.99


def test_prompts_and_music_are_made_as_a_telephone_plays_them(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "lab.prompts", str(tmp_path / "sounds")],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    texts = (REPOSITORY / "asterisk-conf" / "prompts.yaml").read_text()
    made = sorted((tmp_path / "sounds").glob("**/*.wav"))
    assert len(made) == sum(1 for line in texts.splitlines() if line[:1].isalpha()) + 1
    for file in made:
        sox = roots.tool("sox").argv("--info", file)
        shown = subprocess.run(sox, capture_output=True, text=True, check=True).stdout
        assert "Sample Rate    : 8000" in shown
        assert "Channels       : 1" in shown
        assert "Precision      : 16-bit" in shown
        assert file.stat().st_size > 4000, "a quarter of a second at least: a digit is short"
