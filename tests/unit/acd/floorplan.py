"""A small call center to write routing tests against: one method for each thing that can happen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from acd.effects import CancelOffer, Effect, MakeOffer
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
    Event,
    OfferAnswered,
    OfferEnded,
    PolicyChanged,
    TelephonyBack,
    TelephonyLost,
    TimePassed,
    WrapUpExtended,
)
from acd.model import (
    AgentPolicy,
    AgentState,
    AttemptOutcome,
    Calendar,
    OfferOutcome,
    OpeningHours,
    Policy,
    QueuePolicy,
)
from acd.records import AgentRecord, CallbackRecord, ContactRecord
from acd.router import Router

E = TypeVar("E")
START = 1_763_942_400.0
DAILY = tuple(range(7))
CLOSES_SOON = Calendar((OpeningHours(DAILY, 0, 28_800 + 60), OpeningHours(DAILY, 28_800 + 120, 86_400)))
"""08:00 in China is `START`: open until 08:01, and again from 08:02."""
TAKES_OUT = (
    (OfferOutcome.NO_ANSWER, "rona"),
    (OfferOutcome.REJECTED, "rejected"),
    (OfferOutcome.BUSY, "busy_elsewhere"),
    (OfferOutcome.FAILED, "phone_unreachable"),
)
"""How an offer ends that takes its agent out, and as what."""


def policy(
    queues: Iterable[QueuePolicy] = (),
    agents: Mapping[str, Mapping[str, int] | AgentPolicy] | None = None,
    **rest: Any,
) -> Policy:
    """Queues as given (one named `q` by default), agents by their skills or by their whole policy."""
    named = list(queues) or [QueuePolicy("q")]
    return Policy(
        queues={queue.queue: queue for queue in named},
        agents={
            name: terms if isinstance(terms, AgentPolicy) else AgentPolicy(name, terms)
            for name, terms in (agents or {"ann": {}}).items()
        },
        **rest,
    )


TWO_QUEUES = policy([QueuePolicy("q"), QueuePolicy("p")], {"ann": {}, "bob": {}})


class Center:
    """A router with a clock that only moves when told to, and everything that it said."""

    def __init__(self, rules: Policy) -> None:
        self.router = Router(rules)
        self.now = START
        self.log: list[Event] = []
        self.said: tuple[Effect, ...] = ()
        self.all_said: list[Effect] = []

    def tell(self, event: Event) -> tuple[Effect, ...]:
        self.said = self.router.handle(event)
        self.log.append(event)
        self.all_said.extend(self.said)
        return self.said

    @property
    def cause(self) -> str:
        return f"t{len(self.log)}"

    def leave_for_callback(self, contact: str) -> tuple[Effect, ...]:
        return self.tell(ContactLeft(self.now, self.cause, contact, takes_callback=True))

    def wait(self, seconds: float) -> tuple[Effect, ...]:
        """Lets time pass, waking the router at its deadlines as the service does."""
        until = self.now + seconds
        said: list[Effect] = []
        while (due := self.router.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            said += self.tell(TimePassed(self.now, self.cause))
        self.now = until
        self.said = tuple(said)
        return self.said

    def queue(
        self,
        contact: str,
        queue: str = "q",
        priority: int = 0,
        queued_at: float | None = None,
        **rest: Any,
    ) -> tuple[Effect, ...]:
        at = self.now if queued_at is None else queued_at
        return self.tell(ContactQueued(self.now, self.cause, contact, queue, priority, at, **rest))

    def alter(self, contact: str, **changes: Any) -> tuple[Effect, ...]:
        return self.tell(ContactAltered(self.now, self.cause, contact, **changes))

    def leave(self, contact: str, cut_off: bool = False) -> tuple[Effect, ...]:
        return self.tell(ContactLeft(self.now, self.cause, contact, cut_off))

    def leave_for_elsewhere(self, contact: str) -> tuple[Effect, ...]:
        return self.tell(ContactLeft(self.now, self.cause, contact, waits_elsewhere=True))

    def request_callback(
        self,
        callback: str,
        queue: str = "q",
        priority: int = 0,
        queued_at: float | None = None,
        **rest: Any,
    ) -> tuple[Effect, ...]:
        at = self.now if queued_at is None else queued_at
        return self.tell(CallbackRequested(self.now, self.cause, callback, queue, priority, at, **rest))

    def alter_callback(self, callback: str, **changes: Any) -> tuple[Effect, ...]:
        return self.tell(CallbackAltered(self.now, self.cause, callback, **changes))

    def cancel_callback(self, callback: str, called_again: bool = False) -> tuple[Effect, ...]:
        return self.tell(CallbackCancelled(self.now, self.cause, callback, called_again))

    def take_callback(self, callback: str) -> tuple[Effect, ...]:
        return self.tell(CallbackTaken(self.now, self.cause, callback))

    def end_attempt(
        self, callback: str, outcome: AttemptOutcome, *, by_agent: bool = False
    ) -> tuple[Effect, ...]:
        return self.tell(CallbackAttemptEnded(self.now, self.cause, callback, outcome, by_agent))

    def callback(self, callback: str) -> CallbackRecord:
        record = self.router.callback(callback)
        assert record is not None
        return record

    def log_in(self, agent: str, seat: str | None = None) -> tuple[Effect, ...]:
        return self.tell(AgentLoggedIn(self.now, self.cause, agent, seat or f"seat-{agent}"))

    def log_out(self, agent: str) -> tuple[Effect, ...]:
        return self.tell(AgentLoggedOut(self.now, self.cause, agent))

    def ready(self, *agents: str) -> tuple[Effect, ...]:
        """Logs in whoever is not, and makes all of them ready."""
        said: tuple[Effect, ...] = ()
        for agent in agents:
            if self.agent(agent).state is AgentState.LOGGED_OUT:
                self.log_in(agent)
            said += self.tell(AgentReady(self.now, self.cause, agent))
        self.said = said
        return said

    def not_ready(self, agent: str, reason: str = "lunch") -> tuple[Effect, ...]:
        return self.tell(AgentNotReady(self.now, self.cause, agent, reason))

    def move(self, agent: str, seat: str) -> tuple[Effect, ...]:
        return self.tell(AgentMoved(self.now, self.cause, agent, seat))

    def lose_phone(self, agent: str) -> tuple[Effect, ...]:
        return self.tell(AgentPhoneLost(self.now, self.cause, agent))

    def phone_back(self, agent: str) -> tuple[Effect, ...]:
        return self.tell(AgentPhoneBack(self.now, self.cause, agent))

    def extend_wrap_up(self, agent: str, seconds: float) -> tuple[Effect, ...]:
        return self.tell(WrapUpExtended(self.now, self.cause, agent, seconds))

    def lose_telephony(self) -> tuple[Effect, ...]:
        return self.tell(TelephonyLost(self.now, self.cause))

    def telephony_back(self) -> tuple[Effect, ...]:
        return self.tell(TelephonyBack(self.now, self.cause))

    def engage(self, agent: str) -> tuple[Effect, ...]:
        return self.tell(AgentEngaged(self.now, self.cause, agent))

    def release(self, agent: str) -> tuple[Effect, ...]:
        return self.tell(AgentReleased(self.now, self.cause, agent))

    def answer(self, offer: str) -> tuple[Effect, ...]:
        return self.tell(OfferAnswered(self.now, self.cause, offer))

    def end(self, offer: str, outcome: OfferOutcome = OfferOutcome.NO_ANSWER) -> tuple[Effect, ...]:
        return self.tell(OfferEnded(self.now, self.cause, offer, outcome))

    def apply(self, rules: Policy) -> tuple[Effect, ...]:
        return self.tell(PolicyChanged(self.now, self.cause, rules))

    def restore_agent(
        self,
        agent: str,
        state: AgentState,
        reason: str | None = None,
        until: float | None = None,
        seat: str | None = None,
        wished: tuple[AgentState, str | None] = (AgentState.READY, None),
    ) -> tuple[Effect, ...]:
        return self.tell(
            AgentRestored(
                self.now,
                self.cause,
                agent,
                seat or f"seat-{agent}",
                state,
                reason,
                self.now - 60,
                until,
                *wished,
            )
        )

    def restore_contact(self, contact: str, agent: str, queue: str = "q") -> tuple[Effect, ...]:
        return self.tell(ContactRestored(self.now, self.cause, contact, queue, 0, self.now - 30, agent))

    def agent(self, agent: str) -> AgentRecord:
        record = self.router.agent(agent)
        assert record is not None
        return record

    def contact(self, contact: str) -> ContactRecord:
        record = self.router.contact(contact)
        assert record is not None
        return record

    def heard(self, kind: type[E]) -> list[E]:
        """The effects of one kind among what was said last."""
        return [effect for effect in self.said if isinstance(effect, kind)]

    def cancelled(self) -> list[str]:
        """The offers whose ringing was ended by what was said last."""
        return [effect.offer for effect in self.heard(CancelOffer)]

    def offer(self) -> MakeOffer:
        """The one offer among what was said last."""
        offers = self.heard(MakeOffer)
        assert len(offers) == 1, self.said
        return offers[0]

    def connect(self, contact: str, agent: str, queue: str = "q") -> str:
        """Queues the contact and has the (ready) agent answer it."""
        self.queue(contact, queue)
        offer = self.offer()
        assert offer.agent == agent
        self.answer(offer.offer)
        return offer.offer


def served_in_turn(center: Center, *, callers: int, answers: int) -> None:
    """Callers c0, c1 and so on wait; ann answers so many of them, ten seconds after one another."""
    for number in range(callers):
        center.queue(f"c{number}")
    center.ready("ann")
    for _ in range(answers):
        center.answer(center.offer().offer)
        center.wait(10)
        center.release("ann")
