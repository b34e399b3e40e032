"""`hotline-lab`: the hotline with everything it needs on one machine, for demo, tests and a first look."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from config.problems import ConfigInvalid
from config.render import RenderError
from config.secrets import SecretsExist
from lab import prompts, roots
from lab.asterisk import AsteriskError
from lab.baresip import PhoneError
from lab.center import ApiFailed
from lab.demo import run_demo
from lab.postgres import PostgresError
from lab.processes import ProcessError
from lab.prompts import PromptError
from lab.roots import RootError
from lab.run import PartEnded, run_service
from lab.service_process import ServiceFailed

EXPECTED = (
    ApiFailed,
    AsteriskError,
    ConfigInvalid,
    PartEnded,
    PhoneError,
    PostgresError,
    ProcessError,
    PromptError,
    RenderError,
    RootError,
    SecretsExist,
    ServiceFailed,
)
"""What can go wrong for reasons outside the code: one message, no traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 with a message."""
    parser = argparse.ArgumentParser(prog="hotline-lab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    setup = commands.add_parser("setup", help="fetch Asterisk and phones, make prompts: whatever is missing")
    setup.set_defaults(run=lambda _: _setup())
    running = commands.add_parser(
        "run", help="run the service, with Asterisk and PostgreSQL if none is given"
    )
    running.set_defaults(run=lambda _: run_service())
    demo = commands.add_parser("demo", help="run the whole hotline with phones and callers")
    demo.add_argument("--calls", type=_calls, default=120)
    demo.add_argument("--keep", action="store_true", help="leave it running at the end")
    demo.add_argument("--picture", type=Path, help="take the wallboard's picture at the peak")
    demo.set_defaults(run=lambda o: run_demo(o.calls, o.keep, o.picture))
    making = commands.add_parser("prompts", help="put prompts and music for an Asterisk of yours there")
    making.add_argument("directory", type=Path)
    making.set_defaults(run=lambda o: _prompts(o.directory))
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except EXPECTED as error:
        print(f"hotline-lab: {error}", file=sys.stderr)
        return 1
    except ExceptionGroup as group:
        expected, other = group.split(EXPECTED)
        if other is not None or expected is None:
            raise
        print(f"hotline-lab: {expected.exceptions[0]}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _calls(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10000")
    return number


def _setup() -> int:
    roots.asterisk_program()
    roots.tool("sipp")
    prompts.sounds()
    return 0


def _prompts(directory: Path) -> int:
    prompts.make_sounds(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
