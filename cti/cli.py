"""`hotline`, as it is started; what it does is in `cti.command_line`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0, 1 when something is wrong with what was asked, 2 for wrong usage."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["run"]:
        # Asked to reload before it can, a process would end. The kernel keeps the request until
        # `cti.bootstrap` has somebody to hear it. What is imported next takes most of the start.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    from cti.command_line import main as carry_out

    return carry_out(given)


if __name__ == "__main__":
    sys.exit(main())
