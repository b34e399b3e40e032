"""Who asks: bearer tokens and what their role lets them do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.errors import ApiError
from config.models import Role, Token

_CHALLENGE = 'Bearer realm="hotline"'

ALL_ROLES = frozenset(Role)
STAFF = frozenset({Role.AGENT, Role.SUPERVISOR, Role.OPERATIONS})
"""Everyone who is a person: an agent among them reads only what is the agent's own."""
FLOOR = frozenset({Role.AGENT, Role.SUPERVISOR})
"""Those who work with citizens' requests."""
WATCHERS = frozenset({Role.SUPERVISOR, Role.OPERATIONS})


@dataclass(frozen=True, slots=True)
class Bearer:
    """The owner of a token that was presented."""

    name: str
    role: Role
    agent: str | None

    @property
    def acts_as(self) -> str:
        """What is written down as the one who did it: an agent's number, else the token's name."""
        return self.agent if self.agent is not None else self.name

    def require_own(self, agent: str | None) -> None:
        """Raises `forbidden_not_own` when an agent's token reaches for what is another agent's."""
        if self.role is Role.AGENT and self.agent != agent:
            raise ApiError(
                "forbidden_not_own",
                f"This token is agent {self.agent}'s and good for that agent's own alone.",
            )


class Tokens:
    """The tokens that are good. Only their digests are held."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        """Raises ValueError when two are the same token: it could not be told who asks."""
        self._entries: list[tuple[bytes, Bearer]] = []
        seen: dict[str, str] = {}
        for token in tokens:
            if token.sha256 in seen:
                raise ValueError(f"tokens {seen[token.sha256]!r} and {token.name!r} are the same token")
            seen[token.sha256] = token.name
            self._entries.append((token.sha256.encode(), Bearer(token.name, token.role, token.agent)))

    def bearer(self, presented: str) -> Bearer | None:
        """Whose token this is. Takes as long for a wrong token as for a right one, whichever it is."""
        digest = hashlib.sha256(presented.encode("utf-8", "surrogateescape")).hexdigest().encode()
        found = None
        for known, bearer in self._entries:
            if hmac.compare_digest(known, digest):
                found = bearer
        return found

    def authenticate(self, authorization: str | None) -> Bearer:
        """The bearer that an Authorization header names. Raises `unauthenticated`."""
        if authorization is None:
            raise ApiError(
                "unauthenticated",
                "Send the header `Authorization: Bearer <token>`.",
                headers={"WWW-Authenticate": _CHALLENGE},
            )
        scheme, _, presented = authorization.partition(" ")
        bearer = self.bearer(presented.strip()) if scheme.lower() == "bearer" else None
        if bearer is None:
            raise ApiError(
                "unauthenticated",
                "The token is not known; ask the operations staff for one.",
                headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
            )
        return bearer


TOKEN_OFFERED = "bearer."  # noqa: S105 - what stands before the token


def presented(headers: Mapping[str, str]) -> str | None:
    """The Authorization that a request brings.

    A browser cannot send that header with a WebSocket, but it can offer a subprotocol `bearer.<token>`.
    """
    if "Authorization" not in headers and headers.get("Upgrade", "").lower() == "websocket":
        for offered in headers.get("Sec-WebSocket-Protocol", "").split(","):
            if offered.strip().startswith(TOKEN_OFFERED):
                return f"Bearer {offered.strip().removeprefix(TOKEN_OFFERED)}"
    return headers.get("Authorization")


def require_role(bearer: Bearer, roles: frozenset[Role]) -> None:
    """Raises `forbidden_role` unless the bearer has one of the roles."""
    if bearer.role not in roles:
        may = ", ".join(sorted(roles))
        raise ApiError("forbidden_role", f"Role {bearer.role} may not do this; it is for: {may}.")
