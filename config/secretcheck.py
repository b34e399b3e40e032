"""What must hold of the secrets: strong enough, one for each seat, tokens for agents who exist."""

from __future__ import annotations

import string
from typing import Final

from config.models import Site
from config.problems import Loc, quoted
from config.source import Document
from config.translate import suggestion
from config.view import View

MIN_LENGTH: Final = 12
"""Of a password, in characters."""
ALPHABET: Final = frozenset(string.ascii_letters + string.digits + "-_.~+/=")
"""What Asterisk's configuration files take without quoting."""


def check_secrets(document: Document, site: Site | None) -> None:
    """Adds the problems of a secrets file to the document; with a site, what it lacks for that site."""
    view = View(document)
    view.check_unique("tokens", "name")
    view.check_unique("tokens", "sha256")
    passwords = view.group("seats")
    _check_password(view, ("ami",), document.root.get("ami"))
    for seat, password in passwords.items():
        _check_password(view, ("seats", seat), password)
    if site is None or document.unread:
        return
    seats = [seat.id for seat in site.seats]
    if isinstance(document.root.get("seats"), dict):
        for seat in seats:
            if seat not in passwords:
                view.at_key(("seats", seat), "is missing", "add a password for this seat")
    for seat in passwords:
        if seat not in seats:
            view.at_key(("seats", seat), "is not a seat", suggestion(seat, seats))
    agents = [agent.id for agent in site.agents]
    for agent in view.group("pins"):
        if agent not in agents:
            view.at_key(("pins", agent), "is not an agent", suggestion(agent, agents))
    for loc, agent in view.texts("tokens", "agent"):
        if agent not in agents:
            view.at_value(loc, f"agent {quoted(agent)} is unknown", suggestion(agent, agents))


def _check_password(view: View, loc: Loc, value: object) -> None:
    if not isinstance(value, str):
        return
    if len(value) < MIN_LENGTH:
        view.at_value(loc, "is too short", f"expected at least {MIN_LENGTH} characters")
    elif not ALPHABET.issuperset(value):
        what = "has a character that Asterisk's files cannot hold"
        view.at_value(loc, what, "use letters, digits and - _ . ~ + / =")
