"""Asterisk, SIP phones and speech for a machine that has none: Debian packages unpacked below `var/cache`.

Nothing is installed and no privilege is needed: `apt-get` resolves and downloads the packages with lists and
a package state of its own, `dpkg-deb` unpacks them into a root directory, and a program in there runs through
that root's own dynamic loader. A root is made once, under a lock and beside its final name, and then renamed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_REPOSITORY: Final = Path(__file__).resolve().parents[1]
_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LEAST_ASTERISK: Final = (22, 10)
_LOG_LINES_SHOWN: Final = 12


class RootError(Exception):
    """A root or a program could not be had; the message says what failed and what to do."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program and what it takes to run it."""

    path: Path
    root: Path
    """The directory its packages were unpacked in; `/` for a program of this machine."""
    start: tuple[str, ...]
    """The command line up to its first argument."""

    def argv(self, *args: str | Path) -> list[str]:
        return [*self.start, *map(str, args)]

    @property
    def fetched(self) -> bool:
        return self.root != Path("/")


@dataclass(frozen=True, slots=True)
class _Recipe:
    name: str
    suite: str
    packages: tuple[str, ...]

    def directory_name(self) -> str:
        """Changes with the recipe, so that a new recipe makes a new root."""
        digest = hashlib.sha256(" ".join((self.suite, *self.packages)).encode()).hexdigest()
        return f"{self.name}-{digest[:8]}"


# Debian 12 has no Asterisk and its later suites have none either: the unstable one has 22 (LTS).
_ASTERISK: Final = _Recipe("asterisk", "sid", ("asterisk",))
# Made for the libc of Debian 12, it serves programs of that and of later ones.
_CLOCK: Final = _Recipe("clock", "bookworm", ("libfaketime",))
_TOOLS: Final = _Recipe("tools", "bookworm", ("sip-tester", "baresip-core", "espeak-ng", "sox"))


def cache_directory() -> Path:
    """Where roots and generated sounds are kept: `HOTLINE_CACHE`, or `var/cache` of the repository."""
    chosen = os.environ.get("HOTLINE_CACHE")
    return Path(chosen).resolve() if chosen else _REPOSITORY / "var" / "cache"


def asterisk_program() -> Program:
    """Asterisk 22.10 or later: the one named by `HOTLINE_ASTERISK`, this machine's own, or a fetched one.

    Raises RootError.
    """
    chosen = os.environ.get("HOTLINE_ASTERISK")
    if chosen:
        own = _own_program(Path(chosen))
        version = _asterisk_version(own)
        if version is None or version < _LEAST_ASTERISK:
            raise RootError(
                f"HOTLINE_ASTERISK={chosen} is not an Asterisk {_dotted(_LEAST_ASTERISK)} or later"
                + (f" but {_dotted(version)}" if version else "")
                + "; name another one, or unset it to have one fetched"
            )
        return own
    return _installed_asterisk() or _program_in(_root(_ASTERISK), "asterisk")


def asterisk_is_missing() -> bool:
    """Whether `asterisk_program` would fetch it now."""
    chosen = os.environ.get("HOTLINE_ASTERISK")
    return not chosen and not _directory(_ASTERISK).is_dir() and _installed_asterisk() is None


def tool(name: str) -> Program:
    """For phones, callers and prompts: `sipp`, `baresip`, `espeak-ng` or `sox`. Raises RootError."""
    root = _root(_TOOLS)
    program = _program_in(root, name)
    if name == "espeak-ng":
        data = next(root.glob("usr/lib/*/espeak-ng-data"))
        return Program(program.path, root, (*program.start, f"--path={data.parent}"))
    return program


def tools_are_missing() -> bool:
    """Whether `tool` would fetch them now."""
    return not _directory(_TOOLS).is_dir()


def clock_library() -> Path:
    """To be preloaded into a program whose time of day is to be set: libfaketime. Raises RootError."""
    return next(_root(_CLOCK).glob("usr/lib/*/faketime/libfaketimeMT.so.1"))


def baresip_modules() -> Path:
    """For `module_path` in a baresip configuration. Raises RootError."""
    return _root(_TOOLS) / "usr/lib/baresip/modules"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock file `path` for this process; waits while another one has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _installed_asterisk() -> Program | None:
    for place in ("/usr/sbin/asterisk", "/usr/local/sbin/asterisk"):
        if Path(place).exists():
            own = _own_program(Path(place))
            version = _asterisk_version(own)
            if version is not None and version >= _LEAST_ASTERISK:
                return own
    return None


def _own_program(path: Path) -> Program:
    return Program(path, Path("/"), (str(path),))


def _asterisk_version(program: Program) -> tuple[int, ...] | None:
    try:
        shown = subprocess.run(program.argv("-V"), capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"Asterisk (?:certified[-/])?(\d+)\.(\d+)", shown.stdout)
    return (int(match[1]), int(match[2])) if match else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _program_in(root: Path, name: str) -> Program:
    path = next(
        (root / place / name for place in ("usr/bin", "usr/sbin") if (root / place / name).exists()), None
    )
    loaders = [
        *root.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*"),
        *root.glob("lib/*-linux-gnu*/ld-linux*.so.*"),
    ]
    if path is None or not loaders:
        raise RootError(f"{name} is missing in {root}; delete that directory to have it fetched again")
    libraries = [
        str(directory)
        for pattern in ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib/*-linux-gnu*/pulseaudio")
        for directory in sorted(root.glob(pattern))
    ]
    return Program(path, root, (str(loaders[0]), "--library-path", ":".join(libraries), str(path)))


def _directory(recipe: _Recipe) -> Path:
    return cache_directory() / recipe.directory_name()


def _root(recipe: _Recipe) -> Path:
    cache = cache_directory()
    final = _directory(recipe)
    if final.is_dir():
        return final
    with locked(cache / f"{recipe.directory_name()}.lock"):
        if not final.is_dir():
            _fetch(recipe, cache, final)
    return final


def _fetch(recipe: _Recipe, cache: Path, final: Path) -> None:
    for needed in ("apt-get", "dpkg-deb"):
        if shutil.which(needed) is None:
            raise RootError(
                f"cannot fetch {recipe.name}: {needed} is missing; this needs a Debian machine"
                + (", or HOTLINE_ASTERISK with the path of an Asterisk" if recipe is _ASTERISK else "")
            )
    log = cache / f"{recipe.directory_name()}.log"
    failures: list[str] = []
    with log.open("w") as out:
        for mirror in _mirrors():
            work = cache / f"{recipe.directory_name()}.partial"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            try:
                _unpack(recipe, mirror, work, out.fileno())
            except subprocess.CalledProcessError as error:
                failures.append(f"`{' '.join(error.cmd[:4])}` ended with {error.returncode}")
                continue
            (work / "root").rename(final)
            shutil.rmtree(work)
            return
    shown = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    raise RootError(
        f"cannot fetch {recipe.name} ({' '.join(recipe.packages)} of Debian {recipe.suite}): {failures[-1]}. "
        "Is there a network, and does `apt-get update` work? "
        f"The end of {log}:\n  " + "\n  ".join(shown)
    )


def _mirrors() -> list[str]:
    """Where this machine's own Debian packages come from; `HOTLINE_DEBIAN_MIRROR` overrides it."""
    chosen = os.environ.get("HOTLINE_DEBIAN_MIRROR")
    if chosen:
        return [chosen]
    listed = subprocess.run(
        ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    codename = _codename()
    rows = [line.split() for line in listed.splitlines()]
    mirrors = [row[0] for row in rows if len(row) == 3 and row[1] == codename and row[2] == "main"]
    if not mirrors:
        raise RootError(
            "this machine's package sources name no Debian mirror; "
            "set HOTLINE_DEBIAN_MIRROR to one, as it stands in a sources.list"
        )
    return list(dict.fromkeys(mirrors))


def _codename() -> str:
    text = Path("/etc/os-release").read_text()
    match = re.search(r"^VERSION_CODENAME=(\w+)$", text, re.MULTILINE)
    return match[1] if match else ""


def _unpack(recipe: _Recipe, mirror: str, work: Path, log: int) -> None:
    for directory in ("state/lists/partial", "cache/archives/partial", "root"):
        (work / directory).mkdir(parents=True)
    (work / "status").touch()
    signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    (work / "sources.list").write_text(f"deb {signed}{mirror} {recipe.suite} main\n")
    # An empty package state makes apt resolve everything down to libc. Check-Valid-Until is off because a
    # mirror's copy of the unstable suite may be some weeks old; its signature is still checked.
    (work / "apt.conf").write_text(
        f"""
Dir::State "{work}/state";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Dir::Etc::SourceList "{work}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
"""
    )
    environment = os.environ | {"APT_CONFIG": str(work / "apt.conf"), "LC_ALL": "C.UTF-8"}

    def run(*argv: str) -> None:
        subprocess.run(argv, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=True)

    run("apt-get", "-q", "--error-on=any", "update")
    run("apt-get", "-qy", "--download-only", "install", *recipe.packages)
    for archive in sorted((work / "cache/archives").glob("*.deb")):
        run("dpkg-deb", "-x", str(archive), str(work / "root"))
