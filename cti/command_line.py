"""`hotline`: runs the service, checks a configuration, makes secrets, renders Asterisk's configuration."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from acd.model import CallbackMode
from config.check import run_check
from config.difference import difference
from config.load import ConfigInvalid, load_secrets, load_site
from config.pins import hash_pin, random_pin
from config.render import Layout, RenderError, render
from config.secrets import SecretsExist, make_secrets
from cti import logs
from cti.audit_check import verify_audit
from cti.bootstrap import CannotStart, Settings, run
from cti.simulate.target import Target

EXIT_CANNOT = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 0, 1 when something is wrong with what was asked, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except (ConfigInvalid, CannotStart, SecretsExist, RenderError) as error:
        print(f"hotline: {error}", file=sys.stderr)
        return EXIT_CANNOT
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hotline", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    running = commands.add_parser("run", help="run the service until it is interrupted")
    _site_arguments(running)
    _secrets_argument(running)
    _database_argument(running)
    running.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    running.add_argument("--log-pretty", action="store_true", help="columns for a terminal instead of JSON")
    running.set_defaults(run=_run)

    config = commands.add_parser("config", help="work with a configuration").add_subparsers(required=True)
    check = config.add_parser("check", help="say everything that is wrong with a configuration")
    _site_arguments(check)
    check.add_argument("--secrets", type=Path, help="check this secrets file too")
    check.set_defaults(run=lambda o: run_check(o.config, o.secrets, sys.stdout))

    compared = config.add_parser("diff", help="say what a new configuration changes, and when it holds")
    compared.add_argument("old", type=Path, help="directory of YAML files")
    compared.add_argument("new", type=Path, help="directory of YAML files")
    compared.set_defaults(run=_compare)

    simulation = commands.add_parser("simulate", help="try a configuration on a day in virtual time")
    _site_arguments(simulation)
    simulation.add_argument("scenario", type=Path, help="YAML file, such as config/simulation/day.yaml")
    simulation.add_argument("--seed", type=int, default=1, help="the same seed gives the same day")
    simulation.add_argument("--runs", type=int, default=1, help="days drawn anew, for means and intervals")
    simulation.add_argument("--target-answered", type=float, default=Target().answered, metavar="SHARE")
    simulation.add_argument("--target-timely", type=float, default=Target().timely, metavar="SHARE")
    simulation.add_argument(
        "--staffing", action="store_true", help="how many more agents each interval needs"
    )
    simulation.add_argument("--plot", type=Path, metavar="FILE", help="a picture: .png, .svg or .pdf")
    simulation.add_argument("--json", type=Path, metavar="FILE", help="all figures as JSON")
    simulation.set_defaults(run=_simulate)

    secrets = commands.add_parser("secrets", help="work with secrets").add_subparsers(required=True)
    make = secrets.add_parser("make", help="make random secrets and API tokens, never over existing ones")
    _site_arguments(make)
    _secrets_argument(make)
    make.set_defaults(run=_make_secrets)

    audit = commands.add_parser("audit", help="work with the audit").add_subparsers(required=True)
    verify = audit.add_parser("verify", help="recompute the audit's hash chain from the database")
    _database_argument(verify)
    verify.set_defaults(run=_verify_audit)

    campaign = commands.add_parser("campaign", help="lists of citizens to be called")
    campaigns = campaign.add_subparsers(required=True)
    imported = campaigns.add_parser("import", help="have the citizens of a CSV file called")
    imported.add_argument("file", type=Path, help="columns: number; owner, earliest_at, latest_at, ...")
    imported.add_argument("--queue", required=True, help="whose agents call, in whose hours")
    imported.add_argument(
        "--mode",
        choices=[mode.value for mode in CallbackMode],
        help="whose phone rings first; without it, as the queue has it",
    )
    for parsed, what in (
        (imported, "import"),
        (campaigns.add_parser("show", help="how far a list has come"), "show"),
        (campaigns.add_parser("cancel", help="call nobody of a list any more"), "cancel"),
    ):
        parsed.add_argument("--name", required=True, help="the list's name, such as flu-2026")
        parsed.add_argument("--api", default="http://127.0.0.1:8080", help="where the service answers")
        parsed.add_argument(
            "--token-file", type=Path, required=True, help="file that holds a supervisor's token alone"
        )
        parsed.set_defaults(run=_campaign, what=what)

    pin = secrets.add_parser("pin", help="make a new PIN for an agent, to be put into the secrets file")
    _site_arguments(pin)
    pin.add_argument("agent", help="the agent's number")
    pin.set_defaults(run=_make_pin)

    asterisk = commands.add_parser("asterisk", help="work with Asterisk").add_subparsers(required=True)
    rendering = asterisk.add_parser("render", help="write Asterisk's configuration into a directory")
    _site_arguments(rendering)
    _secrets_argument(rendering)
    rendering.add_argument(
        "--sounds",
        type=Path,
        required=True,
        help="directory of the prompts, as `hotline-lab prompts` makes it",
    )
    rendering.add_argument("directory", type=Path, help="such as /etc/asterisk; files there are replaced")
    rendering.set_defaults(run=_render)
    return parser


def _site_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(os.environ.get("HOTLINE_CONFIG", "config/hotline")),
        help="directory of YAML files (default: $HOTLINE_CONFIG or config/hotline)",
    )


def _secrets_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--secrets",
        type=Path,
        default=Path(os.environ.get("HOTLINE_SECRETS", "var/secrets.yaml")),
        help="file of secrets (default: $HOTLINE_SECRETS or var/secrets.yaml)",
    )


def _database_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        default=os.environ.get("DATABASE_URL"),
        help="postgresql://user:password@host/name (default: $DATABASE_URL)",
    )


def _database(options: argparse.Namespace) -> str:
    if not options.database:
        raise CannotStart("no database was given: set DATABASE_URL, or give --database postgresql://…")
    url: str = options.database
    return url


def _verify_audit(options: argparse.Namespace) -> int:
    return asyncio.run(verify_audit(_database(options), sys.stdout))


def _campaign(options: argparse.Namespace) -> int:
    # The service does without a client of its own API.
    from cti.campaign_file import BadList, ServiceSaysNo, read_list, steer

    try:
        rows = read_list(options.file) if options.what == "import" else []
        token = options.token_file.read_text(encoding="utf-8").strip()
        queue, mode = getattr(options, "queue", ""), getattr(options, "mode", None)
        asyncio.run(steer(options.what, options.name, queue, rows, options.api, token, sys.stdout, mode))
    except BadList as error:
        for problem in error.problems:
            print(f"{options.file}: {problem}", file=sys.stderr)
        return EXIT_CANNOT
    except (OSError, ServiceSaysNo) as error:
        print(f"hotline: {error}", file=sys.stderr)
        return EXIT_CANNOT
    return 0


def _run(options: argparse.Namespace) -> int:
    database = _database(options)
    logs.configure(options.log_level, pretty=options.log_pretty)
    site = load_site(options.config)
    secrets = load_secrets(options.secrets, site=site)
    settings = Settings(site, secrets, database, options.config, options.secrets)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_interrupted(settings))
    return 0


async def _until_interrupted(settings: Settings) -> None:
    service = asyncio.create_task(run(settings))
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, service.cancel)
    try:
        await service
    except asyncio.CancelledError:
        return


def _compare(options: argparse.Namespace) -> int:
    changes = difference(load_site(options.old), load_site(options.new))
    print("\n".join(map(str, changes)) or "nothing changes")
    return 0


def _simulate(options: argparse.Namespace) -> int:
    # Plots and tables are of no use to the service: it starts without them.
    from cti.simulate.command import run_simulation

    for name in ("target_answered", "target_timely"):
        if not 0 < getattr(options, name) <= 1:
            print(f"hotline: --{name.replace('_', '-')} is a share above 0 and up to 1", file=sys.stderr)
            return EXIT_USAGE
    if options.runs < 1:
        print("hotline: --runs is 1 or more", file=sys.stderr)
        return EXIT_USAGE
    try:
        return run_simulation(
            options.config,
            options.scenario,
            sys.stdout,
            seed=options.seed,
            runs=options.runs,
            target=Target(options.target_answered, options.target_timely),
            staffing=options.staffing,
            picture=options.plot,
            data=options.json,
        )
    except (OSError, ValueError) as error:
        print(f"hotline: {error}", file=sys.stderr)
        return EXIT_CANNOT


def _make_secrets(options: argparse.Namespace) -> int:
    made = make_secrets(load_site(options.config), options.secrets)
    print(f"{made.secrets}: for the service; {made.tokens}: the API tokens, for their bearers")
    return 0


def _make_pin(options: argparse.Namespace) -> int:
    site = load_site(options.config)
    if options.agent not in {agent.id for agent in site.agents}:
        print(f"hotline: there is no agent {options.agent} in {options.config}", file=sys.stderr)
        return EXIT_CANNOT
    pin = random_pin(site.login.pin_digits)
    print(f"PIN of agent {options.agent}: {pin}")
    print("in the secrets file, below `pins`, and then SIGHUP for the service:")
    print(f'  "{options.agent}": "{hash_pin(pin)}"')
    return 0


def _render(options: argparse.Namespace) -> int:
    site = load_site(options.config)
    layout = Layout(sounds=options.sounds.resolve())
    render(site, load_secrets(options.secrets, site=site), options.directory, layout)
    return 0
