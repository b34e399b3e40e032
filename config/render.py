"""Asterisk's configuration from the site's: the templates of `asterisk-conf/` filled in.

Everything that a template puts into a file is an id, a number, an address or a path whose form is checked, so
no value can end a line or begin a comment, an option or an expression.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2
from pydantic import SecretStr
from ruamel.yaml import YAML

from config.calendars import counted
from config.models import Secrets, Site
from config.policy import calendars_of
from config.secretcheck import ALPHABET

ASTERISK_CONF: Final = Path(__file__).resolve().parents[1] / "asterisk-conf"

_PATH: Final = re.compile(r"/[\w./~+@-]*")
"""Paths stand in dialplan arguments, so no `,`, `|`, `&`, `$`, quotes or blanks."""


class RenderError(Exception):
    """The configuration cannot be written; the message says which value is in the way."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where Asterisk finds and keeps its things. Absolute paths."""

    sounds: Path
    """Holds `<prompt>.wav` for every name in `asterisk-conf/prompts.yaml`, and `music/`."""
    state: Path | None = None
    """Directory for Asterisk's database, logs and control socket. None: where it was built to keep them."""
    modules: Path | None = None
    """Directory of Asterisk's modules. None: where it was built to find them."""
    data: Path | None = None
    """Directory of its documentation, which modules need to load. None: where it was built to find it."""


def prompt_texts() -> dict[str, str]:
    """Prompt name -> Mandarin text, from `asterisk-conf/prompts.yaml`."""
    texts: dict[str, str] = YAML(typ="safe").load(ASTERISK_CONF / "prompts.yaml")
    return texts


def render(site: Site, secrets: Secrets, directory: Path, layout: Layout) -> None:
    """Writes Asterisk's whole configuration into `directory`, readable by the owner and the group alone, and
    creates the spool's directories. Files of the same names are replaced. Raises RenderError.
    """
    _check(site, secrets, directory, layout)
    environment = jinja2.Environment(  # noqa: S701 - not HTML; the values' forms are checked
        loader=jinja2.FileSystemLoader(ASTERISK_CONF / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    spool = site.asterisk.spool.resolve()
    values = {
        "asterisk": site.asterisk.model_copy(update={"spool": spool}),
        "hotlines": site.hotlines,
        "queues": site.queues,
        "flows": site.flows,
        "calendars": [counted(name, calendar) for name, calendar in calendars_of(site).items()],
        "seats": site.seats,
        "login": site.login,
        "phones": site.phones,
        "trunk": site.trunk,
        "secrets": secrets,
        "directory": directory.resolve(),
        "layout": layout,
        "ami_bind": _manager_address(site.asterisk.ami_host),
        "sip_bind": _with_port(_address("sip_bind", site.asterisk.sip_bind), site.asterisk.sip_port),
        "trunk_address": _with_port(site.trunk.host, site.trunk.port),
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name in environment.list_templates(extensions=["j2"]):
        _write(directory / name.removesuffix(".j2"), environment.get_template(name).render(values))
    for shared in ("recording", "cel", "cdr"):
        (spool / shared).mkdir(parents=True, exist_ok=True)


def _check(site: Site, secrets: Secrets, directory: Path, layout: Layout) -> None:
    paths = {
        "asterisk.spool": site.asterisk.spool.resolve(),
        "the configuration's directory": directory.resolve(),
        "the sounds": layout.sounds,
        "Asterisk's state": layout.state,
        "Asterisk's modules": layout.modules,
        "Asterisk's data": layout.data,
    }
    for what, path in paths.items():
        if path is not None and not _PATH.fullmatch(str(path)):
            raise RenderError(
                f"{what}: {path} cannot stand in Asterisk's configuration; "
                "use an absolute path of letters, digits and _ . / ~ + @ - alone"
            )
    prompts = prompt_texts()
    for hotline in site.hotlines:
        if hotline.greeting not in prompts:
            raise RenderError(
                f"hotline {hotline.number}: there is no prompt `{hotline.greeting}` in "
                f"asterisk-conf/prompts.yaml; there are {', '.join(sorted(prompts))}"
            )
    for seat in site.seats:
        if seat.id not in secrets.seats:
            raise RenderError(f"seat {seat.id} has no password in the secrets file")
        _check_secret(f"the password of seat {seat.id}", secrets.seats[seat.id])
    _check_secret("the manager interface's secret", secrets.ami)


def _check_secret(what: str, secret: SecretStr) -> None:
    value = secret.get_secret_value()
    if not value or not ALPHABET.issuperset(value):
        raise RenderError(
            f"{what} cannot stand in Asterisk's configuration; use letters, digits and - _ . ~ + / ="
        )


def _manager_address(host: str) -> str:
    address = _address("ami_host", host)
    if ipaddress.ip_address(address).is_unspecified:
        raise RenderError(
            f"asterisk.ami_host: {host} is every address of the machine; the manager interface is for the "
            "service alone: use 127.0.0.1"
        )
    return address


def _address(what: str, host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise RenderError(
            f"asterisk.{what}: {host} is not an IP address, and Asterisk listens on one"
        ) from None


def _with_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w") as file:
        file.write(text)
    partial.rename(path)
