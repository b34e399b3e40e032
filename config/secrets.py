"""Makes a site's secrets: random, in files that their owner alone may read, never over an existing file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from config.models import Role, Site
from config.pins import COST, hash_pin, random_pin

TOKENS_FILE = "tokens.yaml"
"""Stands beside the secrets file."""
_ROLES = (Role.OPERATIONS, Role.SUPERVISOR, Role.WALLBOARD, Role.AUDITOR)


class SecretsExist(Exception):
    """A file to be written is there already; nothing was changed."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} exists and is not overwritten; move it away to make new secrets")
        self.file = file


@dataclass(frozen=True, slots=True)
class Made:
    """The files that were written."""

    secrets: Path
    """For the service: passwords, and the tokens' SHA-256."""
    tokens: Path
    """The tokens themselves, to be handed to their bearers; the service never reads it."""


def token_sha256(token: str) -> str:
    """What `Token.sha256` holds for a token: its SHA-256, as hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_secrets(site: Site, path: Path, *, pin_cost: int = COST) -> Made:
    """Writes the secrets file at `path` and `tokens.yaml` beside it, both with mode 0600.

    There is an AMI secret, a password for each seat, one token for each of the roles operations, supervisor,
    wallboard and auditor, and for each agent a token and a PIN, whose hash costs 2**`pin_cost` steps. The
    directory is made if it is missing. Raises `SecretsExist` when either
    file is there, and OSError when they cannot be written.
    """
    made = Made(path, path.with_name(TOKENS_FILE))
    if made.secrets == made.tokens:
        raise ValueError(f"the secrets file cannot be named {TOKENS_FILE}: the tokens are written there")
    bearers: list[tuple[str, Role, str | None]] = [(role.value, role, None) for role in _ROLES]
    bearers += [(f"agent-{agent.id}", Role.AGENT, agent.id) for agent in site.agents]
    tokens = {name: secrets.token_urlsafe(32) for name, _, _ in bearers}

    path.parent.mkdir(parents=True, exist_ok=True)
    pins = {agent.id: random_pin(site.login.pin_digits) for agent in site.agents}
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # each hash takes a core for a tenth of a second
        hashed = threads.map(lambda pin: hash_pin(pin, cost=pin_cost), pins.values())
        hashes = dict(zip(pins, hashed, strict=True))
    token_text = "\n".join(_token_lines(tokens, pins))
    secret_text = "\n".join(_secret_lines(site, bearers, tokens, hashes))
    with _new_file(made.tokens, token_text), _new_file(made.secrets, secret_text):
        return made


def _secret_lines(
    site: Site, bearers: list[tuple[str, Role, str | None]], tokens: dict[str, str], hashes: dict[str, str]
) -> Iterator[str]:
    yield "# Secrets of the hotline. Only the service may read this file; keep it out of version control."
    yield "# Asterisk's manager interface:"
    yield f'ami: "{secrets.token_urlsafe(24)}"'
    yield "# SIP password by seat; the phone registers with the seat's id and this:"
    yield "seats:"
    for seat in site.seats:
        yield f'  {seat.id}: "{secrets.token_urlsafe(18)}"'
    yield f"# Hash of each agent's PIN; `hotline secrets pin` makes another. The PINs are in {TOKENS_FILE}."
    yield "pins:"
    for number, kept in hashes.items():
        yield f'  "{number}": "{kept}"'
    yield f"# Who may use the API. The tokens themselves were written to {TOKENS_FILE}."
    yield "tokens:"
    for name, role, agent in bearers:
        whose = f', agent: "{agent}"' if agent is not None else ""
        yield f'  - {{ name: {name}, role: {role}{whose}, sha256: "{token_sha256(tokens[name])}" }}'
    yield ""


def _token_lines(tokens: dict[str, str], pins: dict[str, str]) -> Iterator[str]:
    yield "# Bearer tokens of the API, by whose they are, and the agents' PINs. Hand each to its bearer, then"
    yield "# delete this file: the service does not need it, and none can be read back from anywhere else."
    for name, token in tokens.items():
        yield f'{name}: "{token}"'
    for agent, pin in pins.items():
        yield f'pin-{agent}: "{pin}"'
    yield ""


@contextlib.contextmanager
def _new_file(file: Path, text: str) -> Iterator[None]:
    """Writes a file that must not exist, whole or not at all; takes it back if the body fails."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            raise SecretsExist(file) from None
    finally:
        draft.unlink()
    try:
        yield
    except BaseException:
        file.unlink()
        raise
