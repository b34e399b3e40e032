"""A hotline with flows whose prompts are short, so that tests do not spend their time on listening."""

from __future__ import annotations

from pathlib import Path

from config.flows import (
    AnnouncementsConfig,
    CallbackOfferConfig,
    ChoiceConfig,
    ClosedTo,
    FlowConfig,
    FlowHoursConfig,
    MenuConfig,
    RatingConfig,
)
from config.models import HotlineConfig, Site
from config.routing import CalendarConfig, HoursConfig, Weekday
from tests.support.asterisk_site import SHORT_GREETING, asterisk_site

SHORT = "digit-3"
"""A prompt of less than a second."""
MENU, CLOSED, VOICEMAIL, TOLD = "12301", "12302", "12303", "12304"
"""Hotlines, by what is special about their flow."""

FLOWS = (
    FlowConfig(
        id="citizen",
        name="市民",
        callback=CallbackOfferConfig(key="1", prompt=SHORT, after_s=3600),
        missed_calls=True,
        rating=RatingConfig(prompt=SHORT, timeout_s=1.5),
    ),
    FlowConfig(
        id="menu",
        name="选择",
        menu=MenuConfig(
            prompt=SHORT,
            timeout_s=1.5,
            tries=2,
            default="back",
            choices=(
                ChoiceConfig(key="1", id="law", queue="consumer", priority=7),
                ChoiceConfig(key="2", id="english", language="en"),
                ChoiceConfig(key="9", id="back"),
            ),
        ),
    ),
    FlowConfig(
        id="closed",
        name="下班",
        hours=FlowHoursConfig(calendar="never", closed=ClosedTo.CALLBACK, prompt=SHORT),
    ),
    FlowConfig(
        id="voicemail",
        name="留言",
        hours=FlowHoursConfig(calendar="never", closed=ClosedTo.VOICEMAIL, prompt=SHORT, max_voicemail_s=10),
    ),
    FlowConfig(
        id="told",
        name="播报",
        hours=FlowHoursConfig(calendar="always", closed=ClosedTo.MESSAGE),
        announcements=AnnouncementsConfig(texts=("wait-please",), first_s=5, position=True),
        callback=CallbackOfferConfig(key="1", prompt=SHORT, after_s=3600),
    ),
)


def flow_site(root: Path) -> Site:
    """The small site with a flow on each of its numbers."""
    site = asterisk_site(root)
    every_day = HoursConfig(weekdays=tuple(Weekday))
    lines = {MENU: "menu", CLOSED: "closed", VOICEMAIL: "voicemail", TOLD: "told"}
    return site.model_copy(
        update={
            "flows": FLOWS,
            "calendars": (
                CalendarConfig(id="never", name="不办公", hours=()),
                CalendarConfig(id="always", name="全天", hours=(every_day,)),
            ),
            "hotlines": (
                site.hotlines[0].model_copy(update={"flow": "citizen"}),
                *site.hotlines[1:],
                *(
                    HotlineConfig(
                        number=number, name=flow, queue="general", greeting=SHORT_GREETING, flow=flow
                    )
                    for number, flow in lines.items()
                ),
            ),
        }
    )
