"""`hotline-lab`: what it does with each command, and that what goes wrong outside the code is one message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab import cli, prompts, roots
from lab.asterisk import AsteriskError
from lab.roots import RootError


def _raises(error: BaseException) -> Callable[[], int]:
    def run() -> int:
        raise error

    return run


def _missing(monkeypatch: pytest.MonkeyPatch, *, asterisk: bool, tools: bool, sounds: bool) -> list[str]:
    """Sets what is missing; what is fetched or made is added to the list."""
    obtained: list[str] = []
    monkeypatch.delenv("HOTLINE_ASTERISK", raising=False)
    monkeypatch.setattr(roots, "asterisk_is_missing", lambda: asterisk)
    monkeypatch.setattr(roots, "tools_are_missing", lambda: tools)
    monkeypatch.setattr(prompts, "sounds_are_missing", lambda: sounds)
    monkeypatch.setattr(roots, "asterisk_program", lambda: obtained.append("asterisk"))
    monkeypatch.setattr(roots, "tool", lambda name: obtained.append(name))
    monkeypatch.setattr(prompts, "sounds", lambda: obtained.append("sounds"))
    return obtained


def test_setup_is_quiet_when_nothing_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    obtained = _missing(monkeypatch, asterisk=False, tools=False, sounds=False)

    assert cli.main(["setup"]) == 0

    assert (obtained, capsys.readouterr()) == ([], ("", ""))


def test_setup_says_what_it_fetches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    obtained = _missing(monkeypatch, asterisk=True, tools=True, sounds=True)

    assert cli.main(["setup"]) == 0

    assert obtained == ["asterisk", "sipp", "sounds"]
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_setup_fetches_nothing_for_an_asterisk_that_runs_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    obtained = _missing(monkeypatch, asterisk=True, tools=True, sounds=True)
    monkeypatch.setenv("HOTLINE_ASTERISK", "external")

    assert cli.main(["setup"]) == 0

    assert obtained == []


@pytest.mark.parametrize(
    "error",
    [
        AsteriskError("Asterisk cannot use UDP port 5060"),
        RootError("cannot fetch asterisk"),
        PermissionError(13, "Permission denied", "var/secrets.yaml"),
        ExceptionGroup("unhandled errors in a TaskGroup", [AsteriskError("Asterisk ended")]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_goes_wrong_outside_the_code_is_one_message_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    monkeypatch.setattr(cli, "run_service", _raises(error))

    assert cli.main(["run"]) == 1

    told = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
    assert capsys.readouterr() == ("", f"hotline-lab: {told}\n")


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("a fault of ours"),
        ConnectionResetError(104, "a link that nobody watched"),
        ExceptionGroup("both", [AsteriskError("Asterisk ended"), RuntimeError("a fault of ours")]),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_of_the_code_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    monkeypatch.setattr(cli, "run_service", _raises(fault))

    with pytest.raises(type(fault)):
        cli.main(["run"])


def test_setup_that_is_interrupted_ends_as_a_shell_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    _missing(monkeypatch, asterisk=True, tools=False, sounds=False)
    monkeypatch.setattr(roots, "asterisk_program", _raises(KeyboardInterrupt()))

    assert cli.main(["setup"]) == 130


@pytest.mark.parametrize("calls", ["0", "10001", "many"])
def test_a_number_of_calls_that_no_demo_can_make_is_wrong_usage(calls: str) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(["demo", "--calls", calls])

    assert refused.value.code == 2


def test_prompts_are_put_where_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[Path] = []
    monkeypatch.setattr(prompts, "make_sounds", made.append)

    assert cli.main(["prompts", str(tmp_path)]) == 0

    assert made == [tmp_path]
