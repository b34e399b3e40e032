"""How asking Asterisk for something over AMI can fail."""

from __future__ import annotations

from cti.ports import TelephonyError


class AmiError(TelephonyError):
    """Base of all AMI failures."""


class AmiNotConnected(AmiError):
    """There is no usable link: nothing was sent."""


class AmiDeadline(AmiError):
    """No answer came in time. The action may have taken effect."""


class AmiLost(AmiError):
    """The link dropped before the answer. The action may have taken effect."""


class AmiRefused(AmiError):
    """Asterisk answered with an error; `message` is what it said."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AmiInputError(AmiError, ValueError):
    """A header that must not leave: nothing was sent. `header` names it, never its value."""

    def __init__(self, header: str, reason: str) -> None:
        super().__init__(f"header {header!r} {reason}")
        self.header = header


class MissingHeader(AmiError, LookupError):
    """A message from Asterisk lacks a header that its meaning needs."""

    def __init__(self, message: str, header: str) -> None:
        super().__init__(f"{message} without header {header!r}")
        self.header = header
