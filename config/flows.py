"""What operations staff write about a caller's way before, while and after waiting: flows."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from config.base import DIGIT_PATTERN, LANGUAGE_PATTERN, Id, Model, Name, Priority
from config.routing import StepConfig

Digit = Annotated[str, Field(pattern=DIGIT_PATTERN)]
Tries = Annotated[int, Field(ge=1, le=9)]
KeyTime = Annotated[float, Field(ge=1, le=60)]

LEVELS = 5
"""A rating has so many levels, as the hotline's contract counts satisfaction (满意度)."""


class ChoiceConfig(Model):
    """What a key of the menu leads to."""

    key: Digit
    """The key; in quotes."""
    id: Id
    """Kept with the call and shown in reports."""
    queue: Id | None = None
    """The queue that its callers wait in. None: the hotline's."""
    priority: Priority | None = None
    """Added to the queue's priority. None: the hotline's."""
    steps: tuple[StepConfig, ...] = ()
    """What its callers are kept for at first, before the hotline's steps and the queue's."""
    language: Annotated[str, Field(pattern=LANGUAGE_PATTERN)] | None = None
    """From here on each prompt is the one named `<prompt>-<language>`. None: the prompts as they are."""


class MenuConfig(Model):
    """Keys to choose from after the greeting."""

    prompt: Id
    """Tells the keys. A key may be pressed before it ends."""
    choices: tuple[ChoiceConfig, ...]
    """What each key leads to."""
    timeout_s: KeyTime = 5.0
    """How long a key is waited for after the prompt, in seconds."""
    tries: Tries = 3
    """How often the prompt is played to a caller who presses nothing, or a key that is no choice."""
    default: Id | None = None
    """The choice that is made after the last try, by its id. None: the hotline's queue, without a choice."""

    @model_validator(mode="after")
    def _keys_apart(self) -> Self:
        if not self.choices:
            raise ValueError("has no `choices`; write what each key leads to, or leave the menu out")
        _apart("choices", "key", [choice.key for choice in self.choices])
        ids = [choice.id for choice in self.choices]
        _apart("choices", "id", ids)
        if self.default is not None and self.default not in ids:
            raise ValueError("has a `default` that is no choice; write the `id` of one of its `choices`")
        return self


class ClosedTo(StrEnum):
    MESSAGE = "message"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"


class FlowHoursConfig(Model):
    """When the line is open, and what callers meet when it is closed."""

    calendar: Id
    """The hours, one of `calendars`."""
    closed: ClosedTo
    """After the prompt, outside of the hours: `message`: the end. `voicemail`: the caller leaves a message,
    which opens a work order. `callback`: the caller may ask to be called back."""
    prompt: Id = "closed"
    """Tells that the line is closed."""
    max_voicemail_s: Annotated[float, Field(ge=10, le=600)] = 120.0
    """The longest message that a caller can leave, in seconds."""


class AnnouncementsConfig(Model):
    """What callers hear between the music while they wait."""

    texts: tuple[Id, ...] = ()
    """Prompts, played one after the other in turn."""
    first_s: Annotated[float, Field(ge=5, le=3_600)] = 30.0
    """When the first text is played, in seconds of waiting."""
    every_s: Annotated[float, Field(ge=10, le=3_600)] = 60.0
    """How long after a text the next one is played, in seconds."""
    position: bool = False
    """Callers are told their place in the queue and the expected wait, and again only when both got
    better."""


class CallbackOfferConfig(Model):
    """The offer, while waiting, of being called back. The caller keeps the place in the queue."""

    key: Digit
    """The key that takes the offer, at any moment while waiting; in quotes."""
    prompt: Id = "callback-offer"
    """Tells the key."""
    after_s: Annotated[float, Field(ge=5, le=3_600)] = 45.0
    """When the offer is made first, in seconds of waiting. A queue's limit with `to: callback` makes it at
    once."""
    every_s: Annotated[float, Field(ge=10, le=3_600)] = 120.0
    """How long after an offer it is made again, in seconds."""


class RatingLevelConfig(Model):
    """One level of the rating."""

    key: Digit
    """In quotes."""
    score: Annotated[int, Field(ge=1, le=LEVELS)]
    """5 is the best."""
    name: Name
    """Shown to people."""


class RatingConfig(Model):
    """The rating after the call (满意度), when the agent hung up first or sent the caller there."""

    prompt: Id = "rating"
    """Tells the keys. A key may be pressed before it ends."""
    levels: tuple[RatingLevelConfig, ...] = (
        RatingLevelConfig(key="1", score=5, name="非常满意"),
        RatingLevelConfig(key="2", score=4, name="满意"),
        RatingLevelConfig(key="3", score=3, name="基本满意"),
        RatingLevelConfig(key="4", score=2, name="不满意"),
        RatingLevelConfig(key="5", score=1, name="非常不满意"),
    )
    """The five levels, each with a key."""
    satisfied_from: Annotated[int, Field(ge=2, le=LEVELS)] = 3
    """The lowest score that counts as satisfied."""
    timeout_s: KeyTime = 5.0
    """How long a key is waited for after the prompt, in seconds."""
    tries: Tries = 2
    """How often the prompt is played to a caller who presses nothing, or a key that is no level."""

    @model_validator(mode="after")
    def _five_levels(self) -> Self:
        if sorted(level.score for level in self.levels) != list(range(1, LEVELS + 1)):
            raise ValueError(
                f"has not one level for each score; write {LEVELS}, with the scores 1 to {LEVELS}"
            )
        _apart("levels", "key", [level.key for level in self.levels])
        return self


class FlowConfig(Model):
    """A caller's way before, while and after waiting, named by hotlines."""

    id: Id
    """Named by hotlines."""
    name: Name
    """Shown to people."""
    hours: FlowHoursConfig | None = None
    """None: open day and night."""
    menu: MenuConfig | None = None
    """None: every caller goes to the hotline's queue."""
    announcements: AnnouncementsConfig = AnnouncementsConfig()
    """What callers hear between the music while they wait."""
    callback: CallbackOfferConfig | None = None
    """None: it is not offered."""
    missed_calls: bool = False
    """A caller who gave up after the queue's short-abandon time is called back, once however often they
    called, and not if they were answered since."""
    rating: RatingConfig | None = None
    """None: callers hear a farewell."""


def _apart(field: str, key: str, values: Iterable[str]) -> None:
    known: set[str] = set()
    for value in values:
        if value in known:
            raise ValueError(f"has two `{field}` of one `{key}`; give each its own")
        known.add(value)
