from __future__ import annotations

import pytest

from api.auth import Tokens
from api.errors import ApiError
from config.models import Role, Token
from tests.support.api_world import TOKENS, ApiWorld, secret
from tests.support.small_site import AGENT


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic c2VjcmV0", "wrong", "Bearer \u00ff\u00fe"],
)
async def test_without_a_good_token_nobody_gets_in(world: ApiWorld, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await world.ask("GET", "/v1/queues", None, headers=headers)
    assert answer.status == 401
    assert answer.error == "unauthenticated"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="hotline"')


async def test_the_scheme_is_read_in_any_case(world: ApiWorld) -> None:
    headers = {"Authorization": f"bEARER  {secret(Role.WALLBOARD)}"}
    assert (await world.ask("GET", "/v1/queues", None, headers=headers)).status == 200


async def test_a_token_in_the_query_is_no_token(world: ApiWorld) -> None:
    answer = await world.ask("GET", f"/v1/queues?token={secret(Role.WALLBOARD)}", None)
    assert answer.error == "unauthenticated"


def test_a_digest_is_not_a_token() -> None:
    tokens = Tokens(TOKENS)
    assert tokens.bearer(TOKENS[0].sha256) is None
    found = tokens.bearer(secret(Role.AGENT, AGENT))
    assert found is not None
    assert (found.role, found.agent, found.acts_as) == (Role.AGENT, AGENT, AGENT)


def test_two_entries_with_one_token_are_refused() -> None:
    twice = Token(name="other", role=Role.WALLBOARD, sha256=TOKENS[0].sha256)
    with pytest.raises(ValueError, match="same token"):
        Tokens((*TOKENS, twice))


def test_no_tokens_let_nobody_in() -> None:
    with pytest.raises(ApiError):
        Tokens(()).authenticate("Bearer anything")
