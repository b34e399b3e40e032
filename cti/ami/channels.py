"""How Asterisk names things, in the project's words."""

from __future__ import annotations

import re

_PJSIP_CHANNEL = re.compile(r"PJSIP/(?P<endpoint>.+)-[0-9a-f]{8,}")
_NOT_DIALLED = frozenset({"s", "h", "i", "t"})
# `unknown` is what a leg of the trunk has until the dialplan took the number from the SIP header.
_UNKNOWN_NUMBER = frozenset({"<unknown>", "(null)", "unknown"})


def endpoint_of(channel: str) -> str | None:
    """The endpoint whose channel this is; None for one that is no phone's: Local, Message, a zombie."""
    match = _PJSIP_CHANNEL.fullmatch(channel)
    return match["endpoint"] if match else None


def number(value: str) -> str:
    """A caller number, '' when Asterisk does not know it."""
    return "" if value in _UNKNOWN_NUMBER else value


def dialled(extension: str) -> str:
    """What was dialled; '' for the dialplan's own extensions."""
    return "" if extension in _NOT_DIALLED else extension


NORMAL_CLEARING = 16


def hangup_cause(reported: int, by_peer: bool) -> int:
    """Q.850 cause of a leg's end.

    A caller's BYE outside a bridge leaves Asterisk with cause 0, which Q.850 does not have; a BYE means
    normal clearing (RFC 3398, 8.2.1). Other unknown causes stay 0.
    """
    return NORMAL_CLEARING if reported == 0 and by_peer else reported
