"""A list of citizens: every mistake is told at its place, and what is sent twice is done once."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.model import CallbackMode
from config.models import Role
from cti.calls.facts import PbxLost
from cti.campaign_file import BadList, Campaigns, ServiceSaysNo, read_list
from cti.verbs.campaigns import AddToCampaign
from cti.views import DialledToday, Holds
from tests.support.api_world import ApiWorld, api_over, api_world, secret
from tests.support.fake_archive import callback_entry
from tests.support.running_hotline import running_hotline
from tests.support.small_site import AGENT
from tests.support.until import until

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_list_is_read_with_times_priorities_and_owners(tmp_path: Path) -> None:
    text = (
        "number,priority,owner,latest_at\r\n"
        "13900000001,2,1007,2026-12-01T18:00:00+08:00\r\n"
        "+8613900000002,,,\r\n"
    )
    rows = read_list(written(tmp_path, text, "utf-8-sig"), NOW)
    first, second = [row.citizen for row in rows]
    assert [row.line for row in rows] == [2, 3]
    assert (first.number, first.priority, first.owner) == ("13900000001", 2, "1007")
    assert first.latest_at is not None
    assert first.latest_at.isoformat() == "2026-12-01T18:00:00+08:00"
    assert (second.number, second.priority, second.owner, second.latest_at) == (
        "+8613900000002",
        0,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: the columns are none; write `number`"),
        ("telephone\n139\n", "line 1: the columns are telephone; write `number`"),
        ("number,number\n139,139\n", "line 1: the columns are number, number"),
        ("number\n", "line 2: the list is empty"),
        ("number\ncall me\n", "line 2, number: String should match pattern"),
        ("number,priority\n13900000001,high\n", "line 2, priority:"),
        ("number,latest_at\n13900000001,2026-12-01T18:00:00\n", "line 2, latest_at:"),
        ("number\n13900000001\n13900000001\n", "line 3, number: stands in line 2 too"),
        ("number,owner\n13900000001\n", "line 2: has another number of columns than line 1"),
        ("number,owner\n13900000001,1001,x\n", "line 2: has another number of columns than line 1"),
        ('number\n"139\n', "is not CSV"),
        ("number,latest_at\n13900000001,2026-03-02T01:00:00Z\n", "line 2, latest_at: is over"),
        (
            "number,earliest_at,latest_at\n13900000001,2026-12-01T18:00:00Z,2026-12-01T18:00:00Z\n",
            "line 2, latest_at: Value error, is not after earliest_at",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(BadList) as told:
        read_list(written(tmp_path, text), NOW)
    assert any(problem in each for each in told.value.problems), told.value.problems


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadList) as told:
        read_list(written(tmp_path, "number,priority\n12,0\n13900000001,x\n"))
    assert [each.split(":")[0] for each in told.value.problems] == ["line 2, number", "line 3, priority"]


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadList, match="is not UTF-8"):
        read_list(written(tmp_path, "number,owner\n139,\u738b\n", "gb18030"))


def campaigns(world: ApiWorld, role: Role = Role.SUPERVISOR) -> Campaigns:
    return Campaigns(world.client.session, str(world.client.make_url("")), secret(role))


async def test_a_long_list_goes_in_parts_and_says_how_far_it_is(tmp_path: Path) -> None:
    citizens = read_list(written(tmp_path, "number\n" + "".join(f"139{n:08}\n" for n in range(250))))
    out = io.StringIO()
    async with api_world(tmp_path) as world:
        await campaigns(world).add("flu", "general", citizens, out)
        asked = [order for order, _ in world.service.orders]
        parts = [order for order in asked if isinstance(order, AddToCampaign)]
    assert [len(part.citizens) for part in parts] == [100, 100, 50]
    assert out.getvalue().splitlines()[-1] == "250 of 250 citizens"


async def test_of_a_list_with_a_mistake_in_its_last_part_nothing_is_sent_and_every_mistake_is_told(
    tmp_path: Path,
) -> None:
    """The service that runs says what there is: no queue, agent or work order of these."""
    listed = "".join(f"139{n:08},{AGENT},\n" for n in range(150))
    wrong = "13800000001,9998,\n13800000002,,wo-none\n13800000003,9999,wo-nor\n"
    rows = read_list(written(tmp_path, f"number,owner,work_order\n{listed}{wrong}"))
    async with running_hotline(tmp_path) as (hotline, service), api_over(hotline, tmp_path) as client:
        importing = Campaigns(client.session, str(client.make_url("")), secret(Role.SUPERVISOR))
        with pytest.raises(BadList) as told:
            await importing.add("flu", "generall", rows, io.StringIO(), "customer_first")
        assert service.runtime.callbacks.dialled_from("flu") == []
    assert told.value.problems == (
        "queue: There is no queue generall; there are general, consumer.",
        "line 152, owner: There is no agent 9998; name one that there is, or none.",
        "line 153, work_order: There is no work order wo-none; name one that there is, or none.",
        "line 154, owner: There is no agent 9999; name one that there is, or none.",
        "line 154, work_order: There is no work order wo-nor; name one that there is, or none.",
    )


async def test_a_list_that_is_right_but_for_its_queue_names_the_queues_once(tmp_path: Path) -> None:
    rows = read_list(written(tmp_path, "number\n" + "".join(f"139{n:08}\n" for n in range(250))))
    async with api_world(tmp_path) as world:
        with pytest.raises(BadList) as told:
            await campaigns(world).add("flu", "none", rows, io.StringIO())
        assert world.service.orders == []
    assert told.value.problems == ("queue: There is no queue none; there are general, consumer.",)


async def test_a_list_that_was_refused_goes_on_with_the_same_command_where_it_was(tmp_path: Path) -> None:
    """The real service: the part that it refused is tried anew, those that it took are not taken twice."""
    rows = read_list(written(tmp_path, "number\n" + "".join(f"139{n:08}\n" for n in range(150))))
    async with running_hotline(tmp_path) as (hotline, service), api_over(hotline, tmp_path) as client:
        importing = Campaigns(client.session, str(client.make_url("")), secret(Role.SUPERVISOR))
        service.on_fact(PbxLost(service.now(), "t"))
        with pytest.raises(
            ServiceSaysNo, match=r"row 1 of this part is line 2; 0 of 150 citizens were taken"
        ):
            await importing.add("flu", "general", rows, io.StringIO(), "customer_first")
        service.on_connected()
        await until(lambda: service.runtime.calls.in_sight)
        for _ in range(2):
            await importing.add("flu", "general", rows, io.StringIO(), "customer_first")
        assert len(service.runtime.callbacks.dialled_from("flu")) == 150


async def test_a_list_may_say_whose_phone_rings_first(tmp_path: Path) -> None:
    citizens = read_list(written(tmp_path, "number\n13900000001\n"))
    async with api_world(tmp_path) as world:
        await campaigns(world).add("flu", "general", citizens, io.StringIO(), "customer_first")
        await campaigns(world).add("flu", "general", citizens, io.StringIO())
        asked = [order.mode for order, _ in world.service.orders if isinstance(order, AddToCampaign)]
    assert asked == [CallbackMode.CUSTOMER_FIRST, None]


async def test_how_far_a_list_is_and_what_the_service_refuses(tmp_path: Path) -> None:
    out = io.StringIO()
    async with api_world(tmp_path) as world:
        world.callbacks.entries = {"cb-1": callback_entry("cb-1")}
        world.callbacks.entries["cb-1"].campaign = "flu"
        await campaigns(world).show("flu", out)
        assert out.getvalue().split() == ["1", "citizens", "1", "scheduled"]
        world.service.dialled["flu"] = DialledToday(9, 4, 1, 0.25, Holds.NO_AGENT_FREE)
        await campaigns(world).show("flu", out)
        assert out.getvalue().splitlines()[-2:] == [
            "today 9 dialled, 4 answered, 1 abandoned (25.0% of those who answered)",
            "nobody else is dialled now: no_agent_free",
        ]
        with pytest.raises(ServiceSaysNo, match="There is no campaign none"):
            await campaigns(world).show("none", out)
        with pytest.raises(ServiceSaysNo, match="Role wallboard may not"):
            await campaigns(world, Role.WALLBOARD).show("flu", out)
