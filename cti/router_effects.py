"""What follows from what the router decided: phones ring, callers are moved, agents' states change. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from acd import effects as fx
from acd.model import AgentState, CallbackMode, Diversion, Instant
from acd.router import Router
from cti.callbacks.book import CallbackBook
from cti.calls.actions import HangUp, MoveToQueue, OfferCallback, RingSeat, SendAway
from cti.calls.model import CallModel
from cti.calls.outputs import Output
from cti.desk import Desk
from cti.dialler import Dialler
from cti.fallback import SeatPauses
from cti.kept_places import KeptPlaces
from cti.records_json import Draft, encode
from cti.step import Step


class RouterEffects:
    """Carries the router's effects out: in the call model, in the callbacks, and at the desk."""

    def __init__(
        self,
        router: Router,
        calls: CallModel,
        callbacks: CallbackBook,
        desk: Desk,
        pauses: SeatPauses,
        places: KeptPlaces,
        dialler: Dialler,
    ) -> None:
        self._router = router
        self._calls = calls
        self._callbacks = callbacks
        self._desk = desk
        self._pauses = pauses
        self._dialler = dialler
        self._places = places

    def take(self, effects: Iterable[fx.Effect], at: Instant, step: Step) -> list[Output]:
        """Adds to the step what is to be done and journaled; gives what the call model concludes."""
        outputs: list[Output] = []
        for effect in effects:
            match effect:
                case fx.MakeOffer() if effect.callback:
                    outputs += self._calls.offer_made(effect, at)
                    step.actions.append(
                        self._callbacks.dial(effect, self._router.no_longer_from(effect.contact))
                    )
                case fx.MakeOffer():
                    outputs += self._ring(effect, at, step)
                case fx.DialCallback() if effect.mode is CallbackMode.CUSTOMER_FIRST:
                    self._dialler.dial(effect.callback, effect.cause)
                case fx.CallbackChanged():
                    self._dialler.changed(effect)
                    work = self._callbacks.changed(effect)
                    step.keep(work.drafts, work.state)
                case fx.CancelOffer():
                    step.actions.append(HangUp(effect.cause, effect.offer))
                case fx.AgentChanged():
                    outputs += self._agent_changed(effect, step)
                case fx.OfferClosed():
                    outputs += self._calls.offer_closed(effect)
                case fx.ContactDiverted():
                    outputs += self._divert(effect, at, step)
                case fx.PlaceChanged():
                    step.state |= self._places.changed(effect)
                case fx.Decided():
                    step.drafts.append(Draft(effect.at, "decision", effect.decision, encode(effect)))
                case _:
                    pass
        return outputs

    def _ring(self, offer: fx.MakeOffer, at: Instant, step: Step) -> tuple[Output, ...]:
        call = self._calls.calls[offer.contact]
        outputs = self._calls.offer_made(offer, at)
        step.actions.append(
            RingSeat(
                cause=offer.cause,
                leg=offer.offer,
                seat=offer.seat,
                call=offer.contact,
                caller_channel=call.caller_channel,
                queue=call.record.queue or "",
                shown_number=call.record.number,
                ring_timeout_s=offer.ring_timeout_s,
                auto_answer=offer.auto_answer,
            )
        )
        return outputs

    def _divert(self, diverted: fx.ContactDiverted, at: Instant, step: Step) -> tuple[Output, ...]:
        cause, channel = diverted.cause, self._calls.calls[diverted.contact].caller_channel
        match diverted.to:
            case Diversion.QUEUE:
                step.actions.append(MoveToQueue(cause, channel, diverted.target))
                return self._calls.altered(diverted.contact, at, cause, queue=diverted.target)
            case Diversion.MESSAGE | Diversion.BUSY:
                prompt = diverted.target if diverted.to is Diversion.MESSAGE else None
                step.actions.append(SendAway(cause, channel, prompt))
                return self._calls.sent_away(diverted.contact, at, cause)
            case Diversion.CALLBACK:  # the caller waits on
                step.actions.append(OfferCallback(cause, channel))
                return ()

    def _agent_changed(self, change: fx.AgentChanged, step: Step) -> list[Output]:
        agents, agent_at = self._desk.agents, self._desk.agent_at
        outputs: list[Output] = []
        before = agents.get(change.agent)
        body = encode(change)
        if change.state is AgentState.LOGGED_OUT:
            change = replace(change, seat=None)  # the record says which seat was left; from now on it is free
        agents[change.agent] = change
        step.drafts.append(Draft(change.at, "agent_state", change.agent, body))
        step.state[f"agent/{change.agent}"] = body
        seat_before = before.seat if before else None
        if seat_before != change.seat:
            if seat_before is not None:
                agent_at.pop(seat_before, None)
                outputs += self._calls.agent_sat(seat_before, None, change.at, change.cause)
                step.actions += self._pauses.tell(seat_before, change.cause)
            if change.seat is not None:
                agent_at[change.seat] = change.agent
                outputs += self._calls.agent_sat(change.seat, change.agent, change.at, change.cause)
        if change.seat is not None:
            step.actions += self._pauses.tell(change.seat, change.cause)
        return outputs
