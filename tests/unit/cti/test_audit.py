"""The audit's chain: what the service makes holds, and whatever is done to it afterwards shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cti.audit import FIRST, AuditEntry, AuditHead, ToAudit, Trail, Verifier, head_of
from cti.records_json import decode

DID = ToAudit(
    1772414096.123456, "c-1", "supervisor", "listen", whom="1001", call="call-1", detail={"seat": "s9"}
)


def entries(count: int, head: AuditHead | None = None) -> list[AuditEntry]:
    trail = Trail(head or AuditHead("j1"))
    drafts = [trail.add(replace(DID, at=DID.at + place))[0] for place in range(count)]
    return [decode(AuditEntry, draft.body) for draft in drafts]


def broken_at(chain: list[AuditEntry]) -> tuple[int | None, str | None]:
    verifier = Verifier()
    verifier.take(chain)
    [report] = verifier.reports()
    return report.broken_at, report.reason


def test_a_chain_goes_on_where_its_state_says_across_a_restart() -> None:
    trail = Trail(head_of(None, "j1"))
    first, state = trail.add(DID)
    again = Trail(head_of(state["audit"], "another-journal-id"))
    second, _ = again.add(DID)
    assert (first.body["number"], first.body["previous"]) == (1, FIRST)
    assert (second.body["number"], second.body["previous"]) == (2, first.body["hash"])
    assert broken_at([decode(AuditEntry, each.body) for each in (first, second)]) == (None, None)


@pytest.mark.parametrize("field", ["at", "who", "action", "outcome", "whom", "call", "cause", "detail"])
def test_an_entry_that_was_changed_breaks_its_chain(field: str) -> None:
    chain = entries(5)
    values = {"at": chain[2].at + 1, "detail": {"seat": "s1"}}
    chain[2] = replace(chain[2], **{field: values.get(field, "other")})  # type: ignore[arg-type]
    assert broken_at(chain) == (3, "changed")


def test_one_that_was_taken_out_put_in_or_rehashed_breaks_the_chain() -> None:
    chain = entries(5)
    assert broken_at(chain[:2] + chain[3:]) == (4, "missing")
    rewritten = entries(1, AuditHead("j1", 2, chain[1].hash))[0]
    assert broken_at([*chain[:2], rewritten, *chain[3:]]) == (4, "unlinked")
    assert broken_at([replace(chain[0], previous="1" * 64), *chain[1:]]) == (1, "unlinked")


def test_old_entries_may_be_gone_from_the_beginning_and_each_journal_has_its_chain() -> None:
    verifier = Verifier()
    verifier.take(entries(5)[2:])
    verifier.take(entries(2, AuditHead("j2")))
    one, two = verifier.reports()
    assert (one.chain, one.entries, one.first, one.last, one.broken_at) == ("j1", 3, 3, 5, None)
    assert (two.chain, two.entries, two.first, two.last, two.broken_at) == ("j2", 2, 1, 2, None)
