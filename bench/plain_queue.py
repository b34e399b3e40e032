"""Asterisk alone: the hotline's own dialplan, whose waiting callers go straight into `Queue()`.

The product's fallback queue keeps callers' places with waits of its own, for when the service died; a fair
opponent has none. Everything else is the same: greeting, phones, members, recorder, event log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.asterisk import AsteriskProcess
from lab.site import LabSite

_WAITING = re.compile(r"^\[hl-waiting\]$.*?(?=^\[)", re.MULTILINE | re.DOTALL)
_PLAIN = """[hl-waiting]
exten => s,1,Set(HL_PLACE=fallback)
 same => n,Gosub(hl-now,s,1)
 same => n,Set(HL_QUEUED_AT=${GOSUB_RETVAL})
 same => n,Set(HL_TOLD=Call=${HL_CALL}&Queue=${HL_QUEUE}&Priority=0&QueuedAt=${HL_QUEUED_AT})
 same => n,CELGenUserEvent(HotlineQueued,${HL_TOLD})
 same => n,Queue(hotline-fallback,c,,,,,hl-fallback-seat)
 same => n,Goto(hl-after,s,1)

"""


class NoWaitingLoop(Exception):
    """The dialplan has no waiting loop where it is looked for."""


def with_plain_queue(dialplan: str) -> str:
    """The dialplan with `Queue()` in place of the waiting loop. Raises NoWaitingLoop."""
    changed, count = _WAITING.subn(lambda _: _PLAIN, dialplan)
    if count != 1:
        raise NoWaitingLoop(f"[hl-waiting] is there {count} times")
    return changed


@contextmanager
def plain_asterisk(lab: LabSite, directory: Path) -> Iterator[AsteriskProcess]:
    """Runs it below `directory`. Blocks."""
    asterisk = AsteriskProcess(lab.site, lab.secrets, directory)
    with asterisk:
        extensions = directory / "etc" / "extensions.conf"
        extensions.write_text(with_plain_queue(extensions.read_text(encoding="utf-8")), encoding="utf-8")
        asterisk.console("dialplan reload")
        yield asterisk
