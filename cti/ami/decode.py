"""Live AMI events into facts.

No clock, no I/O: the time of a fact is the reader's clock when the event came, given by the caller, so that
facts and the service's own events are on one clock. The decoder remembers only what one fact needs of an
earlier event.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from types import MappingProxyType

from acd.model import Instant, SeatId
from cti.ami.channels import dialled, endpoint_of, hangup_cause, number
from cti.ami.errors import MissingHeader
from cti.ami.messages import AmiMessage
from cti.ami.user_events import USER_EVENTS, On
from cti.calls.facts import (
    Fact,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegId,
    LegJoined,
    LegLeaving,
    LegLingers,
    LegParted,
    LegResumed,
    LegRinging,
    LegStarted,
    OriginateFailed,
    Phone,
    PhoneChanged,
)

RING_ACTION_ID = "ring/"
"""Prefix of the action id of an Originate; the leg's id follows."""

IGNORED = MappingProxyType(
    {
        "FullyBooted": "the client waits for it; a snapshot follows",
        "Shutdown": "the link drops next, and that is the fact",
        "SoftHangupRequest": "Asterisk's own wish to end a leg; the Hangup that follows is the fact",
        "NewAccountCode": "a leg's call is told by the dialplan's events or is our own offer's",
        "NewCallerid": "the numbers are read when the leg starts",
        "NewConnectedLine": "what a phone displays is no fact about the call",
        "Newexten": "a step of the dialplan",
        "VarSet": "a step of the dialplan",
        "DialBegin": "each leg's own events tell the same",
        "DialState": "each leg's own events tell the same",
        "DialEnd": "each leg's own events tell the same",
        "BridgeCreate": "an empty bridge connects nobody",
        "BridgeDestroy": "an empty bridge connects nobody",
        "BridgeMerge": "legs enter and leave bridges with events of their own",
        "DeviceStateChange": "the phone's contact tells it, during a call too",
        "PeerStatus": "the phone's contact tells the same",
        "QueueMemberStatus": "the fallback queue is Asterisk's own affair",
        "QueueMemberPause": "echo of our own action",
        "QueueCallerJoin": "the dialplan's HotlineFallback tells it",
        "QueueCallerLeave": "the leg's bridge or its end tells it",
        "MixMonitorStart": "the dialplan's HotlineRecordingStarted tells it with the call",
        "MixMonitorStop": "the dialplan's HotlineRecordingFinished tells it with the call",
        "MusicOnHoldStart": "the phone's Hold and the dialplan's HotlineHeld tell why",
        "MusicOnHoldStop": "the phone's Hold and the dialplan's HotlineHeld tell why",
        "SuccessfulAuth": "security log",
        "ChallengeSent": "security log",
        "RTCPSent": "media quality is not measured here",
        "RTCPReceived": "media quality is not measured here",
        "TestEvent": "Asterisk's own tests",
        "Reload": "the dialplan is Asterisk's own affair",
    }
)
"""Events that are known and not used, with the reason. The manager's event filter keeps most from coming."""

_RINGING, _UP = "5", "6"
_REACHABLE = {"Reachable": True, "Unreachable": False}
"""What Asterisk found when it asked a contact. Any other status says that it has not asked."""
_GONE = "Removed"
_REMEMBERED_ENDS = 1024
_REASON_OF_CAUSE = {17: "busy", 18: "no_answer", 19: "no_answer", 21: "rejected"}
_REASON_OF_ORIGINATE = {"3": "no_answer", "5": "busy"}
"""AMI's OriginateResponse gives the last control frame: 3 ringing, 5 busy; anything else says nothing."""

_TOLD_AT_THE_END = "HotlineQuality"


class LiveDecoder:
    """One link's events into facts; `reset` it when the link was lost. `trunks` are the endpoints that are
    no seats.

    `unknown` counts events that are in no table, by name; `foreign` counts events of channels that are no
    phone's.
    """

    def __init__(self, trunks: frozenset[str]) -> None:
        self._trunks = trunks
        self.unknown: Counter[str] = Counter()
        self.foreign: Counter[str] = Counter()
        self._handlers: dict[str, Callable[[AmiMessage, Instant, str], list[Fact]]] = {
            "Newchannel": self._new_channel,
            "Newstate": self._new_state,
            "HangupRequest": self._hangup_request,
            "Hangup": self._hangup,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "Hold": self._hold,
            "Unhold": self._unhold,
            "OriginateResponse": self._originate_response,
            "UserEvent": self._user_event,
            "ContactStatus": self._contact_status,
        }
        self.reset()

    def reset(self) -> None:
        """Forget what earlier events said; the counts stay."""
        self._alive: set[LegId] = set()
        self._answered: set[LegId] = set()
        self._peer_hung_up: set[LegId] = set()
        self._given_up: set[LegId] = set()
        self._ended: OrderedDict[LegId, int] = OrderedDict()

    def decode(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        """The facts that an event states, in order. Raises MissingHeader or ValueError when it is
        malformed.
        """
        handler = self._handlers.get(message.event)
        if handler is not None:
            return handler(message, at, cause)
        if message.event not in IGNORED:
            self.unknown[message.event] += 1
        return []

    def _phone_leg(self, message: AmiMessage) -> LegId | None:
        if endpoint_of(message["Channel"]) is None:
            self.foreign[message["Channel"].split("/", 1)[0]] += 1
            return None
        return message["Uniqueid"]

    def _new_channel(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        leg = self._phone_leg(message)
        endpoint = endpoint_of(message["Channel"])
        if leg is None or endpoint is None:
            return []
        self._alive.add(leg)
        return [
            LegStarted(
                at,
                cause,
                leg,
                channel=message["Channel"],
                endpoint=endpoint,
                call=message["AccountCode"] or None,
                linked=message["Linkedid"],
                number=number(message["CallerIDNum"]),
                dialled=dialled(message["Exten"]),
            )
        ]

    def _new_state(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        leg = self._phone_leg(message)
        if leg is None:
            return []
        if message["ChannelState"] == _RINGING:
            return [LegRinging(at, cause, leg)]
        if message["ChannelState"] == _UP:
            self._answered.add(leg)
            return [LegAnswered(at, cause, leg)]
        return []

    def _hangup_request(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        """Sent when the far end of a leg asked for its end (`ast_queue_hangup`), never when Asterisk did."""
        leg = self._phone_leg(message)
        if leg is None or leg in self._peer_hung_up:
            return []
        self._peer_hung_up.add(leg)
        return [LegLeaving(at, cause, leg)]

    def _hangup(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        leg = self._phone_leg(message)
        if leg is None:
            return []
        by_peer = leg in self._peer_hung_up
        q850 = hangup_cause(int(message["Cause"]), by_peer)
        facts: list[Fact] = [LegEnded(at, cause, leg, hangup_cause=q850, hung_up_by_peer=by_peer)]
        if leg in self._given_up:
            facts.append(OriginateFailed(at, cause, leg, _REASON_OF_CAUSE.get(q850, "failed")))
        for known in (self._alive, self._answered, self._peer_hung_up, self._given_up):
            known.discard(leg)
        self._ended[leg] = q850
        if len(self._ended) > _REMEMBERED_ENDS:
            self._ended.popitem(last=False)
        return facts

    def _bridge_enter(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        leg = self._phone_leg(message)
        if leg is None:
            return []
        joined = LegJoined(at, cause, leg, message["BridgeUniqueid"])
        return [joined, LegLingers(at, cause, leg)] if leg in self._peer_hung_up else [joined]

    def _bridge_leave(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        leg = self._phone_leg(message)
        return [LegParted(at, cause, leg, message["BridgeUniqueid"])] if leg else []

    def _hold(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        leg = self._phone_leg(message)
        return [LegHeld(at, cause, leg)] if leg else []

    def _unhold(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        leg = self._phone_leg(message)
        return [LegResumed(at, cause, leg)] if leg else []

    def _originate_response(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        """Asterisk sends it before or after the leg's Hangup, whichever thread is quicker: the failure is
        told after the end, with the end's cause, which is the better reason.
        """
        if message["Response"] == "Success":
            return []
        action_id = message.get("ActionID", "")
        leg = (
            action_id.removeprefix(RING_ACTION_ID)
            if action_id.startswith(RING_ACTION_ID)
            else message["Uniqueid"]
        )
        if leg in self._answered:
            return []
        if leg in self._alive:
            self._given_up.add(leg)
            return []
        if leg in self._ended:
            reason = _REASON_OF_CAUSE.get(self._ended[leg], "failed")
        else:
            reason = _REASON_OF_ORIGINATE.get(message.get("Reason", ""), "failed")
        return [OriginateFailed(at, cause, leg, reason)]

    def given_up(self, leg: LegId) -> None:
        """The Originate of a leg that is alive failed, and so it was told before the leg was shown."""
        self._given_up.add(leg)

    def _user_event(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        name = message["UserEvent"]
        build = USER_EVENTS.get(name)
        if build is None:
            self.unknown[f"UserEvent {name}"] += 1
            return []
        if "Uniqueid" not in message:
            if name == _TOLD_AT_THE_END:
                return []  # of the `Surrogate/` that Asterisk ends in a leg's place: see `LegLingers`
            raise MissingHeader(name, "Uniqueid")
        return [build(On(at, cause, message["Uniqueid"], message["Channel"]), message)]

    def _contact_status(self, message: AmiMessage, at: Instant, cause: str) -> list[Fact]:
        if message["EndpointName"] in self._trunks:
            return []
        status = message["ContactStatus"]
        phone = contact(message["EndpointName"], message["URI"], status, message.get("RoundtripUsec", ""))
        return [PhoneChanged(at, cause, phone, gone=status == _GONE)]


def contact(seat: SeatId, uri: str, status: str, rtt_us: str, user_agent: str = "") -> Phone:
    """A phone from what Asterisk says of a contact. Only of one that answers the time it took is known."""
    reachable = _REACHABLE.get(status)
    rtt_s = int(rtt_us) / 1e6 if reachable and rtt_us.isdigit() else None
    return Phone(seat, uri, reachable, rtt_s, user_agent)
