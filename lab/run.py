"""`make run`: the service, and whatever of Asterisk and PostgreSQL it is not given."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from ruamel.yaml import YAML

from config.load import load_secrets, load_site
from config.secrets import TOKENS_FILE, make_secrets
from lab.asterisk import AsteriskProcess
from lab.postgres import Postgres
from lab.service_process import ServiceProcess
from lab.site import EXAMPLE, REPOSITORY

VAR = REPOSITORY / "var"
EXTERNAL = "external"


class PartEnded(Exception):
    """The service or Asterisk ended by itself."""


def run_service() -> int:
    """Runs until it is interrupted. Returns 0 then; raises what kept a part from starting, or `PartEnded`."""
    asyncio.run(_run(Console()))
    return 0


async def _run(console: Console) -> None:
    config = Path(os.environ.get("HOTLINE_CONFIG", EXAMPLE))
    secrets_file = Path(os.environ.get("HOTLINE_SECRETS", VAR / "secrets.yaml"))
    site = load_site(config, base=REPOSITORY)
    if not secrets_file.exists():  # noqa: ASYNC240 - before anything else runs
        made = make_secrets(site, secrets_file)
        console.print(f"made {made.secrets} and {made.tokens}")
    secrets = load_secrets(secrets_file, site=site)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    async with AsyncExitStack() as stack:
        asterisk: AsteriskProcess | None = None
        if os.environ.get("HOTLINE_ASTERISK") != EXTERNAL:
            asterisk = AsteriskProcess(site, secrets, VAR / "asterisk")
            await asyncio.to_thread(asterisk.start)
            stack.push_async_callback(asyncio.to_thread, asterisk.stop)
            console.print(f"Asterisk: SIP on {site.asterisk.sip_bind}:{site.asterisk.sip_port}")
        database = os.environ.get("DATABASE_URL")
        if not database:
            postgres = await asyncio.to_thread(Postgres.start, VAR / "postgres")
            stack.push_async_callback(asyncio.to_thread, postgres.stop)
            database = postgres.url()
            console.print(f"PostgreSQL: {VAR / 'postgres'}")
        service = ServiceProcess(
            config=config,
            secrets=secrets_file,
            database_url=database,
            api_url=f"http://{site.api.host}:{site.api.port}",
            log=VAR / "service.log",
            base=REPOSITORY,
        )
        stack.push_async_callback(service.stop)
        await service.start()
        tokens = YAML(typ="safe").load(secrets_file.with_name(TOKENS_FILE).read_text())
        console.print(f"API: {service.api_url}/docs")
        console.print(f"wallboard: {service.api_url}/wallboard#token={tokens['wallboard']}", soft_wrap=True)
        console.print(f"log: {service.log}; Ctrl-C ends it")
        await _until(stop, service, asterisk)


async def _until(stop: asyncio.Event, service: ServiceProcess, asterisk: AsteriskProcess | None) -> None:
    """Returns when told to stop. Raises `PartEnded` when a part is gone."""
    assert service.process is not None
    stopping = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(service.process.wait())
    try:
        while not stopping.done():
            await asyncio.wait({stopping, ended}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            if ended.done() and not stopping.done():
                raise PartEnded(f"the service ended with status {ended.result()}:\n{service.tail()}")
            if asterisk is not None and not asterisk.running and not stopping.done():
                raise PartEnded(f"Asterisk ended by itself; its log is {asterisk.log}")
    finally:
        for task in (stopping, ended):
            task.cancel()
