"""Facts as Asterisk tells them, for tests that feed the pure parts."""

from __future__ import annotations

from cti.calls import facts as f
from cti.calls.facts import Fact, LegSnapshot, PbxSnapshot

NUMBER = "13800000000"


def leg_started(
    leg: str, endpoint: str, at: float, *, call: str | None = None, dialled: str = "12345"
) -> f.LegStarted:
    channel = f"PJSIP/{endpoint}-{leg}"
    return f.LegStarted(at, "t", leg, channel, endpoint, call, call or leg, NUMBER, dialled)


def caller_arrives(call: str, at: float, *, queue: str = "general", priority: int = 0) -> list[Fact]:
    """A citizen calls at `at`, hears the greeting and begins to wait 3 s later."""
    return [
        leg_started(call, "trunk", at),
        f.LegAnswered(at + 0.1, "t", call),
        f.CallArrived(at + 0.2, "t", call, call, "12345", NUMBER, "12345"),
        f.CallerQueued(at + 3, "t", call, call, queue, priority, at + 3),
    ]


def seat_rings(leg: str, seat: str, call: str, at: float) -> list[Fact]:
    return [leg_started(leg, seat, at, call=call, dialled="s"), f.LegRinging(at + 0.1, "t", leg)]


def seat_answers(leg: str, call: str, at: float, bridge: str = "b1") -> list[Fact]:
    return [
        f.LegAnswered(at, "t", leg),
        f.RecordingStarted(at, "t", leg, call),
        f.LegJoined(at, "t", leg, bridge),
        f.LegJoined(at, "t", call, bridge),
    ]


def agent_hangs_up(leg: str, call: str, at: float, bridge: str = "b1") -> list[Fact]:
    """The agent ends the call at `at`; the caller hears the farewell for 2 s."""
    return [
        f.LegLeaving(at, "t", leg),
        f.LegParted(at, "t", leg, bridge),
        f.LegParted(at, "t", call, bridge),
        f.LegEnded(at, "t", leg, 16, True),
        f.CallerServed(at, "t", call, call),
        f.LegEnded(at + 2, "t", call, 16, False),
    ]


def shown(
    leg: str,
    endpoint: str,
    call: str,
    *,
    bridge: str | None = None,
    place: str = "",
    up: bool = True,
    queued_at: float = 3.0,
    started_at: float = 0.0,
) -> LegSnapshot:
    """A leg as a snapshot shows it."""
    trunk = endpoint == "trunk"
    return LegSnapshot(
        leg=leg,
        channel=f"PJSIP/{endpoint}-{leg}",
        endpoint=endpoint,
        call=call,
        linked=call,
        number=NUMBER,
        dialled="12345" if trunk else "s",
        up=up,
        ringing=not up,
        bridge=bridge,
        place=place,
        hotline="12345" if trunk else "",
        queue="general" if trunk else "",
        priority=0,
        queued_at=queued_at if trunk else None,
        started_at=started_at,
    )


def snapshot(
    *legs: LegSnapshot, at: float = 100.0, reachable: frozenset[str] = frozenset({"seat-01", "seat-02"})
) -> PbxSnapshot:
    return PbxSnapshot(at, "t", legs, tuple(phone(seat) for seat in sorted(reachable)), 0.0)


def phone(seat: str, reachable: bool | None = True, *, port: int = 5060) -> f.Phone:
    return f.Phone(seat, f"sip:{seat}@192.0.2.7:{port}", reachable)


def phone_changed(
    seat: str, reachable: bool | None, at: float, *, port: int = 5060, gone: bool = False
) -> f.PhoneChanged:
    return f.PhoneChanged(at, "t", phone(seat, reachable, port=port), gone)
