"""Actions into AMI headers (docs/dialplan.md). Pure; what may not leave is refused with AmiInputError."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cti.ami.decode import RING_ACTION_ID
from cti.ami.errors import AmiInputError
from cti.ami.messages import Headers, check_headers
from cti.calls.actions import (
    Action,
    Announce,
    AnswerFeature,
    AnswerPhone,
    Beat,
    DialCitizen,
    DialFromSeat,
    EndLeg,
    HangUp,
    MoveToQueue,
    Mute,
    NotePriority,
    NoteSteps,
    OfferCallback,
    PauseSeat,
    Place,
    PressKey,
    RingParty,
    RingSeat,
    RingSupervisor,
    SendAway,
    SendLeg,
    SendSupervisor,
    SetFact,
    TakeOver,
)

# An id also ends up in file names and dialplan variables. No '/', so `Hangup`'s /regex/ form cannot be
# meant; no ',', at which AMI splits `Variable`; no longer than Asterisk keeps an account code (79).
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,78}")
_CHANNEL = re.compile(r"[A-Za-z]+/[A-Za-z0-9_.@+-]{1,100}")
_FACT = re.compile(r"HL_[A-Z_]{1,30}")
_FACT_VALUE = re.compile(r"[A-Za-z0-9_.@+/-]{0,120}")
_NUMBER = re.compile(r"\+?[0-9]{1,24}")
_STEPS = re.compile(r"[A-Za-z0-9_-]{1,700}")
_KEY = re.compile(r"[0-9*#A-D]")
_PROMPT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_AUTO_ANSWER = (
    "PJSIP_HEADER(add,Call-Info)=<sip:hotline>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)=info=alert-autoanswer",
)
"""What phones answer to by themselves: RFC 5373 is not spoken by desk phones, these two headers are."""
BEAT_DEADLINE_S = 2.0
"""A later answer is worth nothing: by then the next beats are on their way."""
_FEATURE_RESULTS = frozenset({"ok", "later", "refused", "locked"})
_SUPERVISORS_DO = frozenset({"wait", "listen", "whisper", "barge", "take"})


@dataclass(frozen=True, slots=True)
class EncodedAction:
    headers: Headers
    deadline_s: float
    """How long an answer is worth waiting for."""
    harmless: frozenset[str] = frozenset()
    """Beginnings of error messages after which nothing is amiss: the channel had ended already."""

    def is_harmless(self, message: str) -> bool:
        return message.startswith(tuple(self.harmless))


_CHANNEL_GONE = frozenset({"No such channel", "Channel does not exist"})


def encode(action: Action) -> EncodedAction:
    """The AMI action that carries `action` out. Raises AmiInputError for a value that must not leave."""
    encoded = _encode(action)
    check_headers(encoded.headers)
    return encoded


def _encode(action: Action) -> EncodedAction:
    match action:
        case RingSeat():
            return _ring(action)
        case DialFromSeat():
            return _dial(action)
        case DialCitizen():
            return _dial_citizen(action)
        case HangUp(leg=leg, hangup_cause=hangup_cause):
            return EncodedAction(
                {"Action": "Hangup", "Channel": _checked("leg", leg, _ID), "Cause": str(hangup_cause)},
                deadline_s=5.0,
                harmless=_CHANNEL_GONE,
            )
        case TakeOver(channel=channel):
            return _redirected(channel, "hl-waiting", "s")
        case RingParty():
            return _ring_party(action)
        case SetFact(leg=leg, name=name, value=value):
            return _set_on(leg, _checked("name", name, _FACT), _checked(name, value, _FACT_VALUE))
        case SendLeg():
            return _sent(action)
        case Mute(channel=channel, muted=muted):
            return _set_on(channel, "MUTEAUDIO(in)", "on" if muted else "off")
        case PressKey(channel=channel, key=key):
            return EncodedAction(
                {
                    "Action": "PlayDTMF",
                    "Channel": _checked("channel", channel, _CHANNEL),
                    "Digit": _checked("key", key, _KEY),
                    "Duration": "80",
                },
                deadline_s=5.0,
            )
        case AnswerPhone(channel=channel):
            return EncodedAction(
                {
                    "Action": "PJSIPNotify",
                    "Channel": _checked("channel", channel, _CHANNEL),
                    "Variable": "Event=talk",
                },
                deadline_s=3.0,
                harmless=frozenset({"Channel not found"}),
            )
        case SendAway(channel=channel, prompt=prompt):
            if prompt is None:
                return _redirected(channel, "hl-busy", "s")
            return _redirected(channel, "hl-message", _checked("prompt", prompt, _PROMPT))
        case MoveToQueue(channel=channel, queue=queue):
            return _set_on(channel, "HL_QUEUE", _checked("queue", queue, _ID))
        case NotePriority(channel=channel, priority=priority):
            return _set_on(channel, "HL_PRIORITY", str(priority))
        case NoteSteps(channel=channel, steps=steps):
            return _set_on(channel, "HL_STEPS", _checked("steps", steps, _STEPS))
        case Announce(channel=channel, prompts=prompts):
            return _set_on(channel, "HL_SAY", "&".join(_checked("prompt", each, _PROMPT) for each in prompts))
        case OfferCallback(channel=channel):
            return _set_on(channel, "HL_OFFER", "1")
        case RingSupervisor():
            return _ring_supervisor(action)
        case SendSupervisor(channel=channel, doing=doing):
            if doing not in _SUPERVISORS_DO:
                raise AmiInputError("doing", f"must be one of {', '.join(sorted(_SUPERVISORS_DO))}")
            return _redirected(channel, "hl-supervise", doing)
        case EndLeg(leg=leg):
            return _encode(HangUp(action.cause, leg))
        case AnswerFeature(channel=channel, result=result):
            if result not in _FEATURE_RESULTS:
                raise AmiInputError("result", f"must be one of {', '.join(sorted(_FEATURE_RESULTS))}")
            return _set_on(channel, "HL_FEATURE_RESULT", result)
        case PauseSeat(seat=seat, paused=paused):
            return EncodedAction(
                {
                    "Action": "QueuePause",
                    "Interface": f"PJSIP/{_checked('seat', seat, _ID)}",
                    "Paused": "true" if paused else "false",
                },
                deadline_s=5.0,
            )
        case Beat(at_s=at_s):
            return EncodedAction(
                {"Action": "Setvar", "Variable": "HL_BEAT", "Value": str(at_s)}, BEAT_DEADLINE_S
            )


def _redirected(channel: str, context: str, extension: str) -> EncodedAction:
    return EncodedAction(
        {
            "Action": "Redirect",
            "Channel": _checked("channel", channel, _CHANNEL),
            "Context": context,
            "Exten": extension,
            "Priority": "1",
        },
        deadline_s=5.0,
        harmless=_CHANNEL_GONE,
    )


def _set_on(channel: str, variable: str, value: str) -> EncodedAction:
    """`channel` is a channel's name or its id, which Asterisk takes in place of it."""
    if not (_CHANNEL.fullmatch(channel) or _ID.fullmatch(channel)):
        raise AmiInputError("channel", "must be a channel's name or id")
    return EncodedAction(
        {
            "Action": "Setvar",
            "Channel": channel,
            "Variable": variable,
            "Value": value,
        },
        deadline_s=3.0,
        harmless=_CHANNEL_GONE,
    )


def _sent(action: SendLeg) -> EncodedAction:
    redirect = _redirected(action.channel, action.place.value, "s")
    if action.other_channel is None or action.other_place is None:
        return redirect
    headers = dict(redirect.headers) | {
        "ExtraChannel": _checked("channel", action.other_channel, _CHANNEL),
        "ExtraContext": action.other_place.value,
        "ExtraExten": "s",
        "ExtraPriority": "1",
    }
    return EncodedAction(headers, redirect.deadline_s, redirect.harmless)


def _ring_party(action: RingParty) -> EncodedAction:
    endpoint = _checked("endpoint", action.endpoint, _ID)
    to = f"{_checked('number', action.number, _NUMBER)}@{endpoint}" if action.number else endpoint
    variables = [f"HL_CALL={_checked('call', action.call, _ID)}", "HL_PLACE=agent"]
    if action.peer:
        variables.append(f"HL_PEER={_checked('peer', action.peer, _CHANNEL)}")
    if action.peer and action.place is Place.CONNECT:
        variables += _rings_for(action.peer, endpoint)
    return _originated(
        action.leg,
        action.call,
        f"PJSIP/{to}",
        action.place.value,
        action.ring_timeout_s,
        action.shown_number,
        (*variables, *(_AUTO_ANSWER if action.auto_answer else ())),
    )


def _ring(action: RingSeat) -> EncodedAction:
    call = _checked("call", action.call, _ID)
    variables = (
        f"HL_CALL={call}",
        f"HL_PEER={_checked('caller_channel', action.caller_channel, _CHANNEL)}",
        f"HL_QUEUE={_checked('queue', action.queue, _ID)}",
        *_rings_for(action.caller_channel, action.seat),
    )
    return _originated(
        action.leg,
        call,
        f"PJSIP/{_checked('seat', action.seat, _ID)}",
        "hl-agent",
        action.ring_timeout_s,
        action.shown_number,
        (*variables, "HL_PLACE=agent", *(_AUTO_ANSWER if action.auto_answer else ())),
    )


def _rings_for(channel: str, endpoint: str) -> tuple[str, str]:
    """Whoever is at the endpoint is rung for this caller, and nobody else from now on: noted on the caller's
    channel, so that the dialplan ends the ringing when the caller leaves and connects nobody rung earlier.
    """
    return f"SHARED(HL_RINGS,{channel})={endpoint}", "HL_RUNG=1"


def _dial(action: DialFromSeat) -> EncodedAction:
    number = displayable(action.number)
    if not number:
        raise AmiInputError("number", "must have digits")
    callback = _checked("callback", action.callback, _ID) if action.callback else ""
    work_order = _checked("work_order", action.work_order, _ID) if action.work_order else ""
    return _originated(
        action.leg,
        action.leg,
        f"PJSIP/{_checked('seat', action.seat, _ID)}",
        "hl-dial-from-seat",
        action.ring_timeout_s,
        number,
        (
            f"HL_DIAL={number}",
            f"HL_CALLBACK={callback}",
            f"HL_WORK_ORDER={work_order}",
            "HL_PLACE=agent",
            *(() if action.until is None else (f"HL_DIAL_UNTIL={round(action.until)}",)),
            *(_AUTO_ANSWER if action.auto_answer else ()),
        ),
    )


def _dial_citizen(action: DialCitizen) -> EncodedAction:
    number = displayable(action.number)
    if not number:
        raise AmiInputError("number", "must have digits")
    return _originated(
        action.leg,
        action.leg,
        f"PJSIP/{number}@{_checked('trunk', action.trunk, _ID)}",
        "hl-dialled",
        action.ring_timeout_s,
        action.shown_number,
        (
            f"__HL_CALL={_checked('leg', action.leg, _ID)}",
            f"HL_HOTLINE={_checked('hotline', action.hotline, _NUMBER)}",
            f"HL_QUEUE={_checked('queue', action.queue, _ID)}",
            f"HL_PRIORITY={action.priority}",
        ),
        exten=action.hotline,
    )


def _originated(
    leg: str,
    call: str,
    channel: str,
    context: str,
    ring_timeout_s: float,
    shown_number: str,
    variables: tuple[str, ...],
    *,
    exten: str = "s",
) -> EncodedAction:
    leg = _checked("leg", leg, _ID)
    headers: dict[str, str | tuple[str, ...]] = {
        "Action": "Originate",
        "ActionID": f"{RING_ACTION_ID}{leg}",
        "ChannelId": leg,
        "Account": call,
        "Channel": channel,
        "Context": context,
        "Exten": exten,
        "Priority": "1",
        "Timeout": str(max(1, round(ring_timeout_s * 1000))),
        "Async": "true",
        "Variable": variables,
    }
    shown = displayable(shown_number)
    if shown:
        headers["CallerID"] = f"<{shown}>"
    return EncodedAction(headers, deadline_s=5.0)


def _ring_supervisor(action: RingSupervisor) -> EncodedAction:
    leg = _checked("leg", action.leg, _ID)
    headers: dict[str, str | tuple[str, ...]] = {
        "Action": "Originate",
        "ActionID": f"{RING_ACTION_ID}{leg}",
        "ChannelId": leg,
        "Channel": f"PJSIP/{_checked('seat', action.seat, _ID)}",
        "Context": "hl-supervise",
        "Exten": "wait",
        "Priority": "1",
        "Timeout": str(max(1, round(action.ring_timeout_s * 1000))),
        "Async": "true",
        "Variable": ("HL_PLACE=supervisor",),
    }
    shown = displayable(action.shown_number)
    if shown:
        headers["CallerID"] = f"<{shown}>"
    return EncodedAction(headers, deadline_s=5.0)


def pin_actions(channel: str) -> tuple[EncodedAction, EncodedAction]:
    """Reads what was pressed at a phone (`HL_PIN`), and takes it off the channel. Raises AmiInputError."""
    name = _checked("channel", channel, _CHANNEL)
    read = {"Action": "Getvar", "Channel": name, "Variable": "HL_PIN"}
    return EncodedAction(read, 3.0, _CHANNEL_GONE), _set_on(channel, "HL_PIN", "")


def quality_action(channel: str) -> EncodedAction:
    """Asks what RTP counted on a channel so far. Raises AmiInputError."""
    name = _checked("channel", channel, _CHANNEL)
    return EncodedAction({"Action": "Getvar", "Channel": name, "Variable": "CHANNEL(rtcp,all)"}, 3.0)


def displayable(number: str) -> str:
    """Digits and a leading plus of a number; the rest of it is not shown, nor sent."""
    digits = "".join(character for character in number if character in "0123456789")
    return f"+{digits}" if number.startswith("+") and digits else digits


def _checked(name: str, value: str, allowed: re.Pattern[str]) -> str:
    if not allowed.fullmatch(value):
        raise AmiInputError(name, f"must match {allowed.pattern}")
    return value
