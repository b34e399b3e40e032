"""`make run`: the service for real phones, with whatever of PostgreSQL and Asterisk it is not given.

Paths begin in the directory it is started in. The parts are child processes: they are stopped in order, last
started first, and the kernel ends them should this process be killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn, Protocol

import psutil
from ruamel.yaml import YAML

from config.load import load_secrets, load_site
from config.models import Site
from config.secrets import TOKENS_FILE, make_secrets
from lab.asterisk import AsteriskProcess
from lab.postgres import Postgres
from lab.processes import ChildProcess

EXTERNAL: Final = "external"
"""As HOTLINE_ASTERISK: Asterisk runs already."""
_VAR: Final = Path("var")
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SERVICE_STOP_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.2
_PATIENCE_S: Final = 10.0
"""So long after its start the service says why it does not route yet."""


class PartEnded(Exception):
    """A part ended by itself; the message says which."""


class _ServiceRefused(Exception):
    """The service ended before it listened, and has said why on standard error."""


class _Part(Protocol):
    @property
    def running(self) -> bool: ...


def run_service() -> int:
    """Runs until SIGINT, SIGTERM or SIGHUP, and returns 0 then; 1 when the service could not start and has
    said why. Everything that it started has ended.

    Raises what kept another part from starting, or `PartEnded`.
    """
    for sign in _ENDING:
        # `nohup` has SIGHUP ignored. A shell's background job has SIGINT so, and is to be stopped by it.
        if sign is not signal.SIGHUP or signal.getsignal(sign) is not signal.SIG_IGN:
            signal.signal(sign, _interrupt)
    with ExitStack() as parts:
        try:
            _run(parts)
        except KeyboardInterrupt:
            with suppress(OSError):  # a terminal that was closed takes no more lines
                _say("stopping")
            return 0
        except _ServiceRefused:
            return 1
        finally:
            _deafen()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _deafen()
    raise KeyboardInterrupt


def _deafen() -> None:
    """From here on it stops in order; being told so twice changes nothing."""
    for sign in _ENDING:
        signal.signal(sign, lambda _number, _frame: None)


def _run(parts: ExitStack) -> NoReturn:
    config = Path(os.environ.get("HOTLINE_CONFIG") or "config/hotline")
    secrets_file = Path(os.environ.get("HOTLINE_SECRETS") or _VAR / "secrets.yaml")
    site = load_site(config)
    if not secrets_file.exists():
        made = make_secrets(site, secrets_file)
        _say(f"secrets made: {made.secrets} for the service, {made.tokens} for the API's users")
    secrets = load_secrets(secrets_file, site=site)
    running: dict[str, _Part] = {}

    database = os.environ.get("DATABASE_URL")
    if not database:
        postgres = Postgres.start(_VAR / "postgres")
        parts.callback(postgres.stop)
        running["PostgreSQL"] = postgres
        database = postgres.url()
        _say(f"PostgreSQL runs in {_VAR / 'postgres'}")
    if os.environ.get("HOTLINE_ASTERISK") != EXTERNAL:
        asterisk = AsteriskProcess(site, secrets, _VAR / "asterisk")
        parts.callback(asterisk.stop)
        asterisk.start()
        running["Asterisk"] = asterisk
        at = site.asterisk
        _say(f"Asterisk takes SIP at {at.sip_bind} UDP port {at.sip_port}; its log: {asterisk.log}")
    service = _start_service(config, secrets_file, database)
    parts.callback(service.stop, _SERVICE_STOP_S)
    running["the service"] = service
    _until_listening(service, running)
    _show_addresses(site, secrets_file)
    _watch(site, service, running)


def _start_service(config: Path, secrets_file: Path, database: str) -> ChildProcess:
    command = [sys.executable, "-m", "cti.cli", "run"]
    command += ["--config", str(config), "--secrets", str(secrets_file)]
    if sys.stderr.isatty():
        command.append("--log-pretty")
    return ChildProcess(command, None, environment=os.environ | {"DATABASE_URL": database})


def _until_listening(service: ChildProcess, running: dict[str, _Part]) -> None:
    while not _listens(service.pid):
        if service.wait(_LOOK_EVERY_S):
            raise _ServiceRefused
        _check(running, service)


def _listens(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        connections = psutil.Process(pid).net_connections("tcp")
        return any(connection.status == psutil.CONN_LISTEN for connection in connections)
    return False


def _watch(site: Site, service: ChildProcess, running: dict[str, _Part]) -> NoReturn:
    """Says when calls are routed, or what is in the way. Raises `PartEnded` when a part is gone."""
    routed = told = False
    began = time.monotonic()
    while True:
        _check(running, service)
        if not routed:
            reasons = _why_not_ready(site)
            routed = reasons == []
            if routed:
                _say("calls are routed; Ctrl-C ends it")
            elif reasons and not told and time.monotonic() - began > _PATIENCE_S:
                told = True
                _say("not routing yet: " + " ".join(reasons))
        service.wait(_LOOK_EVERY_S)


def _check(running: dict[str, _Part], service: ChildProcess) -> None:
    for name, part in running.items():
        if not part.running:
            how = f" with {_status(service)}" if part is service else ""
            raise PartEnded(f"{name} ended by itself{how}; the others were stopped")


def _status(service: ChildProcess) -> str:
    status = service.exit_status
    return f"signal {-status}" if status is not None and status < 0 else f"status {status}"


def _why_not_ready(site: Site) -> list[str] | None:
    """Why calls are not routed, in sentences; None when the service did not say."""
    link = HTTPConnection(_reachable(site.api.host), site.api.port, timeout=1.0)
    try:
        link.request("GET", "/health/ready")
        answer = json.loads(link.getresponse().read())
        return [reason["sentence"] for reason in answer["reasons"]]
    except (OSError, HTTPException, ValueError, KeyError):
        return None
    finally:
        link.close()


def _reachable(host: str) -> str:
    """Where this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared with, not bound


def _show_addresses(site: Site, secrets_file: Path) -> None:
    """The link with its token goes to a terminal alone: what else is written may be kept, or mailed."""
    host = _reachable(site.api.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{site.api.port}"
    _say(f"API: {url}/docs")
    tokens_file = secrets_file.with_name(TOKENS_FILE)
    token = None
    if sys.stdout.isatty() and tokens_file.exists():
        token = YAML(typ="safe").load(tokens_file).get("wallboard")
    if token:
        _say(f"wallboard: {url}/wallboard#token={token}")
    else:
        _say(f"wallboard: {url}/wallboard#token=… with the token `wallboard` of {tokens_file}")


def _say(text: str) -> None:
    print(text, flush=True)
