"""Every verb there is."""

from __future__ import annotations

from typing import Any

from cti.verbs.callbacks import ALTER_CALLBACK, CANCEL_CALLBACK, REQUEST_CALLBACK
from cti.verbs.campaigns import ADD_TO_CAMPAIGN
from cti.verbs.hang_up import HANG_UP
from cti.verbs.model import Verb

VERBS: tuple[Verb[Any], ...] = (
    HANG_UP,
    REQUEST_CALLBACK,
    ALTER_CALLBACK,
    CANCEL_CALLBACK,
    ADD_TO_CAMPAIGN,
)
