"""Agents' PINs: kept as salted hashes (scrypt, RFC 7914), in a form that says how it was made.

A PIN is short, so that a hash alone does not keep it from whoever has the file and a day: the secrets file is
for the service alone, and wrong PINs are counted by the service (`cti.pins`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

COST: Final = 15
"""log2 of scrypt's N: with r = 8 and p = 1, 32 MiB and about a tenth of a second for one try."""
_BLOCK, _PARALLEL = 8, 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


def hash_pin(pin: str, *, cost: int = COST) -> str:
    """What to keep of a PIN, under a new salt."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"scrypt${cost}${_text(salt)}${_text(_scrypt(pin, salt, cost))}"


def is_pin(pin: str, kept: str) -> bool:
    """Whether `kept` was made of this PIN. Takes as long for a wrong one as for the right one."""
    _, cost, salt, digest = kept.split("$")
    return hmac.compare_digest(_scrypt(pin, _bytes(salt), int(cost)), _bytes(digest))


def random_pin(digits: int) -> str:
    return f"{secrets.randbelow(10**digits):0{digits}}"


class PinBook:
    """Every agent's PIN."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        self._kept = dict(kept)
        self._nobodys = hash_pin(random_pin(8))

    def is_right(self, agent: str, pin: str) -> bool:
        """Blocks for the time of one hash, for an agent without a PIN too."""
        kept = self._kept.get(agent)
        return is_pin(pin, kept or self._nobodys) and kept is not None

    def replace(self, kept: Mapping[str, str]) -> None:
        """From now on these are right and no others."""
        self._kept = dict(kept)


def _scrypt(pin: str, salt: bytes, cost: int) -> bytes:
    n = 1 << cost
    return hashlib.scrypt(
        pin.encode(), salt=salt, n=n, r=_BLOCK, p=_PARALLEL, maxmem=256 * _BLOCK * n, dklen=_HASH_BYTES
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
