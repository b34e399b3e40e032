"""The configuration that operations staff write, as pydantic models: unknown keys are refused.

A configuration is a directory of YAML files whose top-level keys are the fields of `Site`; each key stands in
one file. Secrets are not in it: they stand in a file of their own (`Secrets`), readable by the service alone.
Durations are seconds.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""Lower case letters, digits, `_` and `-`."""
DialledNumber = Annotated[str, Field(pattern=r"^\+?[0-9]{2,20}$")]
Proficiency = Annotated[int, Field(ge=1, le=5)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SkillConfig(Model):
    id: Id
    name: str


class QueueConfig(Model):
    id: Id
    name: str
    required_skills: dict[Id, Proficiency] = Field(default_factory=dict)
    """Least proficiency by skill."""
    priority: int = Field(default=0, ge=-100, le=100)
    ring_timeout_s: Annotated[float, Field(ge=3, le=120)] = 15.0
    wrap_up_s: Seconds = 10.0
    timely_s: Seconds = 15.0
    short_abandon_s: Seconds = 5.0


class HotlineConfig(Model):
    number: DialledNumber
    name: str
    queue: Id
    priority: int = Field(default=0, ge=-100, le=100)
    greeting: Id = "greeting"
    """Name of a prompt in `asterisk-conf/prompts`."""


class AgentConfig(Model):
    id: Annotated[str, Field(pattern=r"^[0-9]{3,8}$")]
    """The agent's number (工号): digits, as it is also dialled at a phone to log in."""
    name: str
    skills: dict[Id, Proficiency] = Field(default_factory=dict)


class SeatConfig(Model):
    id: Id
    """Also the SIP endpoint's name and user."""
    extension: Annotated[str, Field(pattern=r"^[0-9]{3,6}$")]


class TrunkConfig(Model):
    id: Id = "trunk"
    host: str
    """Address of the carrier's SIP peer; calls are accepted from it alone."""
    port: Port = 5060
    caller_number: DialledNumber
    """Shown on outbound calls."""


class AsteriskConfig(Model):
    sip_bind: str = "0.0.0.0"  # noqa: S104 - phones are on the network
    sip_port: Port = 5060
    rtp_start: Port = 10000
    rtp_end: Port = 11999
    ami_host: str = "127.0.0.1"
    ami_port: Port = 5038
    ami_user: Id = "hotline"
    system_name: Id = "hotline"
    spool: Path
    """Directory that Asterisk and the service share: recordings being made and Asterisk's event log."""


class StorageConfig(Model):
    recordings: Path
    """Root of the archive of recordings."""
    journal: Path
    """The local journal's file."""


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    OPERATIONS = "operations"
    WALLBOARD = "wallboard"


class ApiConfig(Model):
    host: str = "127.0.0.1"
    port: Port = 8080


class WorkOrderConfig(Model):
    categories: tuple[str, ...]
    """What an agent may choose from."""


class NotReadyReason(Model):
    id: Id
    name: str
    digit: Annotated[str, Field(pattern=r"^[0-9]$")]
    """Dialled after the not-ready feature code."""


class Site(Model):
    hotlines: tuple[HotlineConfig, ...]
    queues: tuple[QueueConfig, ...]
    skills: tuple[SkillConfig, ...]
    agents: tuple[AgentConfig, ...]
    seats: tuple[SeatConfig, ...]
    not_ready_reasons: tuple[NotReadyReason, ...]
    trunk: TrunkConfig
    asterisk: AsteriskConfig
    storage: StorageConfig
    api: ApiConfig = ApiConfig()
    work_orders: WorkOrderConfig


class Token(Model):
    """A bearer token of the API."""

    name: str
    role: Role
    agent: str | None = None
    """With role `agent`: whose actions it may take."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of the token; the token itself is kept by its bearer alone."""


class Secrets(Model):
    ami: SecretStr
    seats: dict[str, SecretStr]
    """SIP password by seat."""
    tokens: tuple[Token, ...]
