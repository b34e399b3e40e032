from __future__ import annotations

import pytest

from acd.records import note
from acd.refusals import InvalidTransition, Step
from acd.states import AGENT, TABLES
from acd.transitions import Ignored, NotAllowed, Table, To


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_every_pair_of_state_and_trigger_is_decided(table: Table) -> None:
    assert set(table.cells) == set(table.states)
    for state in table.states:
        assert set(table.cells[state]) == set(table.triggers), state
        for cell in table.cells[state].values():
            assert isinstance(cell, To | Ignored | NotAllowed)
            if isinstance(cell, To):
                assert cell.states
                assert set(cell.states) <= set(table.states)
            if isinstance(cell, Ignored):
                assert cell.reason


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_every_state_can_be_reached_and_left(table: Table) -> None:
    reached = {table.initial}
    while True:
        further = {
            str(after)
            for state in reached
            for cell in table.cells[state].values()
            if isinstance(cell, To)
            for after in cell.states
        }
        if further <= reached:
            break
        reached |= further
    assert reached == {str(state) for state in table.states}
    for state in table.states:
        ways_out = [
            after
            for cell in table.cells[state].values()
            if isinstance(cell, To)
            for after in cell.states
            if after != state
        ]
        assert ways_out, state


def test_an_invalid_transition_tells_who_was_where_and_how_it_came_there() -> None:
    history = [(10.0, "log_in", "not_ready"), (11.0, "ready", "ready")]
    with pytest.raises(InvalidTransition) as refused:
        AGENT.allows("ann", "ready", "log_in", history)
    assert str(refused.value) == (
        "agent ann is ready: log_in is not allowed "
        "(before: 10.000 log_in -> not_ready; 11.000 ready -> ready)"
    )
    assert refused.value.entity == "agent ann"
    assert refused.value.state == "ready"
    assert refused.value.event == "log_in"
    assert refused.value.history == tuple(history)


def test_a_state_that_the_table_does_not_have_is_a_programming_error() -> None:
    with pytest.raises(AssertionError, match="not in the table"):
        AGENT.check("ann", "ready", "offered", "busy")


def test_a_story_is_the_last_twelve_steps() -> None:
    story: list[Step] = []
    for number in range(20):
        note(story, float(number), "altered", "waiting")
    assert [at for at, _, _ in story] == [
        8.0,
        9.0,
        10.0,
        11.0,
        12.0,
        13.0,
        14.0,
        15.0,
        16.0,
        17.0,
        18.0,
        19.0,
    ]
