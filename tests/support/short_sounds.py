"""Prompts that last a fifth of a second, for tests of what happens after them."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from config.render import prompt_texts
from lab import prompts
from lab.prompts import RATE_HZ
from tests.support.tones import tone

PROMPT_HZ, SECONDS = 440, 0.2


@pytest.fixture
def short_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every prompt is a short tone; the music is as ever."""
    directory = tmp_path / "short-sounds"
    directory.mkdir()
    (directory / "music").symlink_to(prompts.sounds() / "music")
    samples = tone(PROMPT_HZ, SECONDS).tobytes()
    for name in prompt_texts():
        with wave.open(str(directory / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(samples)
    monkeypatch.setattr(prompts, "sounds", lambda: directory)
