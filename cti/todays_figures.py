"""Today's figures of the router: begun at each local midnight, kept in the journal's state. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acd.model import Instant
from acd.router import Router
from cti.records_json import JSON

FIGURES = "figures/"
"""Before the name of each part of the figures in the journal's state."""


class TodaysFigures:
    """When the router's figures begin anew, and what of them is to be journaled."""

    def __init__(
        self,
        router: Router,
        day_of: Callable[[Instant], tuple[Instant, Instant]],
        saved: Mapping[str, JSON],
        now: Instant,
    ) -> None:
        """`saved`: today's or an earlier day's figures as the journal had them, without `FIGURES`."""
        self._router = router
        self._day_of = day_of
        began, self._day_ends = day_of(now)
        if saved:
            router.restore_figures(saved)
        if router.day_began != began:
            router.reset_figures(began)

    def turn_day(self, at: Instant) -> None:
        """The first event of a local day begins its figures; one that is told late changes no day."""
        if at < self._day_ends:
            return
        began, self._day_ends = self._day_of(at)
        self._router.reset_figures(began)

    def changes(self) -> dict[str, JSON]:
        """The parts that changed since this was last asked, for the journal's state."""
        return {FIGURES + part: figures for part, figures in self._router.figures_changes().items()}
