"""The small hotline on free loopback ports, as a real Asterisk needs it."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from config.models import Secrets, Site
from lab.network import LOOPBACK, free_ports, rtp_range
from tests.support.small_site import small_site

SHORT_GREETING = "ready-ok"
"""A prompt of a second and a half, so that tests do not spend their time on the real greeting."""


def asterisk_site(root: Path) -> Site:
    """The small site with its files under `root`; nothing on this machine uses its ports."""
    site = small_site(root)
    hotlines = tuple(line.model_copy(update={"greeting": SHORT_GREETING}) for line in site.hotlines)
    sip_port, ami_port, trunk_port = free_ports(3)
    rtp_start, rtp_end = rtp_range(200)
    listening = {
        "sip_bind": LOOPBACK,
        "sip_port": sip_port,
        "ami_port": ami_port,
        "rtp_start": rtp_start,
        "rtp_end": rtp_end,
    }
    return site.model_copy(
        update={
            "hotlines": hotlines,
            "asterisk": site.asterisk.model_copy(update=listening),
            "trunk": site.trunk.model_copy(update={"host": LOOPBACK, "port": trunk_port}),
        }
    )


def secrets_for(site: Site) -> Secrets:
    """A password for each seat, and no tokens."""
    return Secrets(
        ami=SecretStr("only-for-the-tests"),
        seats={seat.id: SecretStr(f"password-of-{seat.id}") for seat in site.seats},
        tokens=(),
    )
