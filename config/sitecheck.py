"""What must hold across a site: known names, ids and ports of one's own, a server for each queue."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path, PurePath
from typing import Final

from config.base import Model
from config.models import ApiConfig, AsteriskConfig, HotlineConfig, TrunkConfig
from config.problems import Loc, listed, quoted
from config.source import Document, read_file
from config.translate import suggestion
from config.view import View

PORTS_PER_SEAT: Final = 4
"""RTP and RTCP, for the seat's leg and for the caller's."""
NO_ANSWER_REASON: Final = "rona"
"""The not-ready reason that the service sets when a phone was not answered."""

_UNIQUE: Final = (
    ("hotlines", "number"),
    ("queues", "id"),
    ("queues", "digit"),
    ("skills", "id"),
    ("agents", "id"),
    ("calendars", "id"),
    ("seats", "id"),
    ("seats", "extension"),
    ("not_ready_reasons", "id"),
    ("not_ready_reasons", "digit"),
)
_GROUPS: Final[Mapping[str, type[Model]]] = {
    "api": ApiConfig,
    "asterisk": AsteriskConfig,
    "trunk": TrunkConfig,
}


def check_site(document: Document, prompts: Path) -> None:
    """Adds the problems of a site to the document."""
    view = View(document)
    for field, key in _UNIQUE:
        view.check_unique(field, key)
    _check_filled(view)
    _check_references(view)
    _check_servable(view)
    _check_names_apart(view)
    _check_no_answer_reason(view)
    _check_rtp(view)
    _check_ports_apart(view)
    _check_trunk_is_elsewhere(view)
    _check_paths(view)
    _check_greetings(view, prompts)


def _check_filled(view: View) -> None:
    for field in ("hotlines", "queues", "agents", "seats"):
        if view.document.root.get(field) == []:
            view.at_value((field,), "is an empty list", "expected at least one")
    loc = ("work_orders", "categories")
    categories = view.group("work_orders").get("categories")
    if categories == []:
        view.at_value(loc, "is an empty list", "expected at least one")
    for index, category in enumerate(categories if isinstance(categories, list) else ()):
        if isinstance(categories, list) and category in categories[:index]:
            view.at_value((*loc, index), f"{quoted(category)} is given twice", "delete one of the two")


def _check_references(view: View) -> None:
    if view.has("queues"):
        queues = view.known("queues")
        for loc, queue in view.texts("hotlines", "queue"):
            if queue not in queues:
                view.at_value(loc, f"queue {quoted(queue)} is unknown", suggestion(queue, queues))
    if not view.has("skills"):
        return
    skills = view.known("skills")
    for field, key in (("queues", "required_skills"), ("agents", "skills")):
        for loc, item in view.items(field):
            named = item.get(key)
            for skill in named if isinstance(named, dict) else ():
                if skill not in skills:
                    view.at_key((*loc, key, skill), "is an unknown skill", suggestion(skill, skills))


def _check_servable(view: View) -> None:
    """A queue whose callers nobody could ever answer. Not judged while an agent's skills are in doubt."""
    agents = [_proficiency(item.get("skills", {})) for _, item in view.items("agents")]
    known = set(view.known("skills"))
    if not agents or None in agents:
        return
    for loc, item in view.items("queues"):
        required = _proficiency(item.get("required_skills", {}))
        if not required or not required.keys() <= known:
            continue
        if not any(_serves(has or {}, required) for has in agents):
            wanted = listed([f"`{skill}: {least}`" for skill, least in required.items()])
            what = "no agent can serve this queue"
            view.at_key((*loc, "required_skills"), what, f"give an agent {wanted} or more, or require less")


def _proficiency(found: object) -> dict[str, int] | None:
    if not isinstance(found, dict) or not all(type(value) is int for value in found.values()):
        return None
    return found


def _serves(has: Mapping[str, int], required: Mapping[str, int]) -> bool:
    return all(has.get(skill, 0) >= least for skill, least in required.items())


def _check_names_apart(view: View) -> None:
    """Extensions and hotlines share one space of numbers; seats and the trunk one of endpoint names."""
    hotlines = {number: loc for loc, number in view.texts("hotlines", "number")}
    for loc, extension in view.texts("seats", "extension"):
        if extension in hotlines:
            what = f"{quoted(extension)} is also {view.where(hotlines[extension])}"
            view.at_value(loc, what, "give the seat another extension")
    for loc, seat in view.texts("seats", "id"):
        if seat == _setting(view, "trunk", "id"):
            view.at_value(loc, f"{quoted(seat)} is also the trunk's id", "give the seat another id")


def _check_no_answer_reason(view: View) -> None:
    if view.has("not_ready_reasons") and NO_ANSWER_REASON not in view.known("not_ready_reasons"):
        what = f"none of them has the id `{NO_ANSWER_REASON}`"
        expected = "add one: an agent whose phone was not answered is set not ready with it"
        view.at_key(("not_ready_reasons",), what, expected)


def _check_rtp(view: View) -> None:
    start, end = _setting(view, "asterisk", "rtp_start"), _setting(view, "asterisk", "rtp_end")
    if not isinstance(start, int) or not isinstance(end, int):
        return
    at = _written(view, ("asterisk", "rtp_end"), ("asterisk", "rtp_start"))
    needed = PORTS_PER_SEAT * len(list(view.items("seats")))
    if end < start:
        view.at_value(at, f"the range {start} to {end} is upside down", "make rtp_end larger than rtp_start")
    elif end - start + 1 < needed:
        what = f"the range {start} to {end} has {end - start + 1} ports"
        expected = f"expected at least {needed}, {PORTS_PER_SEAT} for each seat"
        view.at_value(at, what, expected)


def _check_ports_apart(view: View) -> None:
    """Each port is used once, whatever its protocol: one number then means one thing in a firewall."""
    ports: list[tuple[Loc, str, range]] = []
    for group, key in (("asterisk", "sip_port"), ("asterisk", "ami_port"), ("api", "port")):
        port = _setting(view, group, key)
        if isinstance(port, int):
            ports.append(((group, key), f"{group}.{key} {port}", range(port, port + 1)))
    start, end = _setting(view, "asterisk", "rtp_start"), _setting(view, "asterisk", "rtp_end")
    if isinstance(start, int) and isinstance(end, int):
        name = f"the audio ports {start} to {end}"
        ports.append((("asterisk", "rtp_start"), name, range(start, end + 1)))
    for (first, first_name, first_range), (second, second_name, second_range) in combinations(ports, 2):
        if max(first_range.start, second_range.start) < min(first_range.stop, second_range.stop):
            at = _written(view, second, first)
            other = first_name if at == second else second_name
            view.at_value(at, f"collides with {other}", "give each its own port")


def _check_trunk_is_elsewhere(view: View) -> None:
    host, bind = _setting(view, "trunk", "host"), _setting(view, "asterisk", "sip_bind")
    here = {bind, "127.0.0.1", "localhost"} if bind in {"0.0.0.0", "127.0.0.1"} else {bind}  # noqa: S104
    if (
        host is not None
        and host in here
        and _setting(view, "trunk", "port") == _setting(view, "asterisk", "sip_port")
    ):
        what = f"{quoted(host)} with this port is where Asterisk itself takes SIP"
        view.at_value(("trunk", "host"), what, "give the address of the carrier's SIP peer")


def _check_paths(view: View) -> None:
    """The spool is emptied as recordings are archived; the archive and the journal must outlive that."""
    spool = _path(view, "asterisk", "spool")
    for key in ("recordings", "journal"):
        path = _path(view, "storage", key)
        if spool and path and (path == spool or spool in path.parents):
            view.at_value(
                ("storage", key), f"{path} is in the spool, {spool}", "keep it outside of the spool"
            )
    recordings, journal = _path(view, "storage", "recordings"), _path(view, "storage", "journal")
    if recordings and journal == recordings:
        view.at_value(
            ("storage", "journal"), "is also storage.recordings", "give the journal a file of its own"
        )


def _path(view: View, group: str, key: str) -> PurePath | None:
    text = view.group(group).get(key)
    if not isinstance(text, str):
        return None
    if not text.strip() or "\0" in text:
        view.at_value((group, key), f"{quoted(text)} is no path", "expected a path")
        return None
    return PurePath(text)


def _check_greetings(view: View, prompts: Path) -> None:
    """Every greeting must be in the prompts' list; without a list there is nothing to hold it against."""
    if not prompts.is_file():
        return
    listing = Document(prompts)
    read_file(listing, prompts)
    view.document.problems.extend(listing.problems)
    if listing.problems:
        return
    names = list(listing.root)
    default = HotlineConfig.model_fields["greeting"].default
    for loc, item in view.items("hotlines"):
        greeting = item.get("greeting", default)
        if isinstance(greeting, str) and greeting not in names:
            what = f"prompt {quoted(greeting)} is not in {prompts.name}"
            view.at_value((*loc, "greeting"), what, suggestion(greeting, names))


def _setting(view: View, group: str, key: str) -> str | int | None:
    """What is written, or else the default. `bool` is an `int` to Python, but not a port."""
    value = view.group(group).get(key, _GROUPS[group].model_fields[key].default)
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def _written(view: View, preferred: Loc, other: Loc) -> Loc:
    """Which of two keys to report at: one that stands in a file, rather than a default."""
    values = view.document.values
    return other if preferred not in values and other in values else preferred
