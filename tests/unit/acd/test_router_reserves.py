"""Agents who are kept free for urgent contacts, and agents who rest."""

from __future__ import annotations

from acd.effects import AgentChanged, Decided, MakeOffer
from acd.model import AgentState, QueuePolicy, Reserve
from tests.unit.acd.floorplan import Center, policy

RESERVED = (Reserve("tax", keep=1, urgent_from=5),)


def test_the_last_agents_of_a_reserved_skill_are_kept_for_urgent_contacts() -> None:
    center = Center(policy(agents={"ann": {"tax": 1}, "bob": {"tax": 1}}, reserves=RESERVED))
    center.ready("ann")
    center.queue("ordinary")
    assert not center.heard(MakeOffer)
    center.queue("urgent", priority=5)
    assert center.offer().agent == "ann"


def test_a_kept_agent_is_free_for_anyone_once_enough_others_are_ready() -> None:
    center = Center(policy(agents={"ann": {"tax": 1}, "bob": {"tax": 1, "law": 1}}, reserves=RESERVED))
    center.ready("ann")
    center.queue("c1")
    center.queue("c2")
    center.ready("bob")
    assert [offer.agent for offer in center.heard(MakeOffer)] == ["ann"]
    assert center.heard(Decided)[0].contact == "c1"


def test_the_explanation_names_who_is_kept_free() -> None:
    center = Center(policy(agents={"ann": {"tax": 1}, "bob": {}}, reserves=RESERVED))
    center.ready("ann")
    center.queue("waits")
    center.wait(1)
    center.ready("bob")
    center.queue("urgent", priority=5)
    assert center.heard(Decided)[0].candidates[0].agent == "ann"
    other = Center(policy(agents={"ann": {"tax": 1}, "bob": {}}, reserves=RESERVED))
    other.ready("ann", "bob")
    other.queue("c1")
    decided = other.heard(Decided)[0]
    assert (decided.agent, decided.criterion) == ("bob", "only_candidate")
    assert decided.candidates[1].against == "kept free for urgent contacts that need skill tax"


def test_an_urgent_contact_in_a_worthwhile_queue_passes_those_for_whom_nobody_is_kept() -> None:
    center = Center(policy(agents={"ann": {"tax": 1}}, reserves=RESERVED, priority_worth_s=1.0))
    center.queue("patient", queued_at=center.now - 600)
    center.queue("urgent", priority=5)
    center.ready("ann")
    decided = center.heard(Decided)[0]
    assert decided.contact == "urgent"
    assert decided.passed_over == ("patient in q: kept free for urgent contacts that need skill tax",)


def test_an_agent_occupied_beyond_the_limit_rests_before_the_next_call() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)], max_occupancy=0.75, max_rest_s=600))
    center.ready("ann")
    center.wait(5)
    center.connect("c1", "ann")
    center.queue("c2")
    center.wait(30)
    center.release("ann")
    record = center.agent("ann")
    assert (record.state, record.reason, record.until) == (AgentState.READY, "resting", center.now + 5)
    center.wait(4.9)
    assert not center.heard(MakeOffer)
    center.wait(0.1)
    assert center.offer().contact == "c2"
    assert center.heard(AgentChanged)[0].reason is None


def test_a_rest_is_never_longer_than_allowed_and_ends_with_the_state() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)], max_occupancy=0.5, max_rest_s=20))
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(300)
    center.release("ann")
    assert center.agent("ann").until == center.now + 20
    center.not_ready("ann")
    assert center.router.next_deadline() is None
    center.ready("ann")
    center.queue("c2")
    assert center.offer().contact == "c2"


def test_the_day_begins_with_nobody_occupied() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)], max_occupancy=0.5))
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(100)
    center.router.reset_figures(center.now)
    center.release("ann")
    assert center.agent("ann").reason is None


def test_each_of_several_reserves_is_open_from_its_own_priority_on() -> None:
    reserves = (Reserve("tax", keep=1, urgent_from=5), Reserve("law", keep=1, urgent_from=3))
    center = Center(policy(agents={"ann": {"tax": 1}, "bob": {"law": 1}}, reserves=reserves))
    center.ready("ann", "bob")
    center.queue("ordinary", priority=2)
    assert not center.heard(MakeOffer)
    center.queue("urgent", priority=3)
    assert center.offer().agent == "bob"
    center.queue("next", priority=4)
    assert not center.heard(MakeOffer)
    center.queue("most urgent", priority=5)
    assert center.offer().agent == "ann"


def test_who_is_occupied_exactly_as_much_as_allowed_does_not_rest() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)], max_occupancy=0.5))
    center.ready("ann")
    center.wait(10)
    center.connect("c1", "ann")
    center.wait(10)
    center.release("ann")
    assert center.agent("ann").reason is None
