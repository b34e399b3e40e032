"""What `make run` prints: the way to the wallboard, and who may read its token."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab.run import _show_addresses
from lab.site import LabSite, make_lab_site


@pytest.fixture
def site(tmp_path: Path) -> LabSite:
    return make_lab_site(tmp_path)


@pytest.mark.parametrize("terminal", [True, False])
def test_the_wallboards_token_is_shown_to_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], site: LabSite, terminal: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)

    _show_addresses(site.site, site.secrets_file)

    shown = capsys.readouterr().out
    assert (f"{site.api_url}/wallboard#token={site.tokens['wallboard']}" in shown) is terminal
    assert not any(token in shown for name, token in site.tokens.items() if name != "wallboard")


def test_without_the_tokens_file_it_says_which_token_to_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], site: LabSite
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    (site.directory / "tokens.yaml").unlink()

    _show_addresses(site.site, site.secrets_file)

    assert "with the token `wallboard`" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("listens_on", "shown"),
    [("0.0.0.0", "http://127.0.0.1:"), ("::", "http://[::1]:"), ("192.0.2.7", "http://192.0.2.7:")],
)
def test_an_address_that_means_every_address_is_shown_as_one_that_can_be_opened(
    capsys: pytest.CaptureFixture[str], site: LabSite, listens_on: str, shown: str
) -> None:
    everywhere = site.site.model_copy(update={"api": site.site.api.model_copy(update={"host": listens_on})})

    _show_addresses(everywhere, site.secrets_file)

    assert f"API: {shown}" in capsys.readouterr().out
