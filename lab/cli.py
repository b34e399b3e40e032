"""`hotline-lab`: the hotline with everything it needs on one machine, for demo, tests and a first look."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from config.problems import ConfigInvalid
from config.render import RenderError
from config.secrets import SecretsExist
from lab import prompts, roots
from lab.asterisk import AsteriskError
from lab.baresip import PhoneError
from lab.center import ApiFailed
from lab.postgres import PostgresError
from lab.processes import ProcessError
from lab.prompts import PromptError
from lab.roots import RootError
from lab.run import EXTERNAL, PartEnded, run_service
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
EXIT_CANNOT = 1
EXIT_INTERRUPTED = 130
"""As a shell has it: 128 and the number of SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0; 1 with a message; 2 for wrong usage; 130 when interrupted in its work.

    `run` is there to be interrupted, and returns 0 then.
    """
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except EXPECTED as error:
        return _cannot(error)
    except ExceptionGroup as group:
        expected, other = group.split(EXPECTED)
        if other is not None or expected is None:
            raise
        return _cannot(expected.exceptions[0])
    except OSError as error:
        # A file that may not be read or written, a full disk; anything else is a fault of ours.
        if error.filename is None:
            raise
        return _cannot(error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return status


def _cannot(error: Exception) -> int:
    print(f"hotline-lab: {error}", file=sys.stderr)
    return EXIT_CANNOT


def _parser() -> argparse.ArgumentParser:
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
    demo.set_defaults(run=_demo)
    killing = commands.add_parser("faults-kill", help="kill the service at random moments under load")
    killing.add_argument("--calls", type=_calls, default=1000)
    killing.add_argument("--kills", type=_calls, default=100)
    killing.add_argument("--seed", type=int, help="of the moments; printed, so that a run can be repeated")
    killing.set_defaults(run=_faults_kill)
    making = commands.add_parser("prompts", help="put prompts and music for an Asterisk of yours there")
    making.add_argument("directory", type=Path)
    making.set_defaults(run=lambda o: _prompts(o.directory))
    return parser


def _calls(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10000")
    return number


def _setup() -> int:
    if os.environ.get("HOTLINE_ASTERISK") == EXTERNAL:
        return 0
    steps: tuple[tuple[bool, str, Callable[[], object]], ...] = (
        (roots.asterisk_is_missing(), "fetching Asterisk from Debian", roots.asterisk_program),
        (roots.tools_are_missing(), "fetching phones and speech from Debian", lambda: roots.tool("sipp")),
        (prompts.sounds_are_missing(), "speaking the prompts", prompts.sounds),
    )
    for missing, what, obtain in steps:
        if missing:
            print(f"setup: {what}", file=sys.stderr, flush=True)
            obtain()
    return 0


def _demo(options: argparse.Namespace) -> int:
    # The demo's own dependencies (audio, tables) are no business of `make run`.
    from lab.demo import run_demo

    return run_demo(options.calls, options.keep, options.picture)


def _faults_kill(options: argparse.Namespace) -> int:
    from lab.storm import run_storm

    return run_storm(options.calls, options.kills, options.seed)


def _prompts(directory: Path) -> int:
    prompts.make_sounds(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
