"""The scripted AMI server with just enough of Asterisk in it to be held to the same contract as a real one:
global variables, no channels, and two seats whose phones are not registered.
"""

from __future__ import annotations

from tests.support.scripted_ami import Action, Link, ScriptedAmi


class ScriptedAsterisk(ScriptedAmi):
    seats = ("s01", "s02")

    def __init__(self) -> None:
        super().__init__()
        self._variables: dict[str, str] = {}
        self.handlers |= {
            "Setvar": self._set_variable,
            "Getvar": self._get_variable,
            "Hangup": lambda link, action: link.answer(action, "Error", Message="No such channel"),
            "Redirect": lambda link, action: link.answer(
                action, "Error", Message=f"Channel does not exist: {action['Channel']}"
            ),
            "QueuePause": self._pause,
            "Originate": self._originate,
            "Status": self._status,
            "DeviceStateList": self._device_states,
            "Command": lambda link, action: link.answer(action, "Error", Message="Permission denied"),
            "Nonsense": lambda link, action: link.answer(
                action, "Error", Message="Invalid/unknown command: Nonsense."
            ),
        }

    def _set_variable(self, link: Link, action: Action) -> None:
        if "Channel" in action:
            link.answer(action, "Error", Message="No such channel")
            return
        self._variables[action["Variable"]] = action["Value"]
        link.answer(action, Message="Variable Set")

    def _get_variable(self, link: Link, action: Action) -> None:
        name = action["Variable"]
        link.answer(action, Variable=name, Value=self._variables.get(name, ""))

    def _pause(self, link: Link, action: Action) -> None:
        if action["Interface"].removeprefix("PJSIP/") in self.seats:
            link.answer(action, Message="Interface paused successfully")
        else:
            link.answer(action, "Error", Message="Interface not found")

    def _originate(self, link: Link, action: Action) -> None:
        link.answer(action, Message="Originate successfully queued")
        link.send(
            Event="OriginateResponse",
            ActionID=action["ActionID"],
            Response="Failure",
            Channel=action["Channel"],
            Reason="0",
            Uniqueid=action["ChannelId"],
        )

    def _status(self, link: Link, action: Action) -> None:
        link.answer(action, EventList="start", Message="Channel status will follow")
        link.send(
            Event="StatusComplete",
            ActionID=action["ActionID"],
            EventList="Complete",
            ListItems="0",
            Items="0",
        )

    def _device_states(self, link: Link, action: Action) -> None:
        action_id = action["ActionID"]
        link.answer(action, EventList="start", Message="Device State Changes will follow")
        for seat in self.seats:
            link.send(
                Event="DeviceStateChange", ActionID=action_id, Device=f"PJSIP/{seat}", State="UNAVAILABLE"
            )
        link.send(Event="DeviceStateListComplete", ActionID=action_id, EventList="Complete", ListItems="2")
