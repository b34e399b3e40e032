"""The sounds that callers and agents hear: prompts spoken from `asterisk-conf/prompts.yaml`, and music.

A studio recording in `asterisk-conf/sounds/<name>.wav` wins over the text; it is brought to 8 kHz mono.
`python -m lab.prompts DIRECTORY` writes them all into a directory; the lab keeps its own below `var/cache`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import wave
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.render import ASTERISK_CONF, prompt_texts
from lab import roots

RATE_HZ: Final = 8000
_SPEED: Final = ("-s", "200")
_MANDARIN, _ENGLISH = "cmn", "en"
_FORMAT: Final = ("-r", str(RATE_HZ), "-c", "1", "-b", "16", "-e", "signed-integer")


class PromptError(Exception):
    """A sound could not be made; the message names it."""


def sounds() -> Path:
    """The directory of all prompts and the music, made when a text, a recording or this program changed.

    Raises PromptError and RootError.
    """
    final = _directory()
    if final.is_dir():
        return final
    with roots.locked(final.with_suffix(".lock")):
        if not final.is_dir():
            partial = final.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            make_sounds(partial)
            partial.rename(final)
    return final


def sounds_are_missing() -> bool:
    """Whether `sounds` would make them now."""
    return not _directory().is_dir()


def _directory() -> Path:
    sources = [
        Path(__file__),
        ASTERISK_CONF / "prompts.yaml",
        *sorted((ASTERISK_CONF / "sounds").glob("*.wav")),
    ]
    digest = hashlib.sha256(b"\0".join(source.name.encode() + source.read_bytes() for source in sources))
    return roots.cache_directory() / f"sounds-{digest.hexdigest()[:8]}"


def make_sounds(directory: Path) -> None:
    """Writes `<prompt>.wav` and `music/hotline.wav` into `directory`. Raises PromptError and RootError."""
    (directory / "music").mkdir(parents=True, exist_ok=True)
    for name, text in prompt_texts().items():
        target = directory / f"{name}.wav"
        studio = ASTERISK_CONF / "sounds" / f"{name}.wav"
        if studio.exists():
            _convert(studio, target)
        else:
            spoken = directory / f".{name}.wav"
            voice = _ENGLISH if name.endswith("-en") else _MANDARIN
            _run(name, roots.tool("espeak-ng").argv("-v", voice, *_SPEED, "-w", spoken, text))
            _convert(spoken, target)
            spoken.unlink()
    _write_wav(directory / "music" / "hotline.wav", music())


def music() -> NDArray[np.float64]:
    """A quiet minute to wait by, one period of a loop: broken chords in C, soft and without percussion.

    Samples in -1..1 at RATE_HZ.
    """
    chords = ((48, 55, 60, 64), (45, 52, 57, 60), (41, 48, 53, 57), (43, 50, 55, 59))
    beat_s, beats_a_chord, rounds = 0.5, 8, 4
    samples = round(beat_s * beats_a_chord * len(chords) * rounds * RATE_HZ)
    track = np.zeros(samples)
    ring = np.arange(round(2.5 * RATE_HZ)) / RATE_HZ
    for number in range(beats_a_chord * len(chords) * rounds):
        chord = chords[number // beats_a_chord % len(chords)]
        note = chord[(0, 2, 1, 3, 2, 3, 1, 2)[number % beats_a_chord]] + 12
        pitch_hz = 440.0 * 2 ** ((note - 69) / 12)
        attack = np.minimum(ring / 0.01, 1.0)
        tone = sum(np.sin(2 * np.pi * pitch_hz * part * ring) / part**2 for part in (1, 2, 3))
        # The last notes ring on into the loop's beginning, so that the seam cannot be heard.
        places = (round(number * beat_s * RATE_HZ) + np.arange(ring.size)) % samples
        np.add.at(track, places, attack * np.exp(-2.0 * ring) * tone)
    return np.asarray(track / np.abs(track).max() * 0.35)


def _write_wav(path: Path, samples: NDArray[np.float64]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def _convert(source: Path, target: Path) -> None:
    _run(target.stem, roots.tool("sox").argv(source, *_FORMAT, target, "gain", "-n", "-3"))


def _run(name: str, argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PromptError(f"prompt {name} could not be made: {done.stderr.strip()[-300:]}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m lab.prompts DIRECTORY")
    try:
        make_sounds(Path(sys.argv[1]))
    except (PromptError, roots.RootError) as error:
        sys.exit(str(error))
