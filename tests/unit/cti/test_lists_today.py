"""How a list stands today: what is said of it, and what is kept for that."""

from __future__ import annotations

from dataclasses import replace

from cti.calls import facts as f
from cti.dialler import STATE as DIALLER
from cti.step import Reconfigured
from cti.verbs.campaigns import AddToCampaign, ListedCitizen
from cti.views import DialledToday, Holds
from tests.unit.cti.rig import DAY_S, policy
from tests.unit.cti.test_dialler import Dialling, rings


def test_a_list_whose_queue_was_removed_still_says_why_it_waits() -> None:
    rig = Dialling()
    row = ListedCitizen("13900000001", earliest_at=5_000.0)
    rig.order(AddToCampaign("flu", "general", (row,)), 5.0)
    left = {name: queue for name, queue in policy().queues.items() if name != "general"}
    rig.tell(Reconfigured(6.0, "t", replace(policy(), queues=left), rig.runtime.in_force.plan))
    assert rig.today() == DialledToday(0, 0, 0, 0.0, Holds.NOBODY_DUE)


def test_what_was_dialled_on_an_earlier_day_is_kept_until_somebody_is_dialled_on_a_later_one() -> None:
    rig = Dialling()
    rig.campaign(1)
    rig.ready_agent(at=6.0)
    assert rig.resume().dialler.keys() == {f"{DIALLER}queue/general", f"{DIALLER}campaign/flu"}
    leg = rig.dials()[-1].leg
    rig.tell(*rings(leg, 7.0), f.LegEnded(20.0, "t", leg, 1, True))
    assert rig.today() == DialledToday(1, 0, 0, 0.0, None), "what came of the list is said until midnight"
    rig.request(at=DAY_S + 5.0)
    assert rig.resume().dialler.keys() == {f"{DIALLER}queue/general"}
