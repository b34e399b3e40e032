"""Tones as a telephone carries them (A-law, 8 kHz), and whether a stretch of audio holds one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000


def _decoded(byte: int) -> int:
    """One A-law byte as a 16-bit sample (ITU-T G.711)."""
    value = byte ^ 0x55
    exponent, mantissa = (value & 0x70) >> 4, value & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return magnitude if value & 0x80 else -magnitude


_DECODED = np.array([_decoded(byte) for byte in range(256)], dtype=np.int16)
_ORDER = np.argsort(_DECODED)


def alaw(samples: NDArray[np.int16]) -> bytes:
    """The nearest A-law byte for each sample."""
    levels = _DECODED[_ORDER].astype(np.int32)
    above = np.clip(np.searchsorted(levels, samples), 1, 255)
    nearer = np.where(samples - levels[above - 1] < levels[above] - samples, above - 1, above)
    return _ORDER[nearer].astype(np.uint8).tobytes()


def from_alaw(data: bytes) -> NDArray[np.int16]:
    return np.asarray(_DECODED[np.frombuffer(data, dtype=np.uint8)])


def tone(hz: float, seconds: float, level: float = 0.3) -> NDArray[np.int16]:
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(np.sin(2 * np.pi * hz * times) * level * 32767, dtype=np.int16)


def share(samples: NDArray[np.int16], hz: float) -> float:
    """How much of the stretch's power is within 20 Hz of `hz`: near 1 for a pure tone, near 0 without it."""
    if samples.size == 0:
        return 0.0
    power = np.abs(np.fft.rfft(samples.astype(float) * np.hanning(samples.size))) ** 2
    frequencies = np.fft.rfftfreq(samples.size, 1 / RATE_HZ)
    whole = power[frequencies > 50].sum()
    return float(power[np.abs(frequencies - hz) <= 20].sum() / whole) if whole > 0 else 0.0
