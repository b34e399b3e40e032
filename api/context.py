"""What handlers work with: the service, the archive, the site and the limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from api.auth import Tokens
from api.ports import AuditLog, CallArchive, Callbacks, FlowArchive, LiveService, WorkOrders
from api.strangers import Strangers
from config.models import Site
from cti.configuration import ConfigurationPort


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take."""

    body_bytes: int = 64 * 1024
    body_s: float = 10.0
    """A body that has not arrived by then is given up."""
    archive_s: float = 5.0
    """An archive that has not answered by then counts as unreachable."""
    projection_s: float = 2.0
    """How long a change waits to be seen in the archive before it is answered as accepted only."""
    audit_s: float = 60.0
    """Recomputing the audit may take as long."""
    strangers_s: float = 60.0
    """How long requests without a good token from one address are counted for one entry of the audit."""
    audio_write_s: float = 60.0
    """A listener who takes no byte for this long is let go."""
    events_write_s: float = 10.0
    """Who follows the events and takes none for this long is let go, and may go on where they were."""


@dataclass(frozen=True, slots=True)
class Context:
    service: LiveService
    archive: CallArchive
    work_orders: WorkOrders
    audit: AuditLog
    callbacks: Callbacks
    configuration: ConfigurationPort
    flows: FlowArchive
    site: Site
    tokens: Tokens
    recordings_root: Path
    strangers: Strangers
    limits: Limits = field(default_factory=Limits)


CONTEXT_KEY = web.AppKey("context", Context)
