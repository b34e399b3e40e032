"""A desk phone that does what it is asked over SIP: answers by itself, and on the event `talk`.

As desk phones do: on an INVITE whose Call-Info has `answer-after=0`, and on a NOTIFY with the event `talk`
within the dialog of the call that rings.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.sip_party import _SipMessage
from tests.support.talking_party import TalkingParty


@dataclass
class DeskPhone(TalkingParty):
    """It talks from the answer on."""

    user_agent: str = "Yealink SIP-T46U 108.86.0.70"
    obeys_talk: bool = True
    """False: it takes the event, and does nothing about it."""
    answers_talk: str = "200 OK"
    told_to_talk: list[_SipMessage] = field(default_factory=list)
    """The NOTIFYs with `talk` that came."""
    answered_by_itself: bool = False

    def _on_request(self, request: _SipMessage) -> None:
        method = request.start.split(" ", 1)[0]
        if method == "NOTIFY" and request.get("Event").split(";")[0].strip() == "talk":
            self._told_to_talk(request)
            return
        super()._on_request(request)
        if method == "INVITE" and self._rings_for(request) and "answer-after=0" in request.get("Call-Info"):
            self.answered_by_itself = True
            self._take()

    def _told_to_talk(self, request: _SipMessage) -> None:
        self.told_to_talk.append(request)
        self._reply(request, self.answers_talk)
        taken = self.obeys_talk and self.answers_talk == "200 OK"
        if taken and self._rings_for(request) and request.get("To") == self.local:
            self._take()

    @property
    def local(self) -> str:
        """This side of its dialog, with the tag that it gave in the 180."""
        assert self._dialog
        return self._dialog.local

    def _rings_for(self, request: _SipMessage) -> bool:
        waits = self.ringing.is_set() and not self.up.is_set() and not self.ended.is_set()
        return waits and self._dialog is not None and request.get("Call-ID") == self._dialog.call_id

    def _take(self) -> None:
        self.answer()
        self.talk()
