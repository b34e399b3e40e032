"""What follows when time passes, and when operations staff change the policy."""

from __future__ import annotations

from acd.callbacks import callback_due, hours_changed
from acd.consequences import go_on, let_go
from acd.events import PolicyChanged, TimePassed
from acd.floor import Floor
from acd.hours import in_force
from acd.model import AgentState, OfferOutcome, OfferState
from acd.overflow import WHILE_WAITING, divert_if_due
from acd.policy import check_policy
from acd.records import Agent, Offer
from acd.triggers import AgentTrigger, OfferTrigger


def time_passed(floor: Floor, event: TimePassed) -> None:
    while (key := floor.timers.pop_due(event.at)) is not None:
        kind, name = key
        if kind == "wrap_up":
            go_on(floor, floor.agents[name], AgentTrigger.WRAP_UP_OVER)
        elif kind == "offer":
            offer_overdue(floor, floor.offers[name])
        elif kind == "rest":
            floor.end_rest(floor.agents[name])
        elif kind == "hours":
            floor.keep_hours(name)
        elif kind == "overflow":
            divert_if_due(floor, floor.contacts[name], WHILE_WAITING)
        elif kind == "callback":
            callback_due(floor, floor.callbacks[name])
        elif kind == "kept":
            floor.take_kept_place(name)
        else:
            floor.place_again(floor.contacts[name])


def offer_overdue(floor: Floor, offer: Offer) -> None:
    if offer.state is OfferState.RINGING:
        floor.withdraw_offer(offer, OfferTrigger.OVERDUE, OfferOutcome.NO_ANSWER)
    elif offer.state is OfferState.ENDING:
        offer.outcome = None
        let_go(floor, offer, OfferOutcome.FAILED)
        floor.give_up_offer(offer)
    else:
        floor.drop_offer(offer)


def policy_changed(floor: Floor, event: PolicyChanged) -> None:
    check_policy(event.policy)
    kept = {queue: terms for queue, terms in floor.terms.items() if queue in floor.open_contacts}
    for queue in floor.terms:
        floor.timers.cancel(("hours", queue))
    floor.policy = event.policy
    if event.policy.interval_s != floor.figures.intervals.interval_s:
        for everyone in floor.agents.values():
            floor.count_time(everyone)
        floor.figures.intervals.change_interval(event.policy.interval_s)
    floor.terms = kept | dict(event.policy.queues)
    floor.queues = {queue: in_force(terms, event.at) for queue, terms in floor.terms.items()}
    floor.watch_hours()
    for name in list(floor.agents):
        if name not in event.policy.agents and floor.agents[name].state is AgentState.LOGGED_OUT:
            del floor.agents[name]
            floor.figures.changes.note("agent", name)
    for name, terms in event.policy.agents.items():
        agent = floor.agents.get(name)
        if agent is None:
            floor.agents[name] = Agent(name, terms)
        else:
            agent.employ(terms)
    floor.seat_everybody_again()
    for callback in list(floor.callbacks.values()):
        hours_changed(floor, callback)
