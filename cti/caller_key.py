"""Who calls, for the router, without their number."""

from __future__ import annotations

import hmac
from functools import lru_cache

UNKNOWN = frozenset({"", "unknown", "anonymous"})


@lru_cache(maxsize=1024)
def caller_key(number: str, secret: bytes) -> str | None:
    """The same for each call of a number, and useless to anybody without the secret; None when withheld."""
    if number in UNKNOWN:
        return None
    return hmac.digest(secret, b"caller:" + number.encode(), "sha256").hex()[:24]
