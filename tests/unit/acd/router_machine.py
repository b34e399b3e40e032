"""Events of every kind in any order; after each, everything that must hold is worked out a second time."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from acd.events import (
    AgentEngaged,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentMoved,
    AgentNotReady,
    AgentPhoneBack,
    AgentPhoneLost,
    AgentReady,
    AgentReleased,
    AgentRestored,
    CallbackAltered,
    CallbackAttemptEnded,
    CallbackCancelled,
    CallbackRequested,
    CallbackTaken,
    ContactAltered,
    ContactLeft,
    ContactQueued,
    ContactRestored,
    ContactServedElsewhere,
    Event,
    OfferAnswered,
    OfferEnded,
    OfferLapsed,
    PlaceKept,
    PolicyChanged,
    TelephonyBack,
    TelephonyLost,
    TimePassed,
    WrapUpExtended,
)
from acd.model import AgentState, AttemptOutcome, CallbackMode, OfferOutcome, Policy, RoutingStep
from acd.router import Router
from tests.unit.acd.floorplan import START
from tests.unit.acd.random_day import WISHES
from tests.unit.acd.random_policies import AGENTS, QUEUES, policies, steps
from tests.unit.acd.watch import Watched

CONTACTS = ("c1", "c2", "c3", "c4", "c5", "c6")
CALLBACKS = ("k1", "k2", "k3")
CALLERS = ("of c1", "of c2")
SEATS = ("s1", "s2", "s3", "s4", "s5")
ENDS = tuple(outcome for outcome in OfferOutcome if outcome is not OfferOutcome.ACCEPTED)


class RouterMachine(RuleBasedStateMachine):
    """Events of every kind, most of them right and some not, told to a watched router and to a second one
    that is restored from a snapshot on the way."""

    @initialize(rules=policies())
    def open(self, rules: Policy) -> None:
        self.watched = Watched(rules)
        self.twin = Router(rules)
        self.policy = rules
        self.now = START
        self.told = 0
        self.stored: dict[str, Any] = {}

    def tell(self, event: Event) -> None:
        self.wake()
        self.told += 1
        said = self.watched.tell(event)
        if said is None:
            return
        assert self.twin.handle(event) == said
        if isinstance(event, PolicyChanged):
            self.policy = event.policy

    def wake(self) -> None:
        for said in iter(lambda: self.watched.wake(self.now), []):
            assert said
        while (due := self.twin.next_deadline()) is not None and due <= self.now:
            self.twin.handle(TimePassed(self.now, "wake"))

    @property
    def cause(self) -> str:
        return f"e{self.told}"

    @rule(agents=st.sets(st.sampled_from(AGENTS)))
    def staff_arrives(self, agents: set[str]) -> None:
        for agent in sorted(agents):
            self.tell(AgentLoggedIn(self.now, self.cause, agent, f"desk-{agent}"))
            self.tell(AgentReady(self.now, self.cause, agent))

    @rule(agent=st.sampled_from(AGENTS), seat=st.sampled_from(SEATS))
    def log_in(self, agent: str, seat: str) -> None:
        self.tell(AgentLoggedIn(self.now, self.cause, agent, seat))

    @rule(agent=st.sampled_from(AGENTS))
    def log_out(self, agent: str) -> None:
        self.tell(AgentLoggedOut(self.now, self.cause, agent))

    @rule(agent=st.sampled_from(AGENTS), seat=st.sampled_from(SEATS))
    def move(self, agent: str, seat: str) -> None:
        self.tell(AgentMoved(self.now, self.cause, agent, seat))

    @rule(agent=st.sampled_from(AGENTS), back=st.booleans())
    def phone_changes(self, agent: str, back: bool) -> None:
        kind = AgentPhoneBack if back else AgentPhoneLost
        self.tell(kind(self.now, self.cause, agent))

    @rule(back=st.sampled_from((True, True, False)))
    def telephony_changes(self, back: bool) -> None:
        kind = TelephonyBack if back else TelephonyLost
        self.tell(kind(self.now, self.cause))

    @rule(agent=st.sampled_from(AGENTS))
    def ready(self, agent: str) -> None:
        self.tell(AgentReady(self.now, self.cause, agent))

    @rule(agent=st.sampled_from(AGENTS))
    def not_ready(self, agent: str) -> None:
        self.tell(AgentNotReady(self.now, self.cause, agent, "lunch"))

    @rule(agent=st.sampled_from(AGENTS))
    def engage(self, agent: str) -> None:
        self.tell(AgentEngaged(self.now, self.cause, agent))

    @rule(agent=st.sampled_from(AGENTS))
    def release(self, agent: str) -> None:
        self.tell(AgentReleased(self.now, self.cause, agent))

    @rule(
        contact=st.sampled_from(CONTACTS),
        queue=st.sampled_from(QUEUES),
        priority=st.integers(0, 2),
        ago=st.sampled_from((0.0, 0.0, 20.0)),
    )
    def queue(self, contact: str, queue: str, priority: int, ago: float) -> None:
        self.tell(ContactQueued(self.now, self.cause, contact, queue, priority, self.now - ago))

    @rule(contact=st.sampled_from(CONTACTS), queue=st.sampled_from(QUEUES), own=steps)
    def queue_with_steps(self, contact: str, queue: str, own: tuple[RoutingStep, ...]) -> None:
        self.tell(ContactQueued(self.now, self.cause, contact, queue, 0, self.now, own, f"of {contact}"))

    @rule(contact=st.sampled_from(CONTACTS), queue=st.sampled_from(QUEUES), own=steps)
    def queue_once_more(self, contact: str, queue: str, own: tuple[RoutingStep, ...]) -> None:
        caller = f"of {contact}"
        self.tell(
            ContactQueued(self.now, self.cause, contact, queue, 0, self.now - 30, own, caller, returned=True)
        )

    @rule(
        contact=st.sampled_from(CONTACTS),
        queue=st.none() | st.sampled_from(QUEUES),
        priority=st.none() | st.integers(0, 3),
        own=st.none() | steps,
    )
    def alter(
        self, contact: str, queue: str | None, priority: int | None, own: tuple[RoutingStep, ...] | None
    ) -> None:
        self.tell(ContactAltered(self.now, self.cause, contact, queue, priority, own))

    @rule(agent=st.sampled_from(AGENTS), seconds=st.sampled_from((1.0, 20.0)))
    def extend_wrap_up(self, agent: str, seconds: float) -> None:
        self.tell(WrapUpExtended(self.now, self.cause, agent, seconds))

    @rule(contact=st.sampled_from(CONTACTS), cut_off=st.booleans())
    def leave(self, contact: str, cut_off: bool) -> None:
        self.tell(ContactLeft(self.now, self.cause, contact, cut_off))

    @rule(
        contact=st.sampled_from(CONTACTS),
        queue=st.sampled_from(QUEUES),
        agents=st.lists(st.sampled_from(AGENTS), max_size=2),
        ago=st.sampled_from((3.0, 20.0)),
    )
    def queue_after_a_restart(self, contact: str, queue: str, agents: list[str], ago: float) -> None:
        tried = tuple((agent, self.now - ago) for agent in agents)
        place_from = self.now - 2 * ago
        self.tell(
            ContactQueued(
                self.now, self.cause, contact, queue, 0, self.now - ago, tried=tried, place_from=place_from
            )
        )

    @rule(caller=st.sampled_from(CALLERS), left=st.none() | st.sampled_from((-1.0, 0.0, 20.0)))
    def keep_a_place(self, caller: str, left: float | None) -> None:
        until = None if left is None else self.now + left
        self.tell(PlaceKept(self.now, self.cause, caller, self.now - 30, until))

    @rule(agent=st.sampled_from((*AGENTS, "stranger")), outcome=st.sampled_from((*ENDS, *OfferOutcome)))
    def lapse(self, agent: str, outcome: OfferOutcome) -> None:
        self.tell(OfferLapsed(self.now, self.cause, agent, outcome))

    @rule(contact=st.sampled_from(CONTACTS))
    def leave_for_elsewhere(self, contact: str) -> None:
        self.tell(ContactLeft(self.now, self.cause, contact, waits_elsewhere=True))

    @rule(
        contact=st.sampled_from(CONTACTS),
        queue=st.sampled_from(QUEUES),
        answered_ago=st.none() | st.sampled_from((0.0, 15.0)),
        agent=st.none() | st.sampled_from((*AGENTS, "stranger")),
    )
    def serve_elsewhere(
        self, contact: str, queue: str, answered_ago: float | None, agent: str | None
    ) -> None:
        answered_at = None if answered_ago is None else self.now - answered_ago
        self.tell(
            ContactServedElsewhere(self.now, self.cause, contact, queue, self.now - 25, answered_at, agent)
        )

    @rule(contact=st.sampled_from(CONTACTS))
    def leave_for_a_callback(self, contact: str) -> None:
        self.tell(ContactLeft(self.now, self.cause, contact, takes_callback=True))

    @rule(contact=st.sampled_from(CONTACTS), queue=st.sampled_from(QUEUES))
    def take_a_callback_elsewhere(self, contact: str, queue: str) -> None:
        queued_at = self.now - 25
        self.tell(
            ContactServedElsewhere(self.now, self.cause, contact, queue, queued_at, None, takes_callback=True)
        )

    @rule(
        callback=st.sampled_from((*CALLBACKS, *CALLBACKS, CONTACTS[0])),
        queue=st.sampled_from(QUEUES),
        priority=st.integers(-1, 1),
        ago=st.sampled_from((0.0, 20.0)),
        caller=st.none() | st.sampled_from(CALLERS),
        owner=st.none() | st.sampled_from(AGENTS),
        earliest=st.none() | st.sampled_from((0.0, 15.0)),
        latest=st.none() | st.sampled_from((0.0, 10.0, 40.0)),
        mode=st.sampled_from((*CallbackMode, CallbackMode.AGENT_FIRST)),
        own=st.just(()) | steps,
        restored=st.booleans(),
        dialling=st.sampled_from((False, False, True)),
    )
    def request_callback(
        self,
        callback: str,
        queue: str,
        priority: int,
        ago: float,
        caller: str | None,
        owner: str | None,
        earliest: float | None,
        latest: float | None,
        mode: CallbackMode,
        own: tuple[RoutingStep, ...],
        restored: bool,
        dialling: bool,
    ) -> None:
        self.tell(
            CallbackRequested(
                self.now,
                self.cause,
                callback,
                queue,
                priority,
                self.now - ago,
                caller,
                owner,
                None if earliest is None else self.now + earliest,
                None if latest is None else self.now + latest,
                mode,
                own,
                restored=restored,
                dialling=dialling,
            )
        )

    @rule(
        callback=st.sampled_from(CALLBACKS),
        queue=st.none() | st.sampled_from(QUEUES),
        priority=st.none() | st.integers(-1, 2),
        owner=st.none() | st.sampled_from(AGENTS),
        own=st.none() | steps,
        earliest=st.none() | st.sampled_from((0.0, 15.0)),
        latest=st.none() | st.sampled_from((0.0, 30.0)),
    )
    def alter_callback(
        self,
        callback: str,
        queue: str | None,
        priority: int | None,
        owner: str | None,
        own: tuple[RoutingStep, ...] | None,
        earliest: float | None,
        latest: float | None,
    ) -> None:
        self.tell(
            CallbackAltered(
                self.now,
                self.cause,
                callback,
                queue,
                priority,
                owner,
                own,
                None if earliest is None else self.now + earliest,
                None if latest is None else self.now + latest,
            )
        )

    @rule(callback=st.sampled_from(CALLBACKS), called_again=st.booleans())
    def cancel_callback(self, callback: str, called_again: bool) -> None:
        self.tell(CallbackCancelled(self.now, self.cause, callback, called_again))

    @rule(callback=st.sampled_from(CALLBACKS))
    def take_callback(self, callback: str) -> None:
        self.tell(CallbackTaken(self.now, self.cause, callback))

    @rule(
        callback=st.sampled_from(CALLBACKS), outcome=st.sampled_from(AttemptOutcome), by_agent=st.booleans()
    )
    def end_attempt(self, callback: str, outcome: AttemptOutcome, by_agent: bool) -> None:
        self.tell(CallbackAttemptEnded(self.now, self.cause, callback, outcome, by_agent))

    @rule()
    def begin_a_day(self) -> None:
        self.wake()
        self.watched.new_day(self.now)
        self.twin.reset_figures(self.now)

    @rule()
    def restart_with_the_figures_alone(self) -> None:
        router = self.watched.router
        saved = json.loads(json.dumps(router.figures_snapshot()))
        restarted = Router(self.policy)
        restarted.restore_figures(saved)
        again = restarted.figures_snapshot()
        # Agents count again once they are restored, so that a restart before that takes their part as stored.
        working = {part for part in saved if part.startswith("agent/")}
        assert {part: again[part] for part in again if part not in working} == {
            part: saved[part] for part in saved if part not in working
        }
        self.stored |= router.figures_changes()
        self.stored = {part: body for part, body in self.stored.items() if body is not None}
        assert json.loads(json.dumps(self.stored)) == saved

    @precondition(lambda self: self.watched.router._floor.offers)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        offer = data.draw(st.sampled_from(list(self.watched.router._floor.offers)))
        self.tell(OfferAnswered(self.now, self.cause, offer))

    @precondition(lambda self: self.watched.router._floor.offers)
    @rule(data=st.data(), outcome=st.sampled_from((*ENDS, *ENDS, OfferOutcome.ACCEPTED)))
    def end(self, data: st.DataObject, outcome: OfferOutcome) -> None:
        offer = data.draw(st.sampled_from(list(self.watched.router._floor.offers)))
        self.tell(OfferEnded(self.now, self.cause, offer, outcome))

    @rule(seconds=st.sampled_from((0.5, 3.0, 10.0, 18.0, 70.0)))
    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.watched.router.next_deadline()) is not None and due <= until:
            assert self.twin.next_deadline() == due
            self.now = max(self.now, due)
            self.wake()
        self.now = until

    @rule(seconds=st.sampled_from((5.0, 30.0)))
    def wake_late(self, seconds: float) -> None:
        self.now += seconds
        self.tell(TimePassed(self.now, self.cause))

    @rule(rules=policies())
    def change_policy(self, rules: Policy) -> None:
        self.tell(PolicyChanged(self.now, self.cause, rules))

    @rule(
        agent=st.sampled_from(AGENTS),
        seat=st.sampled_from(SEATS),
        state=st.sampled_from(AgentState),
        until=st.sampled_from((None, 5.0)),
        wished=st.sampled_from(WISHES),
    )
    def restore_agent(
        self,
        agent: str,
        seat: str,
        state: AgentState,
        until: float | None,
        wished: tuple[AgentState, str | None],
    ) -> None:
        end, since = None if until is None else self.now + until, self.now - 30
        self.tell(AgentRestored(self.now, self.cause, agent, seat, state, "lunch", since, end, *wished))

    @rule(
        contact=st.sampled_from(CONTACTS),
        queue=st.sampled_from(QUEUES),
        agent=st.sampled_from((*AGENTS, "stranger")),
    )
    def restore_contact(self, contact: str, queue: str, agent: str) -> None:
        self.tell(ContactRestored(self.now, self.cause, contact, queue, 0, self.now - 30, agent))

    @rule()
    def restart_the_twin(self) -> None:
        saved: dict[str, Any] = json.loads(json.dumps(self.twin.snapshot()))
        self.twin = Router.restore(self.policy, saved)
        assert self.twin.snapshot() == self.watched.router.snapshot()
