"""The E-model against values that ITU-T publishes and against what must hold."""

from __future__ import annotations

import pytest

from cti.calls.quality import Stream, delay_impairment, loss_impairment, mos


def test_without_loss_and_delay_it_is_the_models_default() -> None:
    # G.107 (06/2015), 7.7: the default values give R = 93.2, MOS 4.41.
    assert mos(0.0, None) == pytest.approx(4.41, abs=0.005)
    assert mos(0.0, 0.1) == mos(0.0, None)


@pytest.mark.parametrize(("delay_s", "rating"), [(0.15, 92.0), (0.25, 83.0), (0.4, 69.1)])
def test_delay_costs_what_g_131_and_g_114_draw(delay_s: float, rating: float) -> None:
    # G.114 (05/2003), figure 1: R over the mouth-to-ear delay.
    assert 93.2 - delay_impairment(delay_s) == pytest.approx(rating, abs=1.5)


def test_loss_costs_half_of_the_scale_at_the_codecs_robustness() -> None:
    # By definition of Bpl: Ie,eff = Ie + (95 - Ie) / 2 where the loss in percent is Bpl.
    assert loss_impairment(0.251) == pytest.approx(47.5)
    assert loss_impairment(0.0) == 0.0


def test_more_loss_or_delay_is_never_better_and_the_score_stays_on_its_scale() -> None:
    scores = [mos(loss / 100, 0.05) for loss in range(101)]
    assert scores == sorted(scores, reverse=True)
    assert all(1.0 <= score <= 4.5 for score in scores)
    delays = [mos(0.0, delay / 10) for delay in range(40)]
    assert delays == sorted(delays, reverse=True)


def test_loss_is_a_share_of_what_was_sent() -> None:
    assert Stream(95, 5, 0.0).loss == 0.05
    assert Stream(0, 0, 0.0).loss == 0.0
