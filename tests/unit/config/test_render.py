"""Asterisk's configuration is the site's, and no value of the site can be more than a value."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.load import load_site
from config.models import HotlineConfig, Secrets, Site
from config.render import ASTERISK_CONF, Layout, RenderError, render
from tests.support.small_site import small_site

REPOSITORY = Path(__file__).resolve().parents[3]


def secrets_for(site: Site, password: str = "a-long-password") -> Secrets:
    return Secrets(
        ami=SecretStr("the-managers-secret"),
        seats={seat.id: SecretStr(password) for seat in site.seats},
        tokens=(),
    )


def rendered(site: Site, tmp_path: Path, secrets: Secrets | None = None) -> Path:
    directory = tmp_path / "etc"
    render(site, secrets or secrets_for(site), directory, Layout(sounds=tmp_path / "sounds"))
    return directory


def sections(text: str) -> list[tuple[str, dict[str, str]]]:
    """Asterisk's format, as far as these files use it."""
    found: list[tuple[str, dict[str, str]]] = []
    for line in text.splitlines():
        content = line.split(";", 1)[0].strip()
        if content.startswith("["):
            found.append((content[1:].split("]")[0], {}))
        elif content:
            key, _, value = content.partition("=")
            found[-1][1][key.strip()] = value.removeprefix(">").strip()
    return found


@pytest.fixture
def example(tmp_path: Path) -> Site:
    """The hotline that comes with the project, with a spool below `tmp_path`."""
    site = load_site(REPOSITORY / "config" / "hotline")
    return site.model_copy(
        update={"asterisk": site.asterisk.model_copy(update={"spool": tmp_path / "spool"})}
    )


def test_every_seat_has_an_endpoint_that_registers_with_its_password(example: Site, tmp_path: Path) -> None:
    passwords = {seat.id: SecretStr(f"password-{seat.id}") for seat in example.seats}
    directory = rendered(example, tmp_path, secrets_for(example).model_copy(update={"seats": passwords}))
    found = sections((directory / "pjsip.conf").read_text())
    for seat in example.seats:
        mine = {key: value for name, values in found if name == seat.id for key, value in values.items()}
        assert mine["aors"] == mine["auth"] == mine["username"] == seat.id
        assert mine["password"] == f"password-{seat.id}"
        assert mine["callerid"] == f"<{seat.extension}>"
    assert len(example.seats) == 40


def test_every_hotline_has_its_extension_queue_and_priority(example: Site, tmp_path: Path) -> None:
    dialplan = (rendered(example, tmp_path) / "extensions.conf").read_text()
    for hotline in example.hotlines:
        extension = dialplan.split(f"exten => {hotline.number},1,", 1)[1].split("exten =>")[0]
        assert f"Set(HL_HOTLINE={hotline.number})" in extension
        assert f"Set(HL_QUEUE={hotline.queue})" in extension
        assert f"Set(HL_PRIORITY={hotline.priority})" in extension


def test_a_queue_with_a_digit_is_where_a_phone_may_transfer_to(tmp_path: Path) -> None:
    dialplan = (rendered(small_site(tmp_path), tmp_path) / "call-control.conf").read_text()
    codes = {
        line.split(",")[0]: following.split("=")[-1].rstrip(")")
        for line, following in pairwise(dialplan.splitlines())
        if line.startswith("exten => *18")
    }
    assert codes == {"exten => *182": "consumer"}


def test_every_seat_serves_the_fallback_queue(example: Site, tmp_path: Path) -> None:
    queues = (rendered(example, tmp_path) / "queues.conf").read_text()
    for seat in example.seats:
        assert f"member => PJSIP/{seat.id},0,{seat.id},PJSIP/{seat.id}\n" in queues


def test_prompts_that_the_dialplan_plays_are_in_the_list_of_texts(example: Site, tmp_path: Path) -> None:
    directory = rendered(example, tmp_path)
    dialplan = "".join((directory / name).read_text() for name in ("extensions.conf", "flows.conf"))
    prompts = (ASTERISK_CONF / "prompts.yaml").read_text()
    played = {
        line.split(f"{tmp_path}/sounds/", 1)[1].split(")")[0].split(",")[0].removesuffix("${HL_LANG}")
        for line in dialplan.splitlines()
        if "Playback(" in line or "Read(" in line
    }
    assert {"menu-language", "rating", "callback-offer", "voicemail"} <= played
    assert {"thanks", "all-busy", "${HL_GREETING"} <= {prompt.rstrip("}") for prompt in played}
    features = ("login", "logout", "ready", "not_ready")
    expected = {prompt for prompt in played if "$" not in prompt}
    expected |= {f"{feature}-{result}" for feature in features for result in ("ok", "refused")}
    for prompt in expected:
        assert f"\n{prompt}: " in prompts


def test_a_greeting_that_is_no_prompt_is_refused(tmp_path: Path) -> None:
    site = small_site(tmp_path)
    line = site.hotlines[0].model_copy(update={"greeting": "welcome"})
    with pytest.raises(RenderError, match=r"hotline 12345: there is no prompt `welcome`.*greeting"):
        rendered(site.model_copy(update={"hotlines": (line,)}), tmp_path)


def test_the_spools_directories_are_made(tmp_path: Path) -> None:
    rendered(small_site(tmp_path), tmp_path)
    assert {path.name for path in (tmp_path / "spool").iterdir()} == {"recording", "cel", "cdr"}


def test_files_with_secrets_are_not_readable_by_everybody(tmp_path: Path) -> None:
    for file in rendered(small_site(tmp_path), tmp_path).iterdir():
        assert file.stat().st_mode & 0o007 == 0


def test_rendering_again_replaces_the_files_and_leaves_others_alone(tmp_path: Path) -> None:
    site = small_site(tmp_path)
    directory = rendered(site, tmp_path)
    (directory / "mine.conf").write_text("mine")
    before = {file.name: file.read_text() for file in directory.iterdir()}
    (directory / "queues.conf").write_text("old")
    assert {file.name: file.read_text() for file in rendered(site, tmp_path).iterdir()} == before


@pytest.mark.parametrize("character", list(",|&$;\"'\n []{}()"))
def test_a_path_that_could_end_an_argument_is_refused(tmp_path: Path, character: str) -> None:
    site = small_site(tmp_path / f"a{character}b")
    with pytest.raises(
        RenderError, match=r"asterisk\.spool: (?s:.*) cannot stand in Asterisk's configuration"
    ):
        rendered(site, tmp_path)
    assert not (tmp_path / "etc").exists()


@pytest.mark.parametrize("password", ["new\nline-password", "a;comment-password", "a password", ""])
def test_a_password_that_could_end_a_line_is_refused(tmp_path: Path, password: str) -> None:
    site = small_site(tmp_path)
    with pytest.raises(RenderError, match=r"password of seat s01 cannot stand") as refused:
        rendered(site, tmp_path, secrets_for(site, password))
    assert not password or password not in str(refused.value)


def test_a_seat_without_a_password_is_refused(tmp_path: Path) -> None:
    site = small_site(tmp_path)
    secrets = secrets_for(site)
    only_one = secrets.model_copy(update={"seats": {"s01": secrets.seats["s01"]}})
    with pytest.raises(RenderError, match="seat s02 has no password"):
        rendered(site, tmp_path, only_one)


def test_asterisk_listens_on_addresses_not_names(tmp_path: Path) -> None:
    site = small_site(tmp_path)
    named = site.asterisk.model_copy(update={"ami_host": "pbx.example.org"})
    with pytest.raises(RenderError, match=r"asterisk\.ami_host: pbx\.example\.org is not an IP address"):
        rendered(site.model_copy(update={"asterisk": named}), tmp_path)


@pytest.mark.parametrize(
    ("host", "permitted"), [("127.0.0.1", "127.0.0.1/32"), ("localhost", "127.0.0.1/32"), ("::1", "::1/128")]
)
def test_the_manager_interface_is_for_this_machine_alone(tmp_path: Path, host: str, permitted: str) -> None:
    site = small_site(tmp_path)
    listening = site.asterisk.model_copy(update={"ami_host": host})
    text = (rendered(site.model_copy(update={"asterisk": listening}), tmp_path) / "manager.conf").read_text()
    assert "\ndeny = 0.0.0.0/0\ndeny = ::/0\n" in text
    assert f"permit = {permitted}\n" in text
    assert text.count("permit") == text.count(f"permit = {permitted}\n") == text.count("secret = ") == 2


def test_no_event_that_the_service_reads_is_kept_from_being_made(tmp_path: Path) -> None:
    text = (rendered(small_site(tmp_path), tmp_path) / "manager.conf").read_text()
    (never_made,) = re.findall(r"^disabledevents = (.*)$", text, re.MULTILINE)
    read = set(re.findall(r"name\((\w+)\)", text))
    assert "Newchannel" in read
    assert set(never_made.split(",")) & read == set()


def test_a_manager_interface_on_every_address_is_refused(tmp_path: Path) -> None:
    site = small_site(tmp_path)
    open_to_all = site.asterisk.model_copy(update={"ami_host": "0.0.0.0"})
    with pytest.raises(RenderError, match=r"asterisk\.ami_host: 0\.0\.0\.0 is every address"):
        rendered(site.model_copy(update={"asterisk": open_to_all}), tmp_path)


@pytest.mark.parametrize(
    ("host", "contact", "bind"),
    [
        ("198.51.100.7", "sip:198.51.100.7:5060", "0.0.0.0:5060"),
        ("2001:db8::7", "sip:[2001:db8::7]:5060", "[::]:5060"),
    ],
)
def test_addresses_of_both_families_are_written_as_sip_has_them(
    tmp_path: Path, host: str, contact: str, bind: str
) -> None:
    site = small_site(tmp_path)
    listening = site.asterisk.model_copy(update={"sip_bind": "::" if ":" in host else "0.0.0.0"})
    update = {"trunk": site.trunk.model_copy(update={"host": host}), "asterisk": listening}
    text = (rendered(site.model_copy(update=update), tmp_path) / "pjsip.conf").read_text()
    assert f"contact = {contact}\n" in text
    assert f"bind = {bind}\n" in text


def test_hotlines_in_international_form_keep_their_plus(tmp_path: Path) -> None:
    site = small_site(tmp_path)
    line = HotlineConfig(number="+8610012345", name="热线", queue="general")
    text = (rendered(site.model_copy(update={"hotlines": (line,)}), tmp_path) / "extensions.conf").read_text()
    assert "exten => +8610012345,1," in text


@pytest.mark.parametrize(
    ("epoch", "second"),
    [(1795557416, "56"), (1795557417, "56"), (1795557415, "56"), (1795557420, "59"), (1795557419, "00")],
    ids=["same", "epoch read later", "epoch as of the last tick", "over a minute", "back over a minute"],
)
def test_the_second_that_a_caller_queued_in_is_the_fractions_own(
    example: Site, tmp_path: Path, epoch: int, second: str
) -> None:
    """EPOCH and STRFTIME are read one after the other, and EPOCH is as of the kernel's last tick."""
    dialplan = (rendered(example, tmp_path) / "extensions.conf").read_text()
    [expression] = re.findall(r"Set\(HL_EPOCH=\$\[(.*)\]\)", dialplan)
    formula = expression.replace("${HL_EPOCH}", str(epoch)).replace("${CUT(HL_SECOND,.,1)}", str(int(second)))
    found = eval(formula, {"__builtins__": {}})
    assert found % 60 == int(second)
    assert abs(found - epoch) <= 1
