"""The example hotline, made to stand on this machine: loopback addresses, free ports, its own directory."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from config.load import load_secrets, load_site
from config.models import Secrets, Site
from config.secrets import TOKENS_FILE, make_secrets
from lab.network import LOOPBACK, free_ports, rtp_range

REPOSITORY = Path(__file__).resolve().parents[1]
CHEAP_PINS = 10
"""A lab's PINs guard nothing: they are hashed quickly."""
EXAMPLE = REPOSITORY / "config" / "hotline"


@dataclass(frozen=True, slots=True)
class LabSite:
    """A configuration on disk, with its secrets and tokens."""

    directory: Path
    site: Site
    secrets: Secrets
    tokens: dict[str, str]
    """API tokens by name, and PINs as `pin-<id>`: `operations`, `supervisor`, `wallboard`, `agent-<id>`."""

    def pin(self, agent: str) -> str:
        """What the agent presses to log in at a phone."""
        return self.tokens[f"pin-{agent}"]

    @property
    def config(self) -> Path:
        return self.directory / "config"

    @property
    def secrets_file(self) -> Path:
        return self.directory / "secrets.yaml"

    @property
    def api_url(self) -> str:
        return f"http://{self.site.api.host}:{self.site.api.port}"

    @property
    def trunk_peer(self) -> tuple[str, int]:
        """Where the carrier, played by the callers, has its SIP."""
        return self.site.trunk.host, self.site.trunk.port


def make_lab_site(
    directory: Path,
    *,
    example: Path = EXAMPLE,
    queues: dict[str, object] | None = None,
    routing: dict[str, object] | None = None,
    phones: dict[str, float] | None = None,
    login: dict[str, object] | None = None,
    rtp_ports: int = 1200,
    flows: bool = False,
    calendars: dict[str, object] | None = None,
    greeting: str | None = None,
) -> LabSite:
    """Copies the example configuration into `directory` and changes what must differ in a lab.

    `queues` overrides a setting of every queue, such as `wrap_up_s`, `calendars` one of every calendar,
    `routing` what holds for all together, `phones` how phones are watched, `login` how agents log in.
    Without `flows` a call ends with its conversation: the lab's citizens press no key unless told to.
    `greeting` is a prompt for every hotline.
    """
    config = directory / "config"
    if config.exists():
        shutil.rmtree(config)
    shutil.copytree(example, config)
    yaml = YAML(typ="safe")  # comments do not survive a change of what they stand beside
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    trunk_port, sip_port, ami_port, api_port = free_ports(4)
    rtp_start, rtp_end = rtp_range(rtp_ports)
    changes: dict[str, dict[str, object]] = {
        "trunk": {"host": LOOPBACK, "port": trunk_port},
        "asterisk": {
            "sip_bind": LOOPBACK,
            "sip_port": sip_port,
            "rtp_start": rtp_start,
            "rtp_end": rtp_end,
            "ami_port": ami_port,
            "spool": str(directory / "spool"),
        },
        "storage": {
            "recordings": str(directory / "recordings"),
            "journal": str(directory / "journal.sqlite"),
        },
        "api": {"host": LOOPBACK, "port": api_port},
        "routing": routing or {},
        "phones": dict(phones or {}),
        "login": login or {},
    }
    for path in sorted(config.glob("*.yaml")):
        document = yaml.load(path)
        for key, values in changes.items():
            if key in document:
                document[key].update(values)
        for hotline in document.get("hotlines", ()):
            if not flows:
                hotline.pop("flow", None)
            hotline.update({"greeting": greeting} if greeting is not None else {})
        for calendar in document.get("calendars", ()) if calendars else ():
            calendar.update(calendars)
        for queue in document.get("queues", ()) if queues else ():
            queue.update(queues)
        with path.open("w") as file:
            yaml.dump(document, file)
    site = load_site(config)
    secrets_file = directory / "secrets.yaml"
    if not secrets_file.exists():
        make_secrets(site, secrets_file, pin_cost=CHEAP_PINS)
    tokens = YAML(typ="safe").load(secrets_file.with_name(TOKENS_FILE))
    return LabSite(directory, site, load_secrets(secrets_file, site=site), dict(tokens))
