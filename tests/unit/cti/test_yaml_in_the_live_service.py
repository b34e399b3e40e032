"""What is written about routing in YAML the live service does: from the file to the phone that rings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from acd.effects import AgentChanged
from acd.events import TimePassed
from acd.model import AgentState, OfferOutcome
from config.load import load_site
from config.models import Secrets
from config.policy import routing_policy
from cti.bootstrap import plan_of
from cti.calls import facts as f
from cti.calls.actions import MoveToQueue, RingSeat, SendAway
from cti.commands import BeReady, FillWorkOrder, LogIn
from cti.records_json import JSON
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.step import Step
from tests.support.conversation import agent_hangs_up, leg_started, seat_answers, seat_rings, snapshot

BEGINS = datetime(2026, 3, 2, 1, 0, tzinfo=UTC).timestamp()
"""Nine o'clock of a Monday in China."""
SKILLS = ("english", "law")
AGENTS = ("1001", "1002", "1003")
SEAT_OF = {agent: f"s{number}" for number, agent in enumerate(AGENTS, start=1)}
LANGUAGES = {"english": 3}


class Center:
    """A service on a configuration that was read from disk; times are seconds after `BEGINS`."""

    def __init__(self, root: Path, **changes: Any) -> None:
        queues = changes.pop("queues", [{"id": "general"}])
        agents = changes.pop("agents", {})
        hotlines = changes.pop("hotlines", {})
        site = {
            "hotlines": [
                {"number": number, "name": "热线", "queue": queues[0]["id"], **hotlines.get(number, {})}
                for number in dict.fromkeys(["12345", *hotlines])
            ],
            "queues": [{"name": "队列", **queue} for queue in queues],
            "skills": [{"id": skill, "name": "技能"} for skill in SKILLS],
            "agents": [{"id": agent, "name": "坐席", **agents.get(agent, {})} for agent in AGENTS],
            "seats": [{"id": seat, "extension": f"800{seat[1]}"} for seat in SEAT_OF.values()],
            "trunk": {"host": "192.0.2.10", "caller_number": "12345"},
            "asterisk": {"spool": "var/spool"},
            "storage": {"recordings": "var/recordings", "journal": "var/journal.sqlite"},
            "work_orders": {"categories": ["咨询"]},
            "not_ready_reasons": [
                {"id": "break", "name": "小休", "digit": "1"},
                {"id": "rona", "name": "振铃未接", "digit": "9"},
            ],
            **changes,
        }
        directory, prompts = root / "site", root / "prompts.yaml"
        directory.mkdir()
        YAML(typ="safe").dump(site, directory / "site.yaml")
        prompts.write_text("greeting: 您好\nclosed: 已下班\n", encoding="utf-8")
        self.site = load_site(directory, prompts=prompts)
        self.runtime = self.service(Resume(), BEGINS)
        self.steps: list[Step] = []
        self.tell(snapshot(at=BEGINS, reachable=frozenset(SEAT_OF.values())))

    def service(self, resume: Resume, now: float) -> Runtime:
        plan = plan_of(self.site, Secrets(ami=SecretStr("x" * 20), seats={}, tokens=()))
        return Runtime(plan, routing_policy(self.site), resume, now)

    def tell(self, *events: Any) -> None:
        self.steps += [self.runtime.step(event) for event in events]
        assert [story for step in self.steps for story in step.illegal] == []

    def ready(self, *agents: str, at: float = 0.0) -> None:
        for agent in agents:
            self.tell(LogIn(BEGINS + at, "t", agent, SEAT_OF[agent]), BeReady(BEGINS + at, "t", agent))

    def call(self, call: str, at: float, *, hotline: str = "12345", number: str = "") -> None:
        """A citizen who begins to wait at that time."""
        hot = next(each for each in self.site.hotlines if each.number == hotline)
        now, number = BEGINS + at, number or f"139{crc32(call.encode()) % 10**8:08}"
        self.tell(
            leg_started(call, "trunk", now),
            f.CallArrived(now, "t", call, call, hotline, number, hotline),
            f.CallerQueued(now, "t", call, call, hot.queue, hot.priority, now),
        )

    def pass_time(self, at: float) -> None:
        self.tell(TimePassed(BEGINS + at, "t"))

    @property
    def rings(self) -> list[RingSeat]:
        return [a for step in self.steps for a in step.actions if isinstance(a, RingSeat)]

    @property
    def rung(self) -> list[tuple[str, str]]:
        """Calls and the agents whose phones were rung for them."""
        agents = {seat: agent for agent, seat in SEAT_OF.items()}
        return [(ring.call, agents[ring.seat]) for ring in self.rings]

    def no_answer(self, at: float) -> None:
        ring = self.rings[-1]
        self.tell(
            *seat_rings(ring.leg, ring.seat, ring.call, BEGINS + at - 1),
            f.LegEnded(BEGINS + at, "t", ring.leg, 19, False),
        )

    def talk(self, at: float, until: float) -> None:
        """The phone rung last is answered; the agent hangs up later."""
        ring = self.rings[-1]
        self.tell(
            *seat_rings(ring.leg, ring.seat, ring.call, BEGINS + at),
            *seat_answers(ring.leg, ring.call, BEGINS + at, bridge=ring.leg),
            *agent_hangs_up(ring.leg, ring.call, BEGINS + until, bridge=ring.leg),
        )

    def agent(self, agent: str) -> AgentChanged:
        return self.runtime.agents[agent]

    def actions(self, kind: type) -> list[Any]:
        return [action for step in self.steps for action in step.actions if isinstance(action, kind)]


Make = Callable[..., Center]


@pytest.fixture
def center(tmp_path: Path) -> Make:
    return lambda **changes: Center(tmp_path, **changes)


def test_a_requirement_is_an_expression(center: Make) -> None:
    needs = {
        "all_of": [{"any_of": [{"skill": "english"}, {"skill": "law"}]}, {"none_of": [{"agents": ["1002"]}]}]
    }
    agents = {"1002": {"skills": {"law": 5}}, "1003": {"skills": {"law": 1}}}
    place = center(queues=[{"id": "general", "requirement": needs}], agents=agents)
    place.ready(*AGENTS)
    place.call("a", 5)
    assert place.rung == [("a", "1003")]


def test_a_queues_steps_and_a_hotlines_before_them_relax_in_their_time(center: Make) -> None:
    def step(agent: str, **more: Any) -> dict[str, Any]:
        return {"requirement": {"agents": [agent]}, "ttl_s": 10, **more}

    place = center(
        queues=[{"id": "general", "steps": [step("1002")]}], hotlines={"12345": {"steps": [step("1003")]}}
    )
    place.ready("1002", "1003")
    place.call("busies 1003", 1)
    place.call("busies 1002", 12)
    place.ready("1001", at=13)
    place.pass_time(21.5)
    assert place.rung == [("busies 1003", "1003")]
    place.pass_time(22.5)
    assert place.rung[1:] == [("busies 1002", "1002")]


def test_the_owner_of_the_open_work_order_then_who_spoke_last_are_preferred(
    center: Make,
) -> None:
    place = center(
        queues=[{"id": "general", "wrap_up_s": 0}], routing={"last_agent_ttl_s": 20, "owner_ttl_s": 20}
    )
    place.ready("1002")
    place.call("a", 1, number="13900000001")
    place.talk(2, 30)
    wrote: dict[str, JSON] = {"filled_by": "1003", "call": "a", "version": 2}
    place.tell(FillWorkOrder(BEGINS + 40, "t", "wo-a", dict(wrote)))
    place.ready("1001", "1003", at=41)
    place.call("b", 50, number="13900000001")
    place.call("c", 51, number="13900000001")
    place.pass_time(71.5)
    assert place.rung[1:] == [("b", "1003"), ("c", "1002")]


@pytest.mark.parametrize(("waited", "first"), [(20, "urgent"), (40, "plain")])
def test_a_step_of_priority_is_worth_so_many_seconds(center: Make, waited: float, first: str) -> None:
    place = center(hotlines={"12315": {"priority": 1}}, routing={"priority_worth_s": 30})
    place.call("plain", 1)
    place.call("urgent", 1 + waited, hotline="12315")
    place.ready("1001", at=100)
    assert place.rung == [(first, "1001")]


def test_a_queues_weight_and_its_priority_count(center: Make) -> None:
    queues = [{"id": "general"}, {"id": "heavy", "weight": 3}]
    place = center(queues=queues, hotlines={"12315": {"queue": "heavy"}})
    place.call("plain", 1)
    place.call("heavy", 60, hotline="12315")
    place.ready("1001", at=100)
    assert place.rung == [("heavy", "1001")]


def test_who_was_cut_off_and_dials_again_has_the_old_place(center: Make) -> None:
    place = center(routing={"keep_place_s": 60})
    place.call("cut", 1, number="13900000001")
    place.call("other", 5)
    place.tell(f.LegEnded(BEGINS + 10, "t", "cut", 38, True))
    place.call("again", 20, number="13900000001")
    place.ready("1001", at=30)
    assert place.rung == [("again", "1001")]


def test_agents_are_chosen_by_the_criteria(center: Make) -> None:
    agents = {"1001": {"skills": {"english": 3}}, "1003": {"skills": {"english": 5}}}
    queue = {"id": "general", "required_skills": {"english": 1}, "criteria": ["proficiency"]}
    place = center(queues=[queue], agents=agents)
    place.ready(*AGENTS)
    place.call("a", 5)
    assert place.rung == [("a", "1003")]


def test_who_is_occupied_beyond_the_limit_rests(center: Make) -> None:
    place = center(
        queues=[{"id": "general", "wrap_up_s": 0}], routing={"max_occupancy": 0.5, "max_rest_s": 20}
    )
    place.ready("1001")
    place.call("a", 5)
    place.talk(6, 60)
    place.call("b", 65)
    assert place.agent("1001").reason == "resting"
    assert place.rung == [("a", "1001")]
    place.pass_time(80.5)
    assert place.rung == [("a", "1001"), ("b", "1001")]


def test_agents_serve_their_queues_and_penalties_put_them_last(center: Make) -> None:
    queues = [{"id": "general"}, {"id": "other"}]
    agents = {"1001": {"queues": {"general": 60}}, "1002": {"queues": {"other": 0}}}
    place = center(queues=queues, agents=agents)
    place.ready(*AGENTS)
    place.call("a", 5)
    place.call("b", 6)
    place.call("c", 7)
    assert place.rung == [("a", "1003"), ("b", "1001")]


def test_agents_are_kept_free_for_urgent_callers(center: Make) -> None:
    place = center(
        hotlines={"12315": {"priority": 9}},
        agents={"1001": {"skills": {"law": 3}}},
        routing={"reserves": [{"skill": "law", "keep": 1, "urgent_from": 5}]},
    )
    place.ready("1001")
    place.call("plain", 5)
    assert place.rung == []
    place.call("urgent", 6, hotline="12315")
    assert place.rung == [("urgent", "1001")]


def test_who_did_not_answer_is_asked_again_after_a_while_and_so_often(center: Make) -> None:
    place = center(queues=[{"id": "general", "offer_backoff_s": 20, "max_offers_per_agent": 2}])
    place.ready("1001")
    place.call("a", 1)
    place.no_answer(10)
    assert place.agent("1001").reason == "rona"
    place.tell(BeReady(BEGINS + 11, "t", "1001"))
    assert len(place.rings) == 1
    place.pass_time(30.5)
    assert len(place.rings) == 2
    place.no_answer(40)
    place.tell(BeReady(BEGINS + 41, "t", "1001"))
    place.pass_time(200)
    assert len(place.rings) == 2
    record = place.runtime.calls.calls["a"].record
    assert [offer.outcome for offer in record.offers] == [OfferOutcome.NO_ANSWER] * 2


def test_phones_are_asked_to_answer_and_rung_for_as_long_as_the_queue_says(center: Make) -> None:
    place = center(queues=[{"id": "general", "auto_answer": True, "ring_timeout_s": 7}])
    place.ready("1001")
    place.call("a", 1)
    assert [(ring.auto_answer, ring.ring_timeout_s) for ring in place.rings] == [(True, 7)]


@pytest.mark.parametrize(("ceiling", "lasts"), [(None, 40), (15, 15)])
def test_the_wrap_up_is_the_queues_up_to_the_agents_ceiling(
    center: Make, ceiling: float | None, lasts: float
) -> None:
    agent = {} if ceiling is None else {"max_wrap_up_s": ceiling}
    place = center(queues=[{"id": "general", "wrap_up_s": 40}], agents={"1001": agent})
    place.ready("1001")
    place.call("a", 1)
    place.talk(2, 30)
    now = place.agent("1001")
    assert (now.state, now.until) == (AgentState.WRAP_UP, BEGINS + 30 + lasts)


NIGHT = {"id": "day", "name": "白天", "hours": [{"weekdays": ["mon"], "opens": "09:30", "closes": "18:00"}]}


def test_at_night_fewer_skills_are_asked_for_until_the_queue_opens(center: Make) -> None:
    queue = {
        "id": "general",
        "required_skills": {"law": 3},
        "calendar": "day",
        "night_skills": {"english": 1},
    }
    agents = {"1001": {"skills": {"english": 1}}, "1002": {"skills": {"law": 3}}}
    place = center(queues=[queue], agents=agents, calendars=[NIGHT])
    place.ready("1001", "1002")
    place.call("at night", 10)
    place.call("waits for the day", 20)
    assert place.rung == [("at night", "1001")]
    place.pass_time(1801)
    assert place.rung[1:] == [("waits for the day", "1002")]


@pytest.mark.parametrize(
    "rule",
    [
        {"limit": "closed"},
        {"limit": "nobody_logged_in"},
        {"limit": "size", "threshold": 0},
        {"limit": "waited", "threshold": 30},
    ],
    ids=lambda rule: rule["limit"],
)
@pytest.mark.parametrize("to", ["queue", "message", "busy"])
def test_a_limit_sends_callers_elsewhere(center: Make, rule: dict[str, Any], to: str) -> None:
    target = {"queue": {"target": "other"}, "message": {"target": "closed"}, "busy": {}}[to]
    queue: dict[str, Any] = {"id": "general", "overflow": [{**rule, "to": to, **target}]}
    if rule["limit"] == "closed":
        queue["calendar"] = "day"
    others = {agent: {"queues": {"other": 0}} for agent in AGENTS}
    place = center(
        queues=[queue, {"id": "other"}],
        agents=others if rule["limit"] == "nobody_logged_in" else {},
        calendars=[NIGHT],
    )
    place.call("a", 5)
    place.pass_time(36)
    if to == "queue":
        assert [(move.queue, move.channel) for move in place.actions(MoveToQueue)] == [
            ("other", "PJSIP/trunk-a")
        ]
    else:
        [sent] = place.actions(SendAway)
        assert sent.prompt == ("closed" if to == "message" else None)


def test_after_a_restart_the_wrap_up_is_still_the_queues_up_to_the_agents_ceiling(tmp_path: Path) -> None:
    queues = [{"id": "general", "wrap_up_s": 20}, {"id": "long", "wrap_up_s": 90}]
    agents = {"1002": {"max_wrap_up_s": 5}}
    place = Center(tmp_path, queues=queues, agents=agents)
    place.ready("1001", "1002")
    for number, agent in enumerate(("1001", "1002")):
        place.call(f"c{number}", 1 + number)
        ring = place.rings[-1]
        place.tell(*seat_rings(ring.leg, ring.seat, ring.call, BEGINS + 3))
        place.tell(*seat_answers(ring.leg, ring.call, BEGINS + 4, bridge=ring.leg))
        assert place.agent(agent).state is AgentState.BUSY
    talking = [call.record for call in place.runtime.calls.calls.values()]
    resume = Resume(agents=list(place.runtime.agents.values()), open_calls=talking)
    again = place.service(resume, BEGINS + 50)
    assert [again.agents[agent].until for agent in ("1001", "1002")] == [BEGINS + 70, BEGINS + 55]
