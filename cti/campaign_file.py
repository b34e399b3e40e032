"""`hotline campaign`: a list of citizens from a CSV file to the service, how far it has come, and its end."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import aiohttp
from pydantic import ValidationError

from api.campaigns import CitizenIn
from cti.verbs.campaigns import ROWS_AT_ONCE

COLUMNS = tuple(CitizenIn.model_fields)
MOST_ROWS = 50_000


class BadList(Exception):
    """The file is no list of citizens; `problems` says what is wrong in each line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ServiceSaysNo(Exception):
    """The service did not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One citizen of a file."""

    line: int
    citizen: CitizenIn


def read_list(path: Path, now: datetime | None = None) -> list[Row]:
    """The citizens of a CSV file with a header line, in UTF-8 with or without a byte order mark.

    Nobody is to be called whose time is over `now` (None: by this machine's clock). Raises `BadList` with
    every mistake, each with its line and column, and `OSError`.
    """
    now = now or datetime.now(UTC)
    problems: list[str] = []
    rows: list[Row] = []
    lines: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            unknown = [name for name in header if name not in COLUMNS]
            if "number" not in header or unknown or len(set(header)) != len(header):
                raise BadList(
                    [
                        f"line 1: the columns are {', '.join(header) or 'none'}; write `number` and, "
                        f"if wanted, any of {', '.join(COLUMNS[1:])}, each once"
                    ]
                )
            for row in reader:
                number = reader.line_num
                if len(rows) + len(problems) >= MOST_ROWS:
                    raise BadList([f"line {number}: more than {MOST_ROWS} citizens; split the list"])
                problems += _read_row(row, number, now, rows, lines)
    except UnicodeDecodeError as error:
        raise BadList([f"byte {error.start}: is not UTF-8; save the file as CSV in UTF-8"]) from None
    except csv.Error as error:
        raise BadList([*problems, f"line {reader.line_num}: is not CSV: {error}"]) from None
    if not rows and not problems:
        problems = ["line 2: the list is empty; write one citizen a line"]
    if problems:
        raise BadList(problems)
    return rows


def _read_row(
    row: dict[str, Any], line: int, now: datetime, rows: list[Row], lines: dict[str, int]
) -> list[str]:
    if None in row or None in row.values():
        return [f"line {line}: has another number of columns than line 1; quote values that hold a comma"]
    given = {name: value.strip() for name, value in row.items() if value.strip()}
    try:
        citizen = CitizenIn.model_validate_strings(given)
    except ValidationError as error:
        return [f"line {line}, {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    if citizen.number in lines:
        return [f"line {line}, number: stands in line {lines[citizen.number]} too; keep one of them"]
    if citizen.latest_at is not None and citizen.latest_at <= now:
        return [f"line {line}, latest_at: is over; give a later time or leave the citizen out"]
    lines[citizen.number] = line
    rows.append(Row(line, citizen))
    return []


class Campaigns:
    """Campaigns over a service's API, as the bearer of a supervisor's token."""

    def __init__(self, client: aiohttp.ClientSession, base: str, token: str) -> None:
        self._client = client
        self._base = base.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}

    async def add(
        self, campaign: str, queue: str, rows: Sequence[Row], out: TextIO, mode: str | None = None
    ) -> None:
        """Sends the list in parts. Sent again within a day, nothing of it is done twice.

        Raises `BadList` with all that the service would refuse, before anything is sent.
        """
        parts = [rows[first : first + ROWS_AT_ONCE] for first in range(0, len(rows), ROWS_AT_ONCE)]
        await self._check(campaign, queue, parts, mode)
        taken = 0
        for part in parts:
            body = _body(queue, part, mode)
            key = hashlib.sha256(f"{campaign}/{taken}/{body}".encode()).hexdigest()
            try:
                command = await self._ask("POST", f"/v1/campaigns/{campaign}/citizens", body, key)
                if command["state"] in ("refused", "failed"):
                    raise ServiceSaysNo(command["sentence"])
            except ServiceSaysNo as no:
                raise ServiceSaysNo(
                    f"{no} (row 1 of this part is line {part[0].line}; {taken} of {len(rows)} citizens were"
                    " taken, and the same command goes on from there)"
                ) from None
            taken += len(part)
            print(f"{taken} of {len(rows)} citizens", file=out)

    async def _check(
        self, campaign: str, queue: str, parts: Sequence[Sequence[Row]], mode: str | None
    ) -> None:
        problems: dict[str, None] = {}  # what is about the list, not a line, is wrong in each part
        for part in parts:
            body = _body(queue, part, mode)
            checked = await self._ask("POST", f"/v1/campaigns/{campaign}/check", body)
            for wrong in checked["mistakes"]:
                where = "" if wrong["row"] is None else f"line {part[wrong['row'] - 1].line}, "
                problems[f"{where}{wrong['field']}: {wrong['sentence']}"] = None
        if problems:
            raise BadList(list(problems))

    async def show(self, campaign: str, out: TextIO) -> None:
        stands = await self._ask("GET", f"/v1/campaigns/{campaign}")
        print(f"{stands['citizens']} citizens", file=out)
        for state, count in {**stands["open"], **stands["over"]}.items():
            print(f"{count:>6} {state}", file=out)
        today = stands["dialled_today"]
        if today is not None:
            counts = ", ".join(f"{today[name]} {name}" for name in ("dialled", "answered", "abandoned"))
            print(f"today {counts} ({today['abandoned_rate']:.1%} of those who answered)", file=out)
            print(f"nobody else is dialled now: {today['holds'] or 'nobody is left'}", file=out)

    async def cancel(self, campaign: str, out: TextIO) -> None:
        """Cancels one after the other, so that calls go between them."""
        cancelled: dict[str, None] = {}
        while True:
            page = await self._ask("GET", f"/v1/callbacks?campaign={campaign}&open=true&limit=500")
            names = [entry["callback"] for entry in page["callbacks"] if entry["callback"] not in cancelled]
            if not names:
                break
            for name in names:
                await self._ask("POST", f"/v1/callbacks/{name}/cancel", {})
                cancelled[name] = None
        print(f"{len(cancelled)} callbacks cancelled; whoever is just being dialled is the last", file=out)

    async def _ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Any:
        headers = self._headers | ({"Idempotency-Key": key} if key is not None else {})
        async with self._client.request(method, self._base + path, json=body, headers=headers) as answer:
            found = await answer.json()
            if answer.status >= 400:
                raise ServiceSaysNo(found["sentence"])
            return found


def _body(queue: str, part: Sequence[Row], mode: str | None) -> dict[str, Any]:
    citizens = [row.citizen.model_dump(mode="json", exclude_defaults=True) for row in part]
    return {"queue": queue, "citizens": citizens} | ({} if mode is None else {"mode": mode})


async def steer(
    what: str,
    campaign: str,
    queue: str,
    rows: Sequence[Row],
    base: str,
    token: str,
    out: TextIO,
    mode: str | None = None,
) -> None:
    """Carries one of the commands out: `import`, `show` or `cancel`. `mode`: whose phone rings first.

    Raises `BadList`, `ServiceSaysNo`, and `OSError` when the service cannot be reached.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as client:
        campaigns = Campaigns(client, base, token)
        match what:
            case "import":
                await campaigns.add(campaign, queue, rows, out, mode)
            case "show":
                await campaigns.show(campaign, out)
            case _:
                await campaigns.cancel(campaign, out)
