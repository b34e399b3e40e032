"""Prompts that last a fifth of a second, for tests of what happens after them.

One is long enough to press keys in. Place and wait are told by tones of their own.
"""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from config.render import prompt_texts
from lab import prompts
from lab.prompts import RATE_HZ
from lab.tones import SEAT_TONES
from tests.support.tones import tone

PROMPT_HZ, SECONDS = 440, 0.2
PLACE_HZ = {f"position-{place}": SEAT_TONES[-place] for place in (1, 2, 3)}
"""What a caller hears of the place in the queue: tones that a line listens for and no phone says."""
WAIT_HZ = {"wait-1": SEAT_TONES[-4]}
LONG, LONG_S = "wait-please", 3.0
TOLD_S = 0.6
"""How long each of these lasts: there are whole windows of it in what is heard."""


@pytest.fixture
def short_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every prompt is a short tone; the music is as ever."""
    directory = tmp_path / "short-sounds"
    directory.mkdir()
    (directory / "music").symlink_to(prompts.sounds() / "music")
    told = PLACE_HZ | WAIT_HZ
    for name in prompt_texts():
        seconds = LONG_S if name == LONG else TOLD_S if name in told else SECONDS
        samples = tone(told.get(name, PROMPT_HZ), seconds).tobytes()
        with wave.open(str(directory / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(samples)
    monkeypatch.setattr(prompts, "sounds", lambda: directory)
