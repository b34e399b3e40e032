"""Tones that tell who speaks: every seat and every caller says one of its own.

A tone is a whole number of periods in 100 ms at 8 kHz, so in a window of that length it stands in exactly one
bin of the Fourier transform, whatever its phase. Speech, music and noise spread over many bins; a note that
misses a bin by 2 Hz already leaks a tenth of its energy. Finding nearly all energy in the bins of known tones
therefore proves those tones.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 8000
WINDOW_S: Final = 0.1
WINDOW: Final = 800
"""Samples in a window."""
SEAT_TONES: Final = tuple(range(510, 1710, 30))
CALLER_TONES: Final = tuple(range(1740, 3340, 20))
"""All within a telephone's 300 to 3400 Hz."""
TONES: Final = np.array(SEAT_TONES + CALLER_TONES)

_BIN_HZ: Final = RATE_HZ // WINDOW
_LEAST_PURITY: Final = 0.9
_LEAST_SHARE: Final = 0.2
_LEAST_RMS: Final = 60.0
_LONGEST_GAP_S: Final = 0.3
_LEAST_SPAN_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class ToneSpan:
    """A stretch during which a tone was there. Seconds from the recording's beginning."""

    hz: int
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def seat_tone_hz(place: int) -> int:
    """The tone of the seat at `place`, counted from 0. Raises ValueError when there are not so many."""
    if not 0 <= place < len(SEAT_TONES):
        raise ValueError(f"{place}: there are tones for {len(SEAT_TONES)} seats, counted from 0")
    return SEAT_TONES[place]


def caller_tone_hz(place: int) -> int:
    """The tone of the caller at `place`, counted from 0; they repeat after `len(CALLER_TONES)` callers."""
    return CALLER_TONES[place % len(CALLER_TONES)]


def tone(hz: int, duration_s: float, *, amplitude: int = 8000) -> NDArray[np.int16]:
    """A sine at RATE_HZ."""
    times = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return np.round(amplitude * np.sin(2 * np.pi * hz * times)).astype(np.int16)


def tones_in(windows: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Which of TONES is there in each window. Takes (n, WINDOW) samples, returns (n, len(TONES)).

    A window counts when known tones hold nine tenths of its energy, and each tone when it has a fifth: up to
    four parties that speak at once are told apart.
    """
    energy = np.abs(np.fft.rfft(windows.astype(np.float32), axis=1)) ** 2
    energy[:, 0] = 0.0
    total = energy.sum(axis=1)
    # Parseval: a sine of effective value r has WINDOW**2 * r**2 / 2 in its bin.
    loud = total > WINDOW**2 * _LEAST_RMS**2 / 2
    share = energy[:, TONES // _BIN_HZ] / np.where(loud, total, np.inf)[:, None]
    there = share >= _LEAST_SHARE
    pure = np.where(there, share, 0.0).sum(axis=1) >= _LEAST_PURITY
    return np.asarray(there & pure[:, None])


def dominant_tones(path: Path, channel: int = 0) -> list[ToneSpan]:
    """The known tones in one channel (0: left) of a WAV file, in the order in which they begin.

    A gap of up to 0.3 s does not end a span, and one shorter than 0.3 s is none. Raises ValueError for a file
    that is not 16-bit at 8 kHz or has no such channel.
    """
    samples = _read(path, channel)
    windows = samples[: samples.size // WINDOW * WINDOW].reshape(-1, WINDOW)
    there = tones_in(windows)
    spans = [
        span
        for column in np.flatnonzero(there.any(axis=0))
        for span in _spans(int(TONES[column]), np.flatnonzero(there[:, column]))
        if span.duration_s >= _LEAST_SPAN_S - WINDOW_S / 2
    ]
    return sorted(spans, key=lambda span: (span.start_s, span.hz))


def _spans(hz: int, windows: NDArray[np.intp]) -> list[ToneSpan]:
    breaks = np.flatnonzero(np.diff(windows) > _LONGEST_GAP_S / WINDOW_S + 1) + 1
    return [
        ToneSpan(hz, round(float(run[0]) * WINDOW_S, 1), round(float(run[-1] + 1) * WINDOW_S, 1))
        for run in np.split(windows, breaks)
    ]


def _read(path: Path, channel: int) -> NDArray[np.int16]:
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getsampwidth()) != (RATE_HZ, 2):
            raise ValueError(
                f"{path}: {file.getframerate()} Hz, {8 * file.getsampwidth()} bit; needs {RATE_HZ} Hz, 16 bit"
            )
        if not 0 <= channel < file.getnchannels():
            raise ValueError(f"{path}: no channel {channel}, it has {file.getnchannels()}")
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return frames.reshape(-1, file.getnchannels())[:, channel]


def write_wav(path: Path, *channels: NDArray[np.int16]) -> None:
    """Writes channels of the same length as a 16-bit WAV at RATE_HZ."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.column_stack(channels).astype("<i2").tobytes())
