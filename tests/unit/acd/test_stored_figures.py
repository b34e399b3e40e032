"""Figures as they are stored: in parts, over restarts and over midnight."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from acd.events import ContactAltered, ContactServedElsewhere
from acd.model import AgentState, QueuePolicy
from tests.unit.acd.counting import SKILLED
from tests.unit.acd.floorplan import TWO_QUEUES, Center, policy

RULES = policy(
    [QueuePolicy("q"), QueuePolicy("p", {"tax": 1})], {"ann": {"tax": 1}, "bob": {}}, interval_s=100.0
)


class Store:
    """What a service has on disk."""

    def __init__(self) -> None:
        self.parts: dict[str, Any] = {}

    def keep(self, center: Center) -> set[str]:
        changes = json.loads(json.dumps(center.router.figures_changes()))
        self.parts |= changes
        self.parts = {part: body for part, body in self.parts.items() if body is not None}
        assert self.parts == json.loads(json.dumps(center.router.figures_snapshot()))
        return set(changes)

    def restart(self, now: float) -> Center:
        fresh = Center(RULES)
        fresh.now = now
        fresh.router.restore_figures(self.parts)
        return fresh


def test_an_event_changes_the_parts_it_is_about_and_no_others() -> None:
    center, store = Center(RULES), Store()
    center.ready("bob")
    center.queue("c0", "p")
    store.keep(center)
    center.wait(200)
    center.queue("c1", "p")
    number = int(center.now // 100)
    assert store.keep(center) == {"contact/c1", "queue/p", "total", f"interval/{number}/queue/p"}
    assert store.keep(center) == set()


def test_a_restored_agents_time_counts_from_where_it_was_stored() -> None:
    center, store = Center(RULES), Store()
    center.ready("ann")
    center.wait(30)
    center.engage("ann")
    store.keep(center)
    fresh = store.restart(center.now + 20)
    fresh.restore_agent("ann", AgentState.READY)
    fresh.wait(5)
    fresh.queue("c1")
    ann = fresh.router.agent_figures("ann")
    assert ann is not None
    assert (ann.handled_s, ann.available_s) == (0, 55)


def test_a_restored_agents_time_counts_from_midnight_when_that_has_passed() -> None:
    center, store = Center(RULES), Store()
    center.ready("ann")
    center.wait(30)
    center.engage("ann")
    store.keep(center)
    midnight = center.now + 10
    fresh = store.restart(center.now + 25)
    fresh.router.reset_figures(midnight)
    assert fresh.router.day_began == midnight
    fresh.restore_agent("ann", AgentState.READY)
    ann = fresh.router.agent_figures("ann")
    assert ann is not None
    assert (ann.handled_s, ann.available_s) == (0, 15)


def test_who_logs_in_after_a_restart_rather_than_being_restored_worked_no_time_meanwhile() -> None:
    center, store = Center(RULES), Store()
    center.ready("ann")
    center.wait(30)
    center.not_ready("ann")
    store.keep(center)
    fresh = store.restart(center.now + 20)
    fresh.ready("ann")
    ann = fresh.router.agent_figures("ann")
    assert ann is not None
    assert ann.available_s == 30


def test_an_agent_who_is_gone_is_deleted_from_the_store() -> None:
    center, store = Center(RULES), Store()
    center.ready("ann")
    center.wait(30)
    center.not_ready("ann")
    store.keep(center)
    other = Center(policy([QueuePolicy("q")], {"bob": {}}, interval_s=100.0))
    other.router.restore_figures(store.parts)
    assert other.router.figures_changes() == {"agent/ann": None}


def test_what_is_told_late_counts_in_its_interval_and_not_as_todays() -> None:
    center = Center(RULES)
    yesterday, midnight = center.now, center.now + 1000
    center.queue("moves")
    center.now = midnight
    center.router.reset_figures(midnight)
    center.router.handle(
        ContactServedElsewhere(yesterday + 9, "x", "late", "q", yesterday, yesterday + 9, "ann")
    )
    center.router.handle(ContactAltered(yesterday + 20, "x", "moves", queue="p"))
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.answered, figures.moved_away) == (0, 0, 0)
    assert center.router.queue_figures("p").offered == 0
    [before] = center.router.queue_intervals("q")
    assert (before.offered, before.answered, before.moved_away) == (2, 1, 1)
    ann = center.router.agent_figures("ann")
    assert ann is not None
    assert ann.answered == 0
    assert [each.answered for each in center.router.agent_intervals("ann")] == [1]


def test_agents_having_a_skill_are_told_by_state() -> None:
    center = Center(RULES)
    center.ready("ann")
    center.ready("bob")
    states = center.router.agents_having("tax")
    assert (states[AgentState.READY], sum(states.values())) == (1, 1)


def test_a_move_changes_the_parts_of_both_queues_and_of_the_contact() -> None:
    center, store = Center(RULES), Store()
    center.queue("c1")
    store.keep(center)
    center.alter("c1", queue="p")
    interval = f"interval/{int(center.now // 100)}/queue"
    assert store.keep(center) == {"contact/c1", "queue/q", "queue/p", f"{interval}/q", f"{interval}/p"}
    assert store.parts["contact/c1"][0] == "p"


def test_a_new_day_empties_the_stored_day_and_forgets_who_was_away_for_longer_than_one() -> None:
    center, store = Center(RULES), Store()
    center.queue("c1")
    center.leave_for_elsewhere("c1")
    store.keep(center)
    assert {"contact/c1", "queue/q"} <= set(store.parts)
    center.now += 2 * 86_400
    center.router.reset_figures(center.now)
    assert {"contact/c1", "queue/q", "total", "day"} <= store.keep(center)
    assert not {"contact/c1", "queue/q"} & set(store.parts)


def test_an_agent_who_was_removed_and_logs_out_is_deleted_from_the_store_at_once() -> None:
    center, store = Center(RULES), Store()
    center.ready("ann")
    center.wait(30)
    center.not_ready("ann")
    center.apply(policy(RULES.queues.values(), {"bob": {}}, interval_s=100.0))
    store.keep(center)
    assert "agent/ann" in store.parts
    center.log_out("ann")
    store.keep(center)
    assert "agent/ann" not in store.parts


def test_names_may_have_a_slash() -> None:
    rules = policy([QueuePolicy("tax/returns")], {"ann/b": {}}, interval_s=100.0)
    center, store = Center(rules), Store()
    center.ready("ann/b")
    center.connect("c1", "ann/b", "tax/returns")
    center.queue("call/2", "tax/returns")
    center.wait(10)
    center.release("ann/b")
    store.keep(center)
    fresh = Center(rules)
    fresh.router.restore_figures(store.parts)
    assert fresh.router.queue_figures("tax/returns").answered == 1
    assert fresh.router.queue_intervals("tax/returns") == center.router.queue_intervals("tax/returns")
    assert [each.answered for each in fresh.router.agent_intervals("ann/b")] == [1]


def test_an_agent_who_is_removed_while_logged_out_is_deleted_from_the_store_at_once() -> None:
    center, store = Center(RULES), Store()
    center.ready("ann")
    center.wait(30)
    center.log_out("ann")
    store.keep(center)
    assert "agent/ann" in store.parts
    center.apply(policy(RULES.queues.values(), {"bob": {}}, interval_s=100.0))
    store.keep(center)
    assert "agent/ann" not in store.parts


def test_an_answer_within_the_same_instant_is_stored_for_the_agent_and_ends_the_stored_wait() -> None:
    center, store = Center(RULES), Store()
    center.queue("c1")
    center.ready("ann")
    offer = center.offer().offer
    store.keep(center)
    assert "contact/c1" in store.parts
    center.answer(offer)
    store.keep(center)
    assert "contact/c1" not in store.parts
    assert store.parts["agent/ann"][0] == 1


def test_after_a_restart_yesterday_is_still_over() -> None:
    center, store = Center(RULES), Store()
    midnight = center.now + 1000
    center.router.reset_figures(midnight)
    store.keep(center)
    fresh = store.restart(midnight + 5)
    assert fresh.router.day_began == midnight
    fresh.tell(ContactServedElsewhere(fresh.now, "x", "late", "q", midnight - 9, midnight - 5, None))
    assert fresh.router.queue_figures("q").answered == 0


def test_what_was_counted_in_an_interval_that_was_dropped_and_begun_again_is_deleted_from_the_store() -> None:
    center, store = Center(RULES), Store()
    center.queue("c1", "q")
    store.keep(center)
    center.apply(replace(RULES, interval_s=200.0))
    center.apply(RULES)
    center.queue("c2", "p")
    store.keep(center)
    number = int(center.now // 100)
    assert f"interval/{number}/queue/q" not in store.parts
    assert f"interval/{number}/queue/p" in store.parts


def test_what_an_agent_took_before_midnight_is_not_stored_as_the_new_days_whatever_came_first() -> None:
    center, store = Center(RULES), Store()
    center.log_in("ann")
    center.tell(ContactServedElsewhere(center.now, "t", "c1", "p", center.now - 9, center.now, "ann"))
    store.keep(center)
    center.router.reset_figures(center.now)  # told at the very instant up to which ann is counted
    assert "agent/ann" in store.keep(center)
    assert store.parts["agent/ann"][0] == 0


def test_a_callback_is_no_stored_wait_even_under_the_name_of_one_who_was_served() -> None:
    center, store = Center(RULES), Store()
    center.log_in("ann")
    store.keep(center)
    center.tell(ContactServedElsewhere(center.now, "t", "c1", "p", center.now, None))
    center.request_callback("c1", "p")
    store.keep(center)
    assert "contact/c1" not in store.parts


def test_after_a_restart_nobody_is_counted_twice() -> None:
    center = Center(TWO_QUEUES)
    center.ready("ann")
    center.connect("talks", "ann")
    center.queue("waits")
    center.queue("gets through")
    saved = json.loads(json.dumps(center.router.figures_snapshot()))
    fresh = Center(TWO_QUEUES)
    fresh.router.restore_figures(saved)
    fresh.queue("waits", queued_at=center.now)
    fresh.restore_contact("talks", "ann")
    fresh.restore_contact("gets through", "bob")
    fresh.queue("new")
    figures = fresh.router.queue_figures("q")
    assert (figures.offered, figures.answered, figures.waiting, figures.talking) == (4, 2, 2, 2)
    assert fresh.router.queue_figures(None).offered == 4


def test_an_agents_figures_survive_a_restart() -> None:
    center = Center(TWO_QUEUES)
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(30)
    center.release("ann")
    fresh = Center(policy([QueuePolicy("q")], {"ann": {}}))
    fresh.router.restore_figures(center.router.figures_snapshot())
    ann = fresh.router.agent_figures("ann")
    assert ann is not None
    assert (ann.answered, ann.handled_s) == (1, 30)
    Center(policy([QueuePolicy("q")], {"zoe": {}})).router.restore_figures(center.router.figures_snapshot())


def test_intervals_of_another_length_are_not_taken_over() -> None:
    center = Center(SKILLED)
    center.queue("c1", "tax")
    other = Center(policy([QueuePolicy("tax")], {"ann": {}}))
    other.router.restore_figures(center.router.figures_snapshot())
    assert other.router.queue_intervals(None) == []
    assert other.router.queue_figures("tax").offered == 1
    changes = other.router.figures_changes()
    assert [part.split("/")[0] for part, body in changes.items() if body is None] == ["interval"]
    assert other.router.figures_changes() == {}


def test_what_changed_in_the_figures_is_told_once_also_when_only_the_day_did() -> None:
    center = Center(TWO_QUEUES)
    center.queue("c1")
    assert "day" in center.router.figures_changes()
    assert center.router.figures_changes() == {}
    center.leave_for_elsewhere("c1")
    assert center.router.figures_changes() == {"contact/c1": ["q", center.now]}
    center.tell(ContactServedElsewhere(center.now, "x", "c1", "q", center.now, None))
    assert center.router.figures_changes()["contact/c1"] is None
    other = Center(TWO_QUEUES)
    other.router.figures_changes()
    other.apply(replace(TWO_QUEUES, interval_s=60.0))
    assert other.router.figures_changes()["day"]["interval_s"] == 60.0


def test_all_intervals_of_another_length_are_dropped_at_once() -> None:
    center = Center(TWO_QUEUES)
    for number in range(3):
        center.queue(f"c{number}")
        center.wait(1000)
    other = Center(replace(TWO_QUEUES, interval_s=60.0))
    other.router.restore_figures(center.router.figures_snapshot())
    assert list(other.router.figures_changes().values()).count(None) == 3


def test_work_of_any_kind_is_kept_over_a_restart() -> None:
    center = Center(TWO_QUEUES)
    center.ready("ann")
    center.wait(20)
    center.not_ready("ann")
    center.log_in("bob")
    center.engage("bob")
    center.wait(30)
    center.release("bob")
    saved = center.router.figures_snapshot()
    assert [saved["agent/ann"][:3], saved["agent/bob"][:3]] == [[0, 0.0, 20.0], [0, 30.0, 0.0]]
