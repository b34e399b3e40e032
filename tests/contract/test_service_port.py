"""What every `ServicePort` does, the fake that the API is tested with and the real service alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from acd.model import AgentState
from api.ports import LiveService
from cti.calls.outputs import CallbackReason
from cti.verbs.callbacks import RequestCallback
from cti.verbs.campaigns import AddToCampaign, ListedCitizen
from cti.verbs.dial import DialOut
from cti.verbs.hang_up import HangUpCall
from cti.verbs.port import Orderer
from cti.views import AgentView, Refused
from tests.support.fake_service import FakeService
from tests.support.small_site import AGENT, OTHER_AGENT, OTHER_SEAT, REASON, SEAT, THIRD_AGENT, small_site

CAUSE = "contract-test"
BY_AGENT = Orderer(AGENT, supervisor=False, agent=AGENT)
Command: TypeAlias = Callable[[], Awaitable[AgentView]]


def view_of(service: LiveService, agent: str) -> AgentView:
    return next(view for view in service.agents() if view.agent == agent)


class ServicePortContract(ABC):
    """Subclass it with a `service` over `small_site()` in which nobody is logged in and nobody calls."""

    @pytest.fixture
    @abstractmethod
    def service(self, tmp_path: Path) -> LiveService:
        """The part that is held to the contract."""

    async def test_every_agent_of_the_site_is_shown_and_at_first_logged_out(
        self, service: LiveService
    ) -> None:
        shown = {view.agent: view for view in service.agents()}
        assert set(shown) == {AGENT, OTHER_AGENT, THIRD_AGENT}
        for view in shown.values():
            assert view.state is AgentState.LOGGED_OUT
            assert (view.seat, view.reason, view.call, view.until, view.seat_reachable) == (None,) * 5
            assert view.name
            assert view.since.tzinfo is not None

    async def test_who_logs_in_is_at_the_seat_and_not_ready(self, service: LiveService) -> None:
        answered = await service.log_in(AGENT, SEAT, CAUSE)
        assert (answered.agent, answered.seat, answered.state) == (AGENT, SEAT, AgentState.NOT_READY)
        assert view_of(service, AGENT) == answered
        assert view_of(service, OTHER_AGENT).state is AgentState.LOGGED_OUT

    async def test_an_agent_logs_in_once_at_the_same_seat_or_another(self, service: LiveService) -> None:
        before = await service.log_in(AGENT, SEAT, CAUSE)
        for seat in (SEAT, OTHER_SEAT):
            with pytest.raises(Refused) as refused:
                await service.log_in(AGENT, seat, CAUSE)
            assert refused.value.error == "agent_already_logged_in"
        assert view_of(service, AGENT) == before

    async def test_of_a_list_that_nobody_is_dialled_from_there_is_nothing_to_tell(
        self, service: LiveService
    ) -> None:
        assert service.dialled_today("flu") is None

    async def test_a_seat_has_one_agent(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        with pytest.raises(Refused) as refused:
            await service.log_in(OTHER_AGENT, SEAT, CAUSE)
        assert (refused.value.error, refused.value.field) == ("seat_taken", "seat")
        assert view_of(service, OTHER_AGENT).state is AgentState.LOGGED_OUT
        assert view_of(service, AGENT).seat == SEAT

    async def test_a_seat_is_free_again_after_the_log_out(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        left = await service.log_out(AGENT, CAUSE)
        assert (left.state, left.seat, left.reason) == (AgentState.LOGGED_OUT, None, None)
        assert view_of(service, AGENT) == left
        taken = await service.log_in(OTHER_AGENT, SEAT, CAUSE)
        assert taken.seat == SEAT

    async def test_an_agent_may_come_back_at_another_seat(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        await service.log_out(AGENT, CAUSE)
        assert (await service.log_in(AGENT, OTHER_SEAT, CAUSE)).seat == OTHER_SEAT

    async def test_ready_is_shown_without_a_reason(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        await service.not_ready(AGENT, REASON, CAUSE)
        answered = await service.ready(AGENT, CAUSE)
        assert (answered.state, answered.reason, answered.seat) == (AgentState.READY, None, SEAT)
        assert view_of(service, AGENT) == answered

    async def test_not_ready_is_shown_with_its_reason(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        await service.ready(AGENT, CAUSE)
        answered = await service.not_ready(AGENT, REASON, CAUSE)
        assert (answered.state, answered.reason, answered.seat) == (AgentState.NOT_READY, REASON, SEAT)
        assert view_of(service, AGENT) == answered

    async def test_asking_for_the_state_one_is_in_is_no_error(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        for _ in range(2):
            assert (await service.ready(AGENT, CAUSE)).state is AgentState.READY
        for _ in range(2):
            assert (await service.not_ready(AGENT, REASON, CAUSE)).reason == REASON

    async def test_an_agent_may_log_out_while_ready(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        await service.ready(AGENT, CAUSE)
        assert (await service.log_out(AGENT, CAUSE)).state is AgentState.LOGGED_OUT

    async def test_an_unknown_agent_is_refused_by_every_command(self, service: LiveService) -> None:
        commands: tuple[Command, ...] = (
            lambda: service.log_in("9999", SEAT, CAUSE),
            lambda: service.log_out("9999", CAUSE),
            lambda: service.ready("9999", CAUSE),
            lambda: service.not_ready("9999", REASON, CAUSE),
            lambda: service.move("9999", SEAT, CAUSE),
            lambda: service.extend_wrap_up("9999", 30.0, CAUSE),
        )
        for command in commands:
            with pytest.raises(Refused) as refused:
                await command()
            assert refused.value.error == "unknown_agent"

    async def test_an_unknown_seat_is_refused(self, service: LiveService) -> None:
        with pytest.raises(Refused) as refused:
            await service.log_in(AGENT, "nowhere", CAUSE)
        assert (refused.value.error, refused.value.field) == ("unknown_seat", "seat")
        assert view_of(service, AGENT).state is AgentState.LOGGED_OUT

    async def test_who_moves_keeps_the_state_and_leaves_a_free_seat(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        before = await service.not_ready(AGENT, REASON, CAUSE)
        after = await service.move(AGENT, OTHER_SEAT, CAUSE)
        assert (after.seat, after.state, after.reason) == (OTHER_SEAT, before.state, before.reason)
        assert {seat.seat: seat.agent for seat in service.seats()} == {SEAT: None, OTHER_SEAT: AGENT}

    async def test_nobody_moves_to_a_seat_that_is_taken_or_not_there(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        await service.log_in(OTHER_AGENT, OTHER_SEAT, CAUSE)
        for seat, error in ((OTHER_SEAT, "seat_taken"), ("nowhere", "unknown_seat")):
            with pytest.raises(Refused) as refused:
                await service.move(AGENT, seat, CAUSE)
            assert (refused.value.error, refused.value.field) == (error, "seat")
        assert view_of(service, AGENT).seat == SEAT

    async def test_only_a_wrap_up_is_extended(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        with pytest.raises(Refused) as refused:
            await service.extend_wrap_up(AGENT, 30.0, CAUSE)
        assert refused.value.error == "not_in_wrap_up"

    async def test_an_unknown_reason_is_refused_and_changes_nothing(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        before = await service.ready(AGENT, CAUSE)
        with pytest.raises(Refused) as refused:
            await service.not_ready(AGENT, "no-such-reason", CAUSE)
        assert (refused.value.error, refused.value.field) == ("unknown_reason", "reason")
        assert view_of(service, AGENT) == before

    async def test_who_is_not_logged_in_can_do_nothing_but_log_in(self, service: LiveService) -> None:
        commands: tuple[Command, ...] = (
            lambda: service.log_out(AGENT, CAUSE),
            lambda: service.ready(AGENT, CAUSE),
            lambda: service.not_ready(AGENT, REASON, CAUSE),
            lambda: service.move(AGENT, SEAT, CAUSE),
            lambda: service.extend_wrap_up(AGENT, 30.0, CAUSE),
        )
        for command in commands:
            with pytest.raises(Refused) as refused:
                await command()
            assert refused.value.error == "not_logged_in"
            assert refused.value.sentence
        assert view_of(service, AGENT).state is AgentState.LOGGED_OUT

    async def test_a_work_order_of_no_call_is_refused(self, service: LiveService) -> None:
        with pytest.raises(Refused) as refused:
            await service.fill_work_order("wo-none", "消费纠纷", "…", "to_dispatch", AGENT, CAUSE)
        assert refused.value.error == "unknown_work_order"

    async def test_figures_stand_for_each_queue_and_for_the_whole(self, service: LiveService) -> None:
        await service.log_in(AGENT, SEAT, CAUSE)
        await service.ready(AGENT, CAUSE)
        assert [view.queue for view in service.queues()] == ["general", "consumer"]
        for view in (*service.queues(), service.total()):
            assert view.name
            assert (view.waiting, view.longest_wait_s, view.talking) == (0, 0, 0)
            assert (view.offered, view.answered, view.abandoned) == (0, 0, 0)
            assert (view.answer_rate, view.timely_rate) == (None, None)
            assert view.agents[AgentState.READY] == 1
        assert service.total().queue is None
        assert sum(service.total().agents.values()) == 3
        assert list(service.open_calls()) == []

    async def test_the_audit_has_a_newest_entry_that_each_further_one_moves(
        self, service: LiveService
    ) -> None:
        before = service.audit_head()
        await service.audit("boss", "recording_played", CAUSE, whom="r-1", call="c-1", detail={"bytes": "9"})
        after = service.audit_head()
        assert (after.chain, after.number) == (before.chain, before.number + 1)
        assert len(after.hash) == 64
        assert after.hash != before.hash

    async def test_figures_stand_for_each_skill_and_each_agent(self, service: LiveService) -> None:
        assert [view.skill for view in service.skills()] == ["consumer"]
        for view in service.skills():
            assert view.name
            assert (view.waiting, view.offered, view.service_level, view.occupancy) == (0, 0, None, None)
        assert {view.agent for view in service.agent_figures()} == {AGENT, OTHER_AGENT, THIRD_AGENT}
        for agent in service.agent_figures():
            assert agent.name
            assert (agent.answered, agent.handled_s, agent.handling_time_s) == (0, 0.0, None)

    async def test_nothing_happened_in_any_interval_yet(self, service: LiveService) -> None:
        assert list(service.queue_intervals(None)) == list(service.queue_intervals("general")) == []
        assert list(service.skill_intervals("consumer")) == []
        assert list(service.agent_intervals(AGENT)) == []

    async def test_intervals_of_what_is_not_there_are_refused(self, service: LiveService) -> None:
        asked: tuple[tuple[str, Callable[[str], object]], ...] = (
            ("queue", service.queue_intervals),
            ("skill", service.skill_intervals),
            ("agent", service.agent_intervals),
        )
        for what, ask in asked:
            with pytest.raises(Refused) as refused:
                ask("none")
            assert (refused.value.error, refused.value.field) == (f"unknown_{what}", what)

    async def test_a_command_has_an_id_by_which_it_is_found_and_is_told_to_who_follows(
        self, service: LiveService
    ) -> None:
        before = service.feed.last
        record = await service.order(HangUpCall("none"), BY_AGENT, CAUSE, None)
        assert (record.verb, record.call, record.by, record.agent) == ("hang_up", "none", AGENT, AGENT)
        assert service.command(record.command) == record
        assert service.command("no-such-command") is None
        told = await service.feed.after(before)
        assert (told[0].kind, told[0].key, told[0].seq) == ("command", record.command, before + 1)

    async def test_a_command_about_a_work_order_that_is_not_there_is_refused(
        self, service: LiveService
    ) -> None:
        number, none = "13800000001", "wo-none"
        before = service.feed.last
        for asked in (
            DialOut(number, none),
            RequestCallback(number, "general", CallbackReason.VISIT, work_order=none),
            AddToCampaign("flu", "general", (ListedCitizen(number, work_order=none),)),
        ):
            with pytest.raises(Refused) as refused:
                await service.order(asked, BY_AGENT, CAUSE, None)
            assert (refused.value.error, refused.value.field) == ("unknown_work_order", "work_order")
        assert service.feed.last == before

    async def test_all_that_is_wrong_with_a_part_of_a_list_is_told_and_nothing_taken(
        self, service: LiveService
    ) -> None:
        before = service.feed.last
        right = AddToCampaign("flu", "general", (ListedCitizen("13800000001", owner=AGENT),))
        assert await service.mistakes(right) == []
        rows = (
            ListedCitizen("13800000001"),
            ListedCitizen("13800000002", owner="9999", work_order="wo-none"),
        )
        found = await service.mistakes(AddToCampaign("flu", "none", rows))
        assert [(each.row, each.refused.error, each.refused.field) for each in found] == [
            (None, "unknown_queue", "queue"),
            (2, "unknown_agent", "owner"),
            (2, "unknown_work_order", "work_order"),
        ]
        assert service.feed.last == before

    async def test_a_key_that_comes_again_is_the_same_command_and_with_something_else_refused(
        self, service: LiveService
    ) -> None:
        wanted, another = (
            RequestCallback(n, "general", CallbackReason.MANUAL) for n in ("13800000001", "13800000002")
        )
        first = await service.order(wanted, BY_AGENT, CAUSE, "key-1")
        again = await service.order(wanted, BY_AGENT, "another-request", "key-1")
        assert again.command == first.command
        other = await service.order(wanted, BY_AGENT, CAUSE, "key-2")
        assert other.command != first.command
        with pytest.raises(Refused) as refused:
            await service.order(another, BY_AGENT, CAUSE, "key-1")
        assert refused.value.error == "idempotency_key_reused"
        somebody_else = Orderer(OTHER_AGENT, supervisor=False, agent=OTHER_AGENT)
        assert (await service.order(wanted, somebody_else, CAUSE, "key-1")).command not in (
            first.command,
            other.command,
        )


class TestFakeService(ServicePortContract):
    @pytest.fixture
    def service(self, tmp_path: Path) -> LiveService:
        return FakeService(small_site(tmp_path))
