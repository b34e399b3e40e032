"""Who calls, for the router, without their number."""

from __future__ import annotations

import hashlib
import hmac

UNKNOWN = frozenset({"", "unknown", "anonymous"})


def caller_key(number: str, secret: bytes) -> str | None:
    """The same for each call of a number, and useless to anybody without the secret; None when withheld."""
    if number in UNKNOWN:
        return None
    return hmac.new(secret, b"caller:" + number.encode(), hashlib.sha256).hexdigest()[:24]
