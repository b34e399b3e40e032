"""The life of an agent, a contact, a callback and an offer, as tables.

For every pair of state and trigger a table says which states may follow, that the trigger is ignored and why,
or that it is not allowed. The diagrams in docs/routing.md are drawn from these tables.
"""

from __future__ import annotations

from acd.model import AgentState, CallbackState, ContactState, OfferState
from acd.transitions import NO, Ignored, Table, to
from acd.triggers import AgentTrigger, CallbackTrigger, ContactTrigger, OfferTrigger

GONE = "gone"
"""A contact or callback that the router does not know: it never came, or it is over."""

CONTACT_STATES: tuple[str, ...] = (GONE, *ContactState)
CALLBACK_STATES: tuple[str, ...] = (GONE, *CallbackState)

_A = AgentState
_LOGGED_OUT, _NOT_READY, _READY = _A.LOGGED_OUT, _A.NOT_READY, _A.READY
_RESERVED, _BUSY, _WRAP_UP = _A.RESERVED, _A.BUSY, _A.WRAP_UP
_T = AgentTrigger
_KNOWN = Ignored("what the router knows is newer")
_ABSENT = Ignored("nobody is logged in")
_OUT = Ignored("takes no calls as it is")
_NOT_LOST = Ignored("it was not the phone that took the agent out")
_NOT_ENGAGED = Ignored("the router did not know the phone to be in use")

AGENT = Table(
    "agent",
    _LOGGED_OUT,
    tuple(AgentState),
    tuple(AgentTrigger),
    {
        _LOGGED_OUT: {
            _T.LOG_IN: to(_NOT_READY),
            _T.LOG_OUT: Ignored("already logged out"),
            _T.MOVED: NO,
            _T.PHONE_LOST: _ABSENT,
            _T.PHONE_BACK: _ABSENT,
            _T.READY: NO,
            _T.NOT_READY: NO,
            _T.ENGAGED: _ABSENT,
            _T.RELEASED: _ABSENT,
            _T.OFFERED: NO,
            _T.CONNECTED: Ignored("the call goes on, without an agent who could wrap it up"),
            _T.OFFER_WITHDRAWN: NO,
            _T.OFFER_FAILED: NO,
            _T.OFFER_LAPSED: _ABSENT,
            _T.WRAP_UP_EXTENDED: NO,
            _T.WRAP_UP_OVER: NO,
            _T.RESTED: NO,
            _T.PROMISED: NO,
            _T.PROMISE_OVER: NO,
            _T.RESTORED: to(_NOT_READY, _READY, _BUSY, _WRAP_UP),
        },
        _NOT_READY: {
            _T.LOG_IN: NO,
            _T.LOG_OUT: to(_LOGGED_OUT),
            _T.MOVED: to(_NOT_READY),
            _T.PHONE_LOST: _OUT,
            _T.PHONE_BACK: to(_READY),
            _T.READY: to(_READY),
            _T.NOT_READY: to(_NOT_READY),
            _T.ENGAGED: to(_BUSY),
            _T.RELEASED: _NOT_ENGAGED,
            _T.OFFERED: NO,
            _T.CONNECTED: to(_BUSY),
            _T.OFFER_WITHDRAWN: NO,
            _T.OFFER_FAILED: NO,
            _T.OFFER_LAPSED: _OUT,
            _T.WRAP_UP_EXTENDED: NO,
            _T.WRAP_UP_OVER: NO,
            _T.RESTED: NO,
            _T.PROMISED: NO,
            _T.PROMISE_OVER: NO,
            _T.RESTORED: _KNOWN,
        },
        _READY: {
            _T.LOG_IN: NO,
            _T.LOG_OUT: to(_LOGGED_OUT),
            _T.MOVED: to(_READY),
            _T.PHONE_LOST: to(_NOT_READY),
            _T.PHONE_BACK: _NOT_LOST,
            _T.READY: Ignored("already ready"),
            _T.NOT_READY: to(_NOT_READY),
            _T.ENGAGED: to(_BUSY),
            _T.RELEASED: _NOT_ENGAGED,
            _T.OFFERED: to(_RESERVED),
            _T.CONNECTED: to(_BUSY),
            _T.OFFER_WITHDRAWN: NO,
            _T.OFFER_FAILED: NO,
            _T.OFFER_LAPSED: to(_NOT_READY),
            _T.WRAP_UP_EXTENDED: NO,
            _T.WRAP_UP_OVER: NO,
            _T.RESTED: to(_READY),
            _T.PROMISED: to(_READY),
            _T.PROMISE_OVER: to(_READY),
            _T.RESTORED: _KNOWN,
        },
        _RESERVED: {
            _T.LOG_IN: NO,
            _T.LOG_OUT: to(_RESERVED),
            _T.MOVED: NO,
            _T.PHONE_LOST: to(_RESERVED),
            _T.PHONE_BACK: to(_RESERVED),
            _T.READY: to(_RESERVED),
            _T.NOT_READY: to(_RESERVED),
            _T.ENGAGED: to(_BUSY),
            _T.RELEASED: Ignored("the ringing ends with the offer"),
            _T.OFFERED: NO,
            _T.CONNECTED: to(_BUSY),
            _T.OFFER_WITHDRAWN: to(_READY, _NOT_READY, _WRAP_UP, _LOGGED_OUT),
            _T.OFFER_FAILED: to(_NOT_READY, _WRAP_UP, _LOGGED_OUT),
            _T.OFFER_LAPSED: to(_RESERVED),
            _T.WRAP_UP_EXTENDED: NO,
            _T.WRAP_UP_OVER: NO,
            _T.RESTED: NO,
            _T.PROMISED: NO,
            _T.PROMISE_OVER: NO,
            _T.RESTORED: _KNOWN,
        },
        _BUSY: {
            _T.LOG_IN: NO,
            _T.LOG_OUT: to(_BUSY),
            _T.MOVED: NO,
            _T.PHONE_LOST: to(_BUSY),
            _T.PHONE_BACK: to(_BUSY),
            _T.READY: to(_BUSY),
            _T.NOT_READY: to(_BUSY),
            _T.ENGAGED: Ignored("already busy"),
            _T.RELEASED: to(_WRAP_UP, _READY, _NOT_READY, _RESERVED, _LOGGED_OUT),
            _T.OFFERED: NO,
            _T.CONNECTED: to(_BUSY),
            _T.OFFER_WITHDRAWN: Ignored("busy with another call"),
            _T.OFFER_FAILED: Ignored("busy with another call"),
            _T.OFFER_LAPSED: to(_BUSY),
            _T.WRAP_UP_EXTENDED: NO,
            _T.WRAP_UP_OVER: NO,
            _T.RESTED: NO,
            _T.PROMISED: NO,
            _T.PROMISE_OVER: NO,
            _T.RESTORED: _KNOWN,
        },
        _WRAP_UP: {
            _T.LOG_IN: NO,
            _T.LOG_OUT: to(_LOGGED_OUT),
            _T.MOVED: to(_WRAP_UP),
            _T.PHONE_LOST: to(_WRAP_UP),
            _T.PHONE_BACK: to(_WRAP_UP),
            _T.READY: to(_READY),
            _T.NOT_READY: to(_NOT_READY),
            _T.ENGAGED: to(_BUSY),
            _T.RELEASED: _NOT_ENGAGED,
            _T.OFFERED: NO,
            _T.CONNECTED: to(_BUSY),
            _T.OFFER_WITHDRAWN: NO,
            _T.OFFER_FAILED: NO,
            _T.OFFER_LAPSED: to(_WRAP_UP),
            _T.WRAP_UP_EXTENDED: to(_WRAP_UP),
            _T.WRAP_UP_OVER: to(_READY, _NOT_READY, _LOGGED_OUT),
            _T.RESTED: NO,
            _T.PROMISED: NO,
            _T.PROMISE_OVER: NO,
            _T.RESTORED: _KNOWN,
        },
    },
)

_WAITING, _OFFERED, _CONNECTED = ContactState.WAITING, ContactState.OFFERED, ContactState.CONNECTED
_C = ContactTrigger

CONTACT = Table(
    "contact",
    GONE,
    CONTACT_STATES,
    tuple(ContactTrigger),
    {
        GONE: {
            _C.QUEUED: to(_WAITING),
            _C.OFFERED: NO,
            _C.CONNECTED: Ignored("the caller left first"),
            _C.FOUND_TALKING: to(_CONNECTED),
            _C.OFFER_ENDED: Ignored("the caller left first"),
            _C.ALTERED: Ignored("not queued, or already over"),
            _C.DIVERTED: NO,
            _C.LEFT: Ignored("not queued, or already over"),
            _C.SERVED_ELSEWHERE: to(GONE),
            _C.RELEASED: Ignored("already over"),
            _C.WITHDRAWN: NO,
            _C.UNREACHED: NO,
        },
        _WAITING: {
            _C.QUEUED: Ignored("already waits"),
            _C.OFFERED: to(_OFFERED),
            _C.CONNECTED: to(_CONNECTED),
            _C.FOUND_TALKING: to(_CONNECTED),
            _C.OFFER_ENDED: NO,
            _C.ALTERED: to(_WAITING),
            _C.DIVERTED: to(GONE),
            _C.LEFT: to(GONE),
            _C.SERVED_ELSEWHERE: to(GONE),
            _C.RELEASED: NO,
            _C.WITHDRAWN: to(GONE),
            _C.UNREACHED: NO,
        },
        _OFFERED: {
            _C.QUEUED: Ignored("already waits"),
            _C.OFFERED: NO,
            _C.CONNECTED: to(_CONNECTED),
            _C.FOUND_TALKING: to(_CONNECTED),
            _C.OFFER_ENDED: to(_WAITING),
            _C.ALTERED: to(_OFFERED),
            _C.DIVERTED: NO,
            _C.LEFT: to(GONE),
            _C.SERVED_ELSEWHERE: to(GONE),
            _C.RELEASED: NO,
            _C.WITHDRAWN: to(GONE),
            _C.UNREACHED: NO,
        },
        _CONNECTED: {
            _C.QUEUED: Ignored("already talks with an agent"),
            _C.OFFERED: NO,
            _C.CONNECTED: Ignored("already talks with an agent"),
            _C.FOUND_TALKING: Ignored("already talks with an agent"),
            _C.OFFER_ENDED: Ignored("already talks with an agent"),
            _C.ALTERED: Ignored("already talks with an agent"),
            _C.DIVERTED: NO,
            _C.LEFT: to(GONE),
            _C.SERVED_ELSEWHERE: Ignored("already talks with an agent"),
            _C.RELEASED: to(GONE),
            _C.WITHDRAWN: NO,
            _C.UNREACHED: to(GONE),
        },
    },
)

_K, _B = CallbackTrigger, CallbackState
_OVER = Ignored("not requested, or already over")
_IDLE = Ignored("no attempt is under way")

CALLBACK = Table(
    "callback",
    GONE,
    CALLBACK_STATES,
    tuple(CallbackTrigger),
    {
        GONE: {
            _K.REQUESTED: to(_B.SCHEDULED, _B.WAITING, _B.DIALLING, GONE),
            _K.JOINED: NO,
            _K.ALTERED: _OVER,
            _K.DUE: NO,
            _K.NOT_NOW: NO,
            _K.EXPIRED: NO,
            _K.ACCEPTED: NO,
            _K.TAKEN: _OVER,
            _K.REACHED: _OVER,
            _K.UNREACHED: _OVER,
            _K.OVERDUE: NO,
            _K.CANCELLED: _OVER,
            _K.CALLED_AGAIN: _OVER,
        },
        _B.SCHEDULED: {
            _K.REQUESTED: Ignored("already open"),
            _K.JOINED: to(_B.SCHEDULED, _B.WAITING, GONE),
            _K.ALTERED: to(_B.SCHEDULED, _B.WAITING, GONE),
            _K.DUE: to(_B.SCHEDULED, _B.WAITING),
            _K.NOT_NOW: NO,
            _K.EXPIRED: to(GONE),
            _K.ACCEPTED: NO,
            _K.TAKEN: to(_B.DIALLING),
            _K.REACHED: to(GONE),
            _K.UNREACHED: _IDLE,
            _K.OVERDUE: NO,
            _K.CANCELLED: to(GONE),
            _K.CALLED_AGAIN: to(GONE),
        },
        _B.WAITING: {
            _K.REQUESTED: Ignored("already open"),
            _K.JOINED: to(_B.SCHEDULED, _B.WAITING, GONE),
            _K.ALTERED: to(_B.SCHEDULED, _B.WAITING, GONE),
            _K.DUE: NO,
            _K.NOT_NOW: to(_B.SCHEDULED),
            _K.EXPIRED: to(GONE),
            _K.ACCEPTED: to(_B.DIALLING),
            _K.TAKEN: to(_B.DIALLING),
            _K.REACHED: to(GONE),
            _K.UNREACHED: _IDLE,
            _K.OVERDUE: NO,
            _K.CANCELLED: to(GONE),
            _K.CALLED_AGAIN: to(GONE),
        },
        _B.DIALLING: {
            _K.REQUESTED: Ignored("already open"),
            _K.JOINED: to(_B.DIALLING),
            _K.ALTERED: to(_B.DIALLING),
            _K.DUE: NO,
            _K.NOT_NOW: NO,
            _K.EXPIRED: NO,
            _K.ACCEPTED: NO,
            _K.TAKEN: Ignored("already being dialled"),
            _K.REACHED: to(GONE),
            _K.UNREACHED: to(_B.SCHEDULED, _B.WAITING, GONE),
            _K.OVERDUE: to(_B.SCHEDULED, _B.WAITING, GONE),
            _K.CANCELLED: to(_B.DIALLING),
            _K.CALLED_AGAIN: to(_B.DIALLING),
        },
    },
)

_O, _S = OfferTrigger, OfferState

OFFER = Table(
    "offer",
    _S.GONE,
    tuple(OfferState),
    tuple(OfferTrigger),
    {
        _S.GONE: {
            _O.MADE: to(_S.RINGING),
            _O.ANSWERED: Ignored("made before a restart; ContactRestored tells who talks"),
            _O.ENDED: Ignored("told again, or made before a restart"),
            _O.WITHDRAWN: NO,
            _O.OVERDUE: NO,
        },
        _S.RINGING: {
            _O.MADE: NO,
            _O.ANSWERED: to(_S.GONE),
            _O.ENDED: to(_S.GONE),
            _O.WITHDRAWN: to(_S.ENDING),
            _O.OVERDUE: to(_S.ENDING),
        },
        _S.ENDING: {
            _O.MADE: NO,
            _O.ANSWERED: to(_S.GONE),
            _O.ENDED: to(_S.GONE),
            _O.WITHDRAWN: Ignored("already cancelled"),
            _O.OVERDUE: to(_S.GIVEN_UP),
        },
        _S.GIVEN_UP: {
            _O.MADE: NO,
            _O.ANSWERED: to(_S.GONE),
            _O.ENDED: to(_S.GONE),
            _O.WITHDRAWN: Ignored("already given up"),
            _O.OVERDUE: to(_S.GONE),
        },
    },
)

TABLES = (AGENT, CONTACT, CALLBACK, OFFER)
