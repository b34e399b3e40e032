"""How many citizens may be dialled at once before an agent is there for each. Pure; no clock.

Citizens who answer and find no agent are abandoned, and their share of those who answered is to stay under a
rate. The known measure for it is the one of the Telemarketing Sales Rule of the USA, 16 CFR 310.4(b)(4): an
agent within two seconds of the called person's greeting, for all but 3 % of the calls answered in a campaign
or 30 days, and for these a recorded message. Here it is held on each day.

Two rules, both of which must allow a call that is dialled beyond the agents who are kept free:

1. The worst case. If everybody who is being dialled answered at once, those left without an agent and those
   who were abandoned before would still be no more than the rate allows of those who answered so far. So
   chance can never bring the share above the rate; only agents who leave while a phone rings for them, and
   whom nobody replaces, can.
2. The likely case. As many are dialled as the measured share of answers says, taken at the upper end of what
   it may be in truth. Without this the first rule's room would be used up at once, and the pace would stand
   still again.

With few answers so far the first rule leaves no room, and each dialled citizen has an agent of their own.
With a rate of 0 that is always so.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, floor, sqrt

from acd.model import CallbackMode
from cti.views import Holds

CONFIDENCE_Z = 2.326
"""How sure the measured share of answers is to be no larger in truth: 99 %, one-sided."""
MOST_AHEAD = 200
"""Attempts of one queue under way; a bound on the arithmetic, far above what a hotline has."""


@dataclass(frozen=True, slots=True)
class DialTerms:
    """How a queue's citizens are dialled."""

    mode: CallbackMode = CallbackMode.AGENT_FIRST
    """Whose phone rings first, for a callback that does not say."""
    ring_timeout_s: float = 40.0
    """How long a citizen's phone rings, customer first."""
    max_abandoned_rate: float = 0.0
    """Customer first: the largest share, of the citizens who answered today, of those who found no agent."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """What came of a stretch of dialling."""

    ended: int = 0
    """Attempts whose outcome is known."""
    answered: int = 0
    """Of these, those in which the citizen answered: the abandoned among them."""
    abandoned: int = 0
    """Of these, those in which the citizen left, or was sent away, before an agent was there."""

    @property
    def rate(self) -> float:
        """The share of the abandoned among the answered; 0 before anybody answered."""
        return self.abandoned / self.answered if self.answered else 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """How a queue's dialling stands."""

    agents: int
    """Agents who are free for the citizens below, and for nobody else."""
    ringing: int
    """Citizens who are being dialled and have not answered."""
    waiting: int = 0
    """Citizens who answered and wait for an agent."""


@dataclass(frozen=True, slots=True)
class Allowance:
    dials: int
    """How many more citizens may be dialled now."""
    holds: Holds | None
    """Why not more; None: it is the caller's to say."""


def may_dial(moment: Moment, so_far: Attempts, max_abandoned_rate: float) -> Allowance:
    """How many more citizens may be dialled at this moment."""
    under_way = moment.ringing + moment.waiting
    allowed = max(under_way, moment.agents)
    holds = _further(allowed, moment.agents, so_far, max_abandoned_rate)
    while holds is None:
        allowed += 1
        holds = _further(allowed, moment.agents, so_far, max_abandoned_rate)
    return Allowance(allowed - under_way, holds)


def _further(under_way: int, agents: int, so_far: Attempts, rate: float) -> Holds | None:
    """Why not one more than so many may be under way; None: it may."""
    if not agents:
        return Holds.NO_AGENT_FREE
    if rate <= 0:
        return Holds.ONE_EACH
    room = floor(rate * so_far.answered + 1e-9)
    if room < 1:
        return Holds.LITTLE_DATA
    if so_far.abandoned + under_way + 1 - agents > room or under_way >= MOST_AHEAD:
        return Holds.ABANDONED_RATE
    share = highest_share(so_far.answered, so_far.ended)
    if expected_without(under_way + 1, agents, share) > rate * share * (under_way + 1):
        return Holds.ANSWER_RATE
    return None


def highest_share(answered: int, ended: int) -> float:
    """The largest share of answers that fits what was measured: the upper end of Wilson's interval.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if ended <= 0:
        return 1.0
    z2, share = CONFIDENCE_Z**2, answered / ended
    middle = share + z2 / (2 * ended)
    spread = CONFIDENCE_Z * sqrt(share * (1 - share) / ended + z2 / (4 * ended**2))
    return min(1.0, (middle + spread) / (1 + z2 / ended))


def expected_without(dialled: int, agents: int, share: float) -> float:
    """How many of the dialled are expected to answer beyond the agents, each answering with that share."""
    return sum(
        (answers - agents) * comb(dialled, answers) * share**answers * (1 - share) ** (dialled - answers)
        for answers in range(agents + 1, dialled + 1)
    )
