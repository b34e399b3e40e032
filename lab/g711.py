"""G.711, the telephone's two codecs: A-law and mu-law (ITU-T G.711), whole arrays at a time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

PCMU: Final = 0
PCMA: Final = 8
"""RTP payload types (RFC 3551)."""


def _alaw_table() -> NDArray[np.int16]:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    size = (mantissa << 4) + 8
    size = np.where(exponent > 0, (size + 0x100) << np.maximum(exponent - 1, 0), size)
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _ulaw_table() -> NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF
    exponent, mantissa = code >> 4 & 7, code & 15
    size = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


_LINEAR: Final = {PCMA: _alaw_table(), PCMU: _ulaw_table()}


def _encoder(table: NDArray[np.int16]) -> NDArray[np.uint8]:
    order = np.argsort(table, kind="stable")
    levels = table[order].astype(np.int32)
    nearest = np.searchsorted((levels[1:] + levels[:-1]) / 2, np.arange(-32768, 32768))
    return order[nearest].astype(np.uint8)


_CODES: Final = {payload_type: _encoder(table) for payload_type, table in _LINEAR.items()}


def decode(codes: NDArray[np.uint8], payload_type: int) -> NDArray[np.int16]:
    """16-bit samples of the same shape. Raises KeyError for a payload type that is not G.711."""
    return _LINEAR[payload_type][codes]


def encode(samples: NDArray[np.int16], payload_type: int) -> NDArray[np.uint8]:
    """The code nearest to each sample. Raises KeyError for a payload type that is not G.711."""
    return _CODES[payload_type][samples.astype(np.int32) + 32768]
