"""A whole call center on this machine: PostgreSQL, Asterisk and the service, below one directory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from lab.asterisk import AsteriskProcess
from lab.clock import LabClock
from lab.postgres import Postgres
from lab.service_process import ServiceProcess
from lab.site import LabSite, make_lab_site


class ApiFailed(Exception):
    """The API answered a lab's request with an error."""


@dataclass(frozen=True, slots=True)
class Api:
    """The service's API with one token."""

    client: aiohttp.ClientSession
    base: str
    token: str

    async def get(self, path: str, **query: str) -> Any:
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, **body: object) -> Any:
        return await self._ask("POST", path, json=body)

    async def patch(self, path: str, **body: object) -> Any:
        return await self._ask("PATCH", path, json=body)

    async def bytes(self, path: str) -> bytes:
        async with self.client.get(self.base + path, headers=self._headers) as answer:
            if answer.status >= 400:
                raise ApiFailed(f"GET {path}: {answer.status} {await answer.text()}")
            return await answer.read()

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        async with self.client.request(
            method, self.base + path, headers=self._headers, **arguments
        ) as answer:
            if answer.status >= 400:
                raise ApiFailed(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json()


class CallCenter:
    """Use it with `async with`: everything that it starts has ended on leaving."""

    def __init__(
        self,
        directory: Path,
        lab: LabSite | None = None,
        *,
        service_config: Path | None = None,
        clock: LabClock | None = None,
    ) -> None:
        """`service_config` is for a service that is told something else than Asterisk; `clock` is the time of
        day of PostgreSQL, Asterisk and the service, if not this machine's.
        """
        self._clock = clock
        self.directory = directory
        self.lab = lab or make_lab_site(directory)
        self._service_config = service_config or self.lab.config
        self.asterisk = AsteriskProcess(self.lab.site, self.lab.secrets, directory / "asterisk", clock)
        self.postgres: Postgres | None = None
        self.service: ServiceProcess
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        try:
            postgres = self.directory / "postgres"
            self.postgres = await asyncio.to_thread(Postgres.start, postgres, clock=self._clock)
            await asyncio.to_thread(self.asterisk.start)
            self.service = ServiceProcess(
                config=self._service_config,
                secrets=self.lab.secrets_file,
                database_url=self.database_url,
                api_url=self.lab.api_url,
                log=self.directory / "service.log",
                through=() if self._clock is None else tuple(self._clock.through()),
            )
            await self.service.start()
            self._client = aiohttp.ClientSession()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.close()
        if hasattr(self, "service"):
            await self.service.stop()
        await asyncio.to_thread(self.asterisk.stop)
        if self.postgres is not None:
            await asyncio.to_thread(self.postgres.stop)

    @property
    def database_url(self) -> str:
        assert self.postgres is not None
        return self.postgres.url()

    def truly(self, noted: float) -> float:
        """The time by this machine's clock for one that a program of this center noted."""
        return noted if self._clock is None else self._clock.truly(noted)

    def api(self, token: str = "supervisor") -> Api:  # noqa: S107 - the name of a token
        """The API as the bearer of a named token: `operations`, `supervisor`, `wallboard`, `agent-<id>`."""
        assert self._client is not None
        return Api(self._client, self.lab.api_url, self.lab.tokens[token])

    async def seat_agents(self, count: int, *, ready: bool = True) -> dict[str, str]:
        """Logs the first `count` agents in, one at each seat, by API. Returns the agents by seat."""
        agents = [agent.id for agent in self.lab.site.agents][:count]
        seats = [seat.id for seat in self.lab.site.seats][:count]
        api = self.api()
        for agent, seat in zip(agents, seats, strict=True):
            await api.post(f"/v1/agents/{agent}/login", seat=seat)
            if ready:
                await api.post(f"/v1/agents/{agent}/ready")
        return dict(zip(seats, agents, strict=True))
