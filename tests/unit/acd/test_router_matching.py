"""Who gets whom, and the explanation of it."""

from __future__ import annotations

from acd.decision import MAX_CANDIDATES, MAX_LOOKED_AT, MAX_PASSED_OVER
from acd.effects import Candidate, Decided, MakeOffer
from acd.model import AgentState, AnyOf, ContactState, Has, OfferOutcome, QueuePolicy, RoutingStep
from tests.unit.acd.floorplan import Center, policy


def test_an_agent_serves_only_queues_whose_skills_they_have_well_enough() -> None:
    center = Center(
        policy(
            [QueuePolicy("tax", required_skills={"tax": 3, "mandarin": 1})],
            {"ann": {"tax": 2, "mandarin": 5}, "bob": {"tax": 5}, "cyd": {"tax": 3, "mandarin": 1}},
        )
    )
    center.ready("ann", "bob")
    center.queue("c1", "tax")
    assert not center.heard(MakeOffer)
    center.ready("cyd")
    assert center.offer().agent == "cyd"


def test_contacts_are_served_in_the_order_in_which_they_were_queued() -> None:
    center = Center(policy())
    center.queue("b", queued_at=center.now)
    center.queue("a", queued_at=center.now)
    center.queue("late", queued_at=center.now + 1)
    center.queue("restored", queued_at=center.now - 60)
    center.ready("ann")
    order = [center.offer().contact]
    for _ in range(3):
        center.answer(center.offer().offer)
        center.release("ann")
        center.ready("ann")
        order.append(center.offer().contact)
    assert order == ["restored", "a", "b", "late"]


def test_priority_comes_before_waiting_and_is_the_queues_plus_the_contacts() -> None:
    center = Center(policy([QueuePolicy("q", priority=1), QueuePolicy("vip", priority=5)]))
    center.queue("old", "q")
    center.wait(100)
    center.queue("vip", "vip")
    center.queue("raised", "q", priority=5)
    center.ready("ann")
    assert center.offer().contact == "raised"


def test_a_freed_agent_takes_the_longest_waiting_contact_whatever_its_queue() -> None:
    center = Center(policy([QueuePolicy("p"), QueuePolicy("q")]))
    center.queue("c1", "q")
    center.wait(1)
    center.queue("c2", "p")
    center.ready("ann")
    assert center.offer().contact == "c1"


def test_the_agent_idle_longest_is_offered_the_contact() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    center.ready("bob")
    center.wait(1)
    center.ready("ann", "cyd")
    center.queue("c1")
    assert center.offer().agent == "bob"
    center.queue("c2")
    assert center.offer().agent == "ann", "equally long idle: by id"


def test_work_ends_the_idle_time_and_an_offer_the_caller_cancelled_does_not() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)], {"ann": {}, "bob": {}}))
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.connect("c1", "ann")
    center.leave("c1")
    center.wait(1)
    center.release("ann")
    center.queue("c2")
    assert center.offer().agent == "bob"


def test_an_agent_who_comes_ready_finds_a_contact_that_others_could_not_serve() -> None:
    center = Center(
        policy([QueuePolicy("en", required_skills={"english": 1})], {"ann": {}, "bob": {"english": 1}})
    )
    center.ready("ann")
    center.queue("c1", "en")
    center.ready("bob")
    assert center.offer().agent == "bob"


def test_new_skills_make_a_ready_agent_serve_those_who_wait() -> None:
    queues = [QueuePolicy("en", required_skills={"english": 1})]
    center = Center(policy(queues, {"ann": {}}))
    center.ready("ann")
    center.queue("c1", "en")
    center.apply(policy(queues, {"ann": {"english": 2}}))
    assert center.offer().contact == "c1"


def test_lost_skills_keep_a_ready_agent_from_those_who_come() -> None:
    queues = [QueuePolicy("en", required_skills={"english": 1})]
    center = Center(policy(queues, {"ann": {"english": 2}}))
    center.ready("ann")
    center.apply(policy(queues, {"ann": {"english": 2}}))
    center.apply(policy(queues, {"ann": {}}))
    center.queue("c1", "en")
    assert not center.heard(MakeOffer)


def test_looser_terms_make_waiting_contacts_served_in_order_by_several_agents() -> None:
    strict = [QueuePolicy("q", required_skills={"tax": 5})]
    agents = {"ann": {"tax": 1}, "bob": {"tax": 1}}
    center = Center(policy(strict, agents))
    center.ready("ann", "bob")
    center.queue("c2", queued_at=center.now + 1)
    center.queue("c1")
    center.queue("c3", queued_at=center.now + 2)
    center.apply(policy([QueuePolicy("q", required_skills={"tax": 1})], agents))
    assert [(offer.agent, offer.contact) for offer in center.heard(MakeOffer)] == [
        ("ann", "c1"),
        ("bob", "c2"),
    ]


def test_a_changed_queue_priority_reorders_those_who_wait() -> None:
    center = Center(policy([QueuePolicy("p"), QueuePolicy("q")]))
    center.queue("c1", "p")
    center.wait(1)
    center.queue("c2", "q")
    center.apply(policy([QueuePolicy("p"), QueuePolicy("q", priority=1)]))
    center.ready("ann")
    assert center.offer().contact == "c2"


def test_a_removed_queue_drains_under_its_old_terms() -> None:
    center = Center(policy([QueuePolicy("old", wrap_up_s=7), QueuePolicy("q")]))
    center.queue("c1", "old")
    center.apply(policy([QueuePolicy("q")]))
    center.ready("ann")
    assert center.offer().contact == "c1"
    center.answer(center.offer().offer)
    center.release("ann")
    assert center.agent("ann").until == center.now + 7
    center.apply(policy([QueuePolicy("q")]))
    assert center.router.agents_of("old")[AgentState.WRAP_UP] == 0, "forgotten with its last contact"
    assert "old" not in center.router.snapshot()["paces"], "how fast it was served, too"


def test_a_removed_queue_that_holds_nobody_is_forgotten_at_once() -> None:
    both = policy([QueuePolicy("old"), QueuePolicy("q")])
    center = Center(both)
    center.ready("ann")
    center.connect("c1", "ann", "old")
    center.release("ann")
    assert list(center.router.snapshot()["paces"]) == ["old"]
    center.apply(policy([QueuePolicy("q")]))
    assert center.router.snapshot()["paces"] == {}
    assert center.router.snapshot()["draining"] == []
    assert list(center.router.queue_names()) == ["q"]


def test_a_removed_agent_works_on_until_they_log_out() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    center.ready("ann")
    center.apply(policy(agents={"bob": {}}))
    assert center.router.agent("cyd") is None
    center.connect("c1", "ann")
    center.release("ann")
    center.log_out("ann")
    assert center.router.agent("ann") is None
    assert [record.agent for record in center.router.agents()] == ["bob"]


def test_a_new_agent_can_log_in_after_the_change() -> None:
    center = Center(policy())
    center.apply(policy(agents={"ann": {}, "dan": {}}))
    center.ready("dan")
    center.queue("c1")
    assert center.offer().agent == "dan"


def test_a_decision_says_who_else_could_and_why_each_other_did_not() -> None:
    center = Center(
        policy(
            [QueuePolicy("tax", required_skills={"tax": 2})],
            {"ann": {"tax": 2}, "bob": {"tax": 3}, "cyd": {"tax": 1}, "dan": {"tax": 2}, "eve": {"tax": 5}},
        )
    )
    center.ready("bob")
    center.wait(4)
    center.ready("ann", "cyd")
    center.log_in("dan")
    center.ready("eve")
    center.engage("eve")
    center.queue("c1", "tax", queued_at=center.now - 3)
    decided = center.heard(Decided)[0]
    assert (decided.agent, decided.criterion, decided.eligible) == ("bob", "longest_idle", 2)
    assert decided.waited_s == 3
    assert decided.candidates == (
        Candidate("bob", None),
        Candidate("ann", "idle 4.0 s less"),
        Candidate("dan", "not_ready (logged_in)"),
        Candidate("eve", "busy"),
    )


def test_an_agent_with_several_of_the_skills_asked_for_is_counted_once() -> None:
    either = QueuePolicy("either", requirement=AnyOf((Has("tax"), Has("law"))))
    center = Center(policy([either], {"ann": {"tax": 1, "law": 1}, "bob": {"tax": 1, "law": 1}}))
    center.ready("ann", "bob")
    center.queue("c1", "either")
    decided = center.heard(Decided)[0]
    assert (decided.eligible, [other.agent for other in decided.candidates]) == (2, ["ann", "bob"])


def test_an_agent_who_did_not_take_the_first_of_a_queue_gets_the_best_of_the_rest_of_all_queues() -> None:
    center = Center(policy([QueuePolicy("p"), QueuePolicy("q", offer_backoff_s=30)]))
    center.queue("second", "p", queued_at=center.now - 2)
    center.queue("first", "q", queued_at=center.now - 3)
    center.queue("third", "q", queued_at=center.now - 1)
    center.ready("ann")
    assert center.offer().contact == "first"
    center.end(center.offer().offer, OfferOutcome.REJECTED)
    center.ready("ann")
    assert center.offer().contact == "second"


def test_a_decision_without_a_choice_says_so() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    assert center.heard(Decided)[0].criterion == "only_candidate"


def test_a_decision_between_equals_is_by_id() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann", "bob")
    center.queue("c1")
    decided = center.heard(Decided)[0]
    assert decided.criterion == "agent_id"
    assert decided.candidates[1] == Candidate("bob", "equal in everything, later by id")


def test_a_decision_names_those_who_waited_longer_and_why_they_were_passed_over() -> None:
    center = Center(
        policy(
            [
                QueuePolicy("q", priority=1),
                QueuePolicy("low"),
                QueuePolicy("en", required_skills={"english": 4}),
                QueuePolicy("tax", required_skills={"tax": 1}),
            ],
            {"ann": {"english": 2}, "bob": {}},
        )
    )
    center.ready("bob")
    center.queue("ringing", "q")
    center.wait(1)
    center.queue("foreign", "en")
    center.queue("taxes", "tax")
    center.queue("patient", "low")
    center.wait(1)
    center.queue("c1", "q")
    center.ready("ann")
    decided = center.heard(Decided)[0]
    assert decided.contact == "c1"
    assert decided.passed_over == (
        "ringing in q: is being offered to bob",
        "foreign in en: skill english is 2, needs 4",
        "patient in low: has lower priority",
        "taxes in tax: lacks skill tax",
    )


def test_a_decision_stays_small_on_a_big_floor() -> None:
    agents = {f"a{number:03}": {"tax": 1} for number in range(200)}
    center = Center(
        policy([QueuePolicy("q"), QueuePolicy("vip", priority=1, required_skills={"tax": 1})], agents)
    )
    for number in range(50):
        center.queue(f"c{number}", "q")
    center.wait(1)
    center.queue("important", "vip")
    center.ready("a000")
    decided = center.heard(Decided)[0]
    assert decided.contact == "important"
    assert len(decided.passed_over) == MAX_PASSED_OVER
    other = Center(policy([QueuePolicy("q")], agents))
    other.ready(*agents)
    other.queue("c1")
    decided = other.heard(Decided)[0]
    assert (len(decided.candidates), decided.eligible) == (MAX_CANDIDATES, MAX_LOOKED_AT)


def test_a_decision_names_only_so_many_who_are_not_ready() -> None:
    agents = {f"a{number:02}": {"tax": 1} for number in range(MAX_CANDIDATES + 5)}
    center = Center(policy([QueuePolicy("q", {"tax": 1})], agents))
    for agent in agents:
        center.log_in(agent)
    center.ready("a00")
    center.queue("c1")
    assert len(center.heard(Decided)[0].candidates) == MAX_CANDIDATES


def test_for_a_decision_only_so_many_of_those_not_ready_are_looked_at() -> None:
    beginners = {f"a{number:02}": {"tax": 1} for number in range(MAX_LOOKED_AT)}
    center = Center(policy([QueuePolicy("q", {"tax": 4})], {"x": {"tax": 5}, **beginners, "z": {"tax": 5}}))
    center.ready("x", *beginners)
    center.log_in("z")
    center.queue("c1")
    assert center.heard(Decided)[0].candidates == (Candidate("x", None),)


def test_several_failed_offers_in_a_row_leave_the_contact_at_the_head() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    center.ready("ann", "bob", "cyd")
    center.queue("c1")
    for expected in ("ann", "bob", "cyd"):
        offer = center.offer()
        assert (offer.agent, offer.contact) == (expected, "c1")
        center.end(offer.offer, OfferOutcome.FAILED)
    assert center.contact("c1").state is ContactState.WAITING


def test_of_contacts_equal_in_all_else_the_first_by_id_comes_first_whatever_its_queue() -> None:
    center = Center(policy([QueuePolicy("q"), QueuePolicy("p")]))
    center.queue("b", "q")
    center.queue("a", "p")
    center.ready("ann")
    assert center.offer().contact == "a"


def test_an_agent_who_did_not_take_the_only_one_of_a_queue_gets_the_next_of_another() -> None:
    center = Center(policy([QueuePolicy("q", offer_backoff_s=30), QueuePolicy("p")]))
    center.queue("c1", "q")
    center.ready("ann")
    center.end(center.offer().offer, OfferOutcome.REJECTED)
    center.queue("c2", "p")
    center.ready("ann")
    assert center.offer().contact == "c2"


def test_an_agent_finds_those_who_wait_behind_a_step_that_was_passed() -> None:
    expert = RoutingStep(Has("law", 5), 60, beyond_queue=True)
    center = Center(policy([QueuePolicy("q", {"tax": 1}, steps=(expert,))], {"ann": {"law": 1, "tax": 1}}))
    center.log_in("ann")
    center.queue("c1")
    center.ready("ann")
    assert center.offer().contact == "c1"


def test_who_needs_several_skills_is_looked_up_by_the_one_that_the_fewest_have() -> None:
    agents = {"ann": {"english": 1}, "bob": {"english": 1}, "cyd": {"english": 1, "korean": 1}}
    center = Center(policy([QueuePolicy("q", {"english": 1, "korean": 1}, offer_backoff_s=9)], agents))
    center.ready("ann", "bob", "cyd")
    floor = center.router._floor
    assert [name for _, name in floor.ready.candidates(floor.needs["q"])] == ["cyd"]
    center.queue("c1")
    center.end(center.offer().offer, OfferOutcome.REJECTED)
    stages_near = {name: len(list(floor.waiting.near(agent))) for name, agent in floor.agents.items()}
    assert stages_near == {"ann": 0, "bob": 0, "cyd": 1}


def test_who_needs_one_of_several_skills_is_looked_up_by_each_of_them() -> None:
    either = AnyOf((Has("tax"), Has("law")))
    center = Center(
        policy([QueuePolicy("q", requirement=either)], {"ann": {"law": 1}, "bob": {}, "cyd": {"tax": 1}})
    )
    center.ready("ann", "bob", "cyd")
    floor = center.router._floor
    assert [name for _, name in floor.ready.candidates(floor.needs["q"])] == ["ann", "cyd"]
