"""The configuration that operations staff write, as pydantic models: unknown keys are refused.

A configuration is a directory of YAML files whose top-level keys are the fields of `Site`; each key stands in
one file. Secrets are not in it: they stand in a file of their own (`Secrets`), readable by the service alone.
Durations are seconds. The docstring under a field is its entry in `docs/configuration.md`. A validator's
ValueError says `what is wrong; what would be right`, without the value, which may be a secret.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from config.base import (
    DIGIT_PATTERN,
    EXTENSION_PATTERN,
    SHA256_PATTERN,
    AgentNumber,
    DialledNumber,
    Host,
    Id,
    Model,
    Name,
    PinHash,
    Port,
    Priority,
    Proficiency,
    Seconds,
    TimeZone,
)
from config.flows import FlowConfig
from config.routing import CalendarConfig, QueueConfig, RoutingConfig, StepConfig


class SkillConfig(Model):
    """Something an agent can be good at."""

    id: Id
    """Named by queues and agents."""
    name: Name
    """Shown to people."""


class HotlineConfig(Model):
    """A number that citizens dial."""

    number: DialledNumber
    """As the carrier delivers it; in quotes."""
    name: Name
    """Shown to people."""
    queue: Id
    """The queue its callers wait in."""
    priority: Priority = 0
    """Added to the queue's priority for callers of this number."""
    steps: tuple[StepConfig, ...] = ()
    """What callers of this number are kept for at first, before the queue's own steps."""
    greeting: Id = "greeting"
    """The prompt that callers hear first, by its name in `asterisk-conf/prompts.yaml`."""
    flow: Id | None = None
    """The way of its callers, one of `flows`. None: greeting, music, an agent, a farewell."""


class AgentConfig(Model):
    """A person who answers calls."""

    id: AgentNumber
    """The agent's number (工号): digits, as it is also dialled at a phone to log in; in quotes."""
    name: Name
    """Shown to people."""
    skills: dict[Id, Proficiency] = Field(default_factory=dict)
    """Proficiency, from 1 (learning) to 5 (expert), in each skill the agent has."""
    queues: dict[Id, Seconds] | None = None
    """The only queues the agent serves, each with a penalty in seconds: its callers count as having waited so
    much less when this agent looks for work, and agents with less are asked first. None: every queue, no
    penalty."""
    supervises: bool = False
    """Whether the agent may listen to other agents, whisper, barge in and take over, from the phone
    where they are logged in (`*21`, `*22`, `*23` and the other agent's number)."""
    max_wrap_up_s: Seconds | None = None
    """The longest wrap-up, in seconds, whatever the queue says and the agent asks for. None: no ceiling."""


class SeatConfig(Model):
    """A desk with its phone."""

    id: Id
    """Also the SIP endpoint's name and user."""
    extension: Annotated[str, Field(pattern=EXTENSION_PATTERN)]
    """Its internal number; in quotes."""


class TrunkConfig(Model):
    """The carrier's SIP trunk."""

    id: Id = "trunk"
    """Name of its SIP endpoint."""
    host: Host
    """Address of the carrier's SIP peer; calls are accepted from it alone."""
    port: Port = 5060
    """UDP port of the carrier's SIP peer."""
    caller_number: DialledNumber
    """Shown on outbound calls; in quotes."""


class AsteriskConfig(Model):
    """Where Asterisk listens, and where the service meets it."""

    sip_bind: Host = "0.0.0.0"  # noqa: S104 - phones are on the network
    """The address Asterisk takes SIP on; `0.0.0.0` is every address of the machine."""
    sip_port: Port = 5060
    """The port Asterisk takes SIP on."""
    rtp_start: Port = 10000
    """First UDP port for audio."""
    rtp_end: Port = 11999
    """Last UDP port for audio. A leg takes two, a call two legs: at least four for each seat."""
    ami_host: Host = "127.0.0.1"
    """Where the service reaches Asterisk's manager interface (AMI)."""
    ami_port: Port = 5038
    """TCP port of the manager interface."""
    ami_user: Id = "hotline"
    """The service's user at the manager interface; its secret stands in the secrets file."""
    system_name: Id = "hotline"
    """Asterisk's own name, which its call ids begin with."""
    spool: Path
    """Directory that Asterisk and the service share: recordings being made and Asterisk's event log."""


class StorageConfig(Model):
    """Where the service keeps its files."""

    recordings: Path
    """Root of the archive of recordings."""
    journal: Path
    """The local journal's file. On a disk of this machine, never on a network share."""


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    OPERATIONS = "operations"
    WALLBOARD = "wallboard"
    AUDITOR = "auditor"


class ApiConfig(Model):
    """Where the HTTP API and the wallboard are served."""

    host: Host = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8080
    """TCP port to listen on."""


class WorkOrderConfig(Model):
    """Work orders (工单)."""

    categories: tuple[Name, ...]
    """What an agent may choose from."""


class NotReadyReason(Model):
    """Why an agent takes no calls for a while."""

    id: Id
    """Named by the API and in reports."""
    name: Name
    """Shown to people."""
    digit: Annotated[str, Field(pattern=DIGIT_PATTERN)]
    """Dialled after the not-ready feature code `*14`; in quotes."""


class Elsewhere(StrEnum):
    REFUSE = "refuse"
    MOVE = "move"


class LoginConfig(Model):
    """How agents log in."""

    pin_at_phone: bool = True
    """Whether `*11` and the number ask for the agent's PIN. The secrets file has each one's salted hash."""
    pin_digits: Annotated[int, Field(ge=4, le=8)] = 6
    """How long every PIN is."""
    pin_over_api: bool = False
    """Whether an agent needs the PIN beside the own token; supervisors never do. Holds after a restart of the
    service."""
    wrong_pins: Annotated[int, Field(ge=1, le=20)] = 5
    """After so many wrong PINs in a row, of an agent or at a phone, none is looked at for a while."""
    locked_s: Annotated[float, Field(ge=1, le=86_400)] = 300.0
    """For how long, in seconds; a supervisor may unlock an agent earlier."""
    elsewhere: Elsewhere = Elsewhere.REFUSE
    """What a log-in does at another seat than the one where the agent is logged in: `refuse`, or `move` the
    agent there with state and figures, between calls."""


class PhonesConfig(Model):
    """How the seats' phones are watched."""

    ask_every_s: Annotated[int, Field(ge=1, le=300)] = 5
    """How often Asterisk asks each phone whether it is there (SIP OPTIONS), in seconds."""
    answer_within_s: Annotated[float, Field(ge=0.5, le=30)] = 3.0
    """A phone that takes longer to answer, in seconds, cannot be reached: its agent is taken out at once."""
    ready_again_within_s: Seconds = 60.0
    """An agent whose phone is back within so many seconds is put back as they were; after longer they say
    themselves that they are ready. 0: they always do."""
    take_talk: tuple[Name, ...] = ("Yealink", "Poly", "snom", "Grandstream", "Fanvil")
    """How phones begin to call themselves (User-Agent) that answer when the event `talk` says so. Others are
    not sent it: of one that does not know it Asterisk may end the call."""


class Site(Model):
    """The whole configuration."""

    hotlines: tuple[HotlineConfig, ...]
    """The numbers that citizens dial."""
    queues: tuple[QueueConfig, ...]
    """What callers wait in."""
    skills: tuple[SkillConfig, ...]
    """What agents can be good at."""
    agents: tuple[AgentConfig, ...]
    """Who answers."""
    seats: tuple[SeatConfig, ...]
    """Desks with a phone."""
    not_ready_reasons: tuple[NotReadyReason, ...]
    """Why an agent takes no calls for a while; one has the id `rona`: the service sets it when a phone was
    not answered."""
    trunk: TrunkConfig
    """The carrier's SIP trunk."""
    asterisk: AsteriskConfig
    """Where Asterisk listens, and where the service meets it."""
    storage: StorageConfig
    """Where the service keeps its files."""
    api: ApiConfig = ApiConfig()
    """Where the HTTP API and the wallboard are served."""
    work_orders: WorkOrderConfig
    """Work orders (工单)."""
    login: LoginConfig = LoginConfig()
    """How agents log in."""
    phones: PhonesConfig = PhonesConfig()
    """How the seats' phones are watched."""
    calendars: tuple[CalendarConfig, ...] = ()
    """Opening hours."""
    flows: tuple[FlowConfig, ...] = ()
    """Callers' ways before, while and after waiting."""
    routing: RoutingConfig = RoutingConfig()
    """What holds for all queues together."""
    timezone: TimeZone = "Asia/Shanghai"
    """Where the hotline is: today's figures begin at midnight there, and calendars mean its time."""


class Token(Model):
    """A bearer token of the API."""

    name: Name
    """Whose it is, in the log."""
    role: Role
    """What its bearer may do."""
    agent: AgentNumber | None = None
    """With role `agent`: whose actions it may take."""
    sha256: Annotated[str, Field(pattern=SHA256_PATTERN)]
    """Of the token; the token itself is kept by its bearer alone."""

    @model_validator(mode="after")
    def _agent_tokens_name_their_agent(self) -> Self:
        if self.role is Role.AGENT and self.agent is None:
            raise ValueError('has role `agent` but names none; write which, as `agent: "1001"`')
        if self.role is not Role.AGENT and self.agent is not None:
            raise ValueError(
                f"has role `{self.role}` and names an agent; delete `agent`, or write `role: agent`"
            )
        return self


class Secrets(Model):
    """What only the service may read."""

    ami: SecretStr
    """Secret of the service's user at the manager interface."""
    seats: dict[Id, SecretStr]
    """SIP password by seat."""
    pins: dict[AgentNumber, PinHash] = Field(default_factory=dict)
    """The hash of each agent's PIN. An agent without one logs in over the API alone."""
    tokens: tuple[Token, ...]
    """Who may use the API."""
