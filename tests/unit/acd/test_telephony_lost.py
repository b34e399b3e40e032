"""While no phone can be rung nobody is offered or dialled, and then everybody at once."""

from __future__ import annotations

from acd.effects import Decided, DialCallback, MakeOffer
from acd.events import TelephonyBack
from acd.model import AgentState, CallbackMode, OfferOutcome
from acd.router import Router
from tests.unit.acd.floorplan import Center, policy


def test_while_no_phone_can_be_rung_nobody_is_offered_and_then_everybody_at_once() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    center.ready("ann")
    center.lose_telephony()
    center.queue("c2")
    center.ready("bob")
    center.request_callback("k1", queued_at=center.now - 60)
    center.request_callback("k2", mode=CallbackMode.CUSTOMER_FIRST)
    center.wait(60)
    center.apply(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    assert not [each for each in center.all_said if isinstance(each, Decided | MakeOffer | DialCallback)]
    assert {center.agent(name).state for name in ("ann", "bob")} == {AgentState.READY}
    center.ready("cyd")
    center.telephony_back()
    assert [(offer.contact, offer.agent) for offer in center.heard(MakeOffer)] == [
        ("k1", "ann"),
        ("c2", "bob"),
    ], "in the order of their places"
    assert [dial.callback for dial in center.heard(DialCallback)] == ["k2"]
    center.telephony_back()
    assert not center.said, "told again"


def test_an_agent_who_went_while_no_phone_could_be_rung_is_not_asked() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.lose_telephony()
    center.ready("ann", "bob")
    center.queue("c1")
    center.log_out("ann")
    center.apply(policy(agents={"bob": {}}))
    center.telephony_back()
    assert center.offer().agent == "bob"


def test_an_offer_that_ends_while_no_phone_can_be_rung_is_made_again_when_one_can() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    first = center.offer().offer
    center.lose_telephony()
    center.end(first, OfferOutcome.CANCELLED)
    assert center.agent("ann").state is AgentState.READY
    assert not center.heard(MakeOffer)
    center.telephony_back()
    assert center.offer().contact == "c1"


def test_a_router_restored_while_no_phone_can_be_rung_makes_the_same_offers_then() -> None:
    rules = policy()
    center = Center(rules)
    center.lose_telephony()
    center.ready("ann")
    center.queue("c1")
    twin = Router.restore(rules, center.router.snapshot())
    back = TelephonyBack(center.now, "back")
    assert twin.handle(back) == center.tell(back)
    assert center.offer().contact == "c1"
