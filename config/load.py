"""Loads a hotline's configuration and its secrets; what is wrong is told all at once, each with its place."""

from __future__ import annotations

import stat
from pathlib import Path

from config.flowcheck import check_flows
from config.models import Secrets, Site
from config.problems import ConfigInvalid, Problem
from config.routingcheck import check_routing
from config.secretcheck import check_secrets
from config.sitecheck import check_site
from config.source import Document, Spot, read_directory, read_file
from config.translate import validated

__all__ = ["PROMPTS", "ConfigInvalid", "Problem", "load_secrets", "load_site"]

PROMPTS = Path(__file__).resolve().parent.parent / "asterisk-conf" / "prompts.yaml"
"""The prompts' list; greetings are checked against it."""


def load_site(directory: Path, *, base: Path | None = None, prompts: Path = PROMPTS) -> Site:
    """Reads all `*.yaml` of the directory.

    Relative paths in it are resolved against `base`, by default the current directory, so that the paths of
    the returned site are absolute. Raises `ConfigInvalid` with every mistake.
    """
    document = read_directory(directory)
    site = validated(Site, document)
    check_site(document, prompts)
    check_routing(document, site, prompts)
    check_flows(document, prompts)
    if document.problems or site is None:
        raise ConfigInvalid(document.problems)
    return _resolved(site, base or Path.cwd())


def load_secrets(path: Path, *, site: Site | None = None) -> Secrets:
    """Reads the secrets file; with `site`, also whether every seat has a password and tokens name its agents.

    Raises `ConfigInvalid` with every mistake; a file that others than its owner may read is one. No message
    repeats a secret.
    """
    document = Document(path)
    _check_private(document, path)
    if document.problems:
        raise ConfigInvalid(document.problems)
    read_file(document, path, secret=True)
    secrets = validated(Secrets, document, secret=True)
    check_secrets(document, site)
    if document.problems or secrets is None:
        raise ConfigInvalid(document.problems)
    return secrets


def _resolved(site: Site, base: Path) -> Site:
    base = base.absolute()
    storage, asterisk = site.storage, site.asterisk
    return site.model_copy(
        update={
            "asterisk": asterisk.model_copy(update={"spool": base / asterisk.spool}),
            "storage": storage.model_copy(
                update={"recordings": base / storage.recordings, "journal": base / storage.journal}
            ),
        }
    )


def _check_private(document: Document, path: Path) -> None:
    whole = Spot(path, 0, 0)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        document.add(whole, (), what, "give the secrets file; `docs/configuration.md` says how to make one")
        return
    if not stat.S_ISREG(mode):
        document.add(whole, (), "is not a file", "give the secrets file")
    elif mode & 0o077:
        what = f"can be read by others than its owner (mode {stat.S_IMODE(mode):04o})"
        document.add(whole, (), what, f"run `chmod 600 {path}`")
