"""How a list stands today: what is said of it, and what is kept for that."""

from __future__ import annotations

from dataclasses import replace

from cti.step import Reconfigured
from cti.verbs.campaigns import AddToCampaign, ListedCitizen
from cti.views import DialledToday, Holds
from tests.unit.cti.rig import policy
from tests.unit.cti.test_dialler import Dialling


def test_a_list_whose_queue_was_removed_still_says_why_it_waits() -> None:
    rig = Dialling()
    row = ListedCitizen("13900000001", earliest_at=5_000.0)
    rig.order(AddToCampaign("flu", "general", (row,)), 5.0)
    left = {name: queue for name, queue in policy().queues.items() if name != "general"}
    rig.tell(Reconfigured(6.0, "t", replace(policy(), queues=left), rig.runtime.in_force.plan))
    assert rig.today() == DialledToday(0, 0, 0, 0.0, Holds.NOBODY_DUE)
