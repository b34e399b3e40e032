"""A hotline small enough to hold in one's head: two queues, three agents, two seats."""

from __future__ import annotations

from pathlib import Path

from config.models import (
    AgentConfig,
    AsteriskConfig,
    HotlineConfig,
    NotReadyReason,
    SeatConfig,
    Site,
    SkillConfig,
    StorageConfig,
    TrunkConfig,
    WorkOrderConfig,
)
from config.routing import QueueConfig

AGENT, OTHER_AGENT, THIRD_AGENT = "1001", "1002", "1003"
SEAT, OTHER_SEAT = "s01", "s02"
REASON = "break"
CATEGORY = "消费纠纷"


def small_site(root: Path) -> Site:
    """The site, with its files under `root`."""
    return Site(
        hotlines=(
            HotlineConfig(number="12345", name="市民热线", queue="general"),
            HotlineConfig(number="12315", name="消费维权", queue="consumer", priority=5),
        ),
        queues=(
            QueueConfig(id="general", name="综合受理"),
            QueueConfig(id="consumer", name="消费维权", digit="2", required_skills={"consumer": 2}),
        ),
        skills=(SkillConfig(id="consumer", name="消费维权"),),
        agents=(
            AgentConfig(id=AGENT, name="王芳", skills={"consumer": 3}),
            AgentConfig(id=OTHER_AGENT, name="李强"),
            AgentConfig(id=THIRD_AGENT, name="张敏"),
        ),
        seats=(SeatConfig(id=SEAT, extension="8001"), SeatConfig(id=OTHER_SEAT, extension="8002")),
        not_ready_reasons=(
            NotReadyReason(id=REASON, name="小休", digit="1"),
            NotReadyReason(id="rona", name="未接来电", digit="9"),
        ),
        trunk=TrunkConfig(host="127.0.0.1", caller_number="12345"),
        asterisk=AsteriskConfig(spool=root / "spool"),
        storage=StorageConfig(recordings=root / "recordings", journal=root / "journal.db"),
        work_orders=WorkOrderConfig(categories=(CATEGORY, "交通出行")),
    )
