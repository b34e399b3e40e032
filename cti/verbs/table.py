"""Every verb there is."""

from __future__ import annotations

from typing import Any

from cti.verbs.alter_contact import ALTER_CONTACT
from cti.verbs.answer import ANSWER
from cti.verbs.callbacks import ALTER_CALLBACK, CANCEL_CALLBACK, REQUEST_CALLBACK
from cti.verbs.campaigns import ADD_TO_CAMPAIGN
from cti.verbs.conference import CONFER, DROP
from cti.verbs.consult import CANCEL, COMPLETE, CONSULT, SWAP
from cti.verbs.dial import DIAL_OUT
from cti.verbs.hang_up import HANG_UP
from cti.verbs.hold import HOLD, RETRIEVE
from cti.verbs.intervention import END_CALL, FORCE_STATE
from cti.verbs.model import Verb
from cti.verbs.park import PARK, PICK_UP, RATE
from cti.verbs.sound import KEYS, MUTE
from cti.verbs.supervision import CHANGE_SUPERVISION, STOP_SUPERVISION, SUPERVISE, TAKE_OVER
from cti.verbs.transfer import TRANSFER

VERBS: tuple[Verb[Any], ...] = (
    ANSWER,
    HANG_UP,
    HOLD,
    RETRIEVE,
    TRANSFER,
    ALTER_CONTACT,
    CONSULT,
    COMPLETE,
    CANCEL,
    SWAP,
    CONFER,
    DROP,
    PARK,
    PICK_UP,
    RATE,
    DIAL_OUT,
    MUTE,
    KEYS,
    REQUEST_CALLBACK,
    ALTER_CALLBACK,
    CANCEL_CALLBACK,
    ADD_TO_CAMPAIGN,
    SUPERVISE,
    CHANGE_SUPERVISION,
    STOP_SUPERVISION,
    TAKE_OVER,
    FORCE_STATE,
    END_CALL,
)
