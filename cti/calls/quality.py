"""How good a leg's sound was: what RTP counted, and what a listener would say of it (E-model). Pure.

The rating is that of ITU-T G.107 (06/2015) with its default values, for G.711: R = 93.2 - Idd - Ie,eff. Delay
counts as Idd of clause 7.4.3, loss as Ie,eff of clause 7.5 with random loss (BurstR = 1) and the values that
ITU-T G.113 (11/2007), appendix I, gives for G.711 with packet loss concealment: Ie = 0, Bpl = 25.1. Echo and
noise of the rooms are not known and count as the defaults; jitter counts where it became loss or delay.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

PACKET_S = 0.02
R_DEFAULT = 93.2
BPL = 25.1


@dataclass(frozen=True, slots=True)
class Stream:
    """One direction of a leg."""

    packets: int
    """That arrived."""
    lost: int
    jitter_s: float
    """Interarrival jitter (RFC 3550, 6.4.1)."""

    @property
    def loss(self) -> float:
        """Share of the packets sent that did not arrive, 0 to 1."""
        sent = self.packets + self.lost
        return self.lost / sent if sent else 0.0


@dataclass(frozen=True, slots=True)
class LegQuality:
    said: Stream | None
    """What the leg's phone sent, as Asterisk received it; None: nothing came."""
    heard: Stream | None
    """What it was sent, as its own reports say; None: it sent no report."""
    rtt_s: float | None
    """Between Asterisk and the phone; None: not known."""


def mos(loss: float, rtt_s: float | None) -> float:
    """Mean opinion score, 1 to 4.5 (G.107, annex B), of a stream with this loss (0 to 1).

    The way is taken as half the round trip, and one packet.
    """
    rating = R_DEFAULT - delay_impairment((rtt_s or 0.0) / 2 + PACKET_S) - loss_impairment(loss)
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6


def delay_impairment(delay_s: float) -> float:
    """Idd of G.107, clause 7.4.3: nothing up to 100 ms one way."""
    if delay_s <= 0.1:
        return 0.0
    x = log2(delay_s / 0.1)
    return 25 * (_sixth(x) - 3 * _sixth(x / 3) + 2)


def _sixth(x: float) -> float:
    return float((1 + x**6) ** (1 / 6))


def loss_impairment(loss: float) -> float:
    """Ie,eff of G.107, clause 7.5, for G.711 with concealment; `loss` from 0 to 1."""
    percent = 100 * loss
    return 95 * percent / (percent + BPL)


@dataclass(frozen=True, slots=True)
class Sound:
    """What is kept and shown of a leg's quality: both directions, rated."""

    said_loss: float | None = None
    said_jitter_s: float | None = None
    said_mos: float | None = None
    heard_loss: float | None = None
    heard_jitter_s: float | None = None
    heard_mos: float | None = None
    rtt_s: float | None = None

    @classmethod
    def of(cls, quality: LegQuality) -> Sound:
        said, heard, rtt_s = quality.said, quality.heard, quality.rtt_s
        return cls(
            said_loss=said.loss if said else None,
            said_jitter_s=said.jitter_s if said else None,
            said_mos=mos(said.loss, rtt_s) if said else None,
            heard_loss=heard.loss if heard else None,
            heard_jitter_s=heard.jitter_s if heard else None,
            heard_mos=mos(heard.loss, rtt_s) if heard else None,
            rtt_s=rtt_s,
        )
