"""Takes a picture of the wallboard with a real browser.

python -m lab.wallboard_picture 'http://127.0.0.1:8080/wallboard#token=...' docs/wallboard.png
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-noto-cjk")
_INSTALL_S = 600
_PICTURE_S = 90
_PAGE_MS = 4000
"""Of the page's own time, so that it has polled a few times."""
_PNG = b"\x89PNG\r\n\x1a\n"


class NoPicture(Exception):
    """There is no browser, or it did not write the picture; the message says which and what to do."""


def picture(url: str, out: Path, width: int = 1920, height: int = 1080) -> None:
    """Writes the page at `url` to `out` as PNG. Raises NoPicture.

    Without a browser and as root it installs Debian's Chromium and a font with Chinese characters.
    """
    browser = _browser()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="wallboard-", ignore_cleanup_errors=True) as profile:
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            f"--virtual-time-budget={_PAGE_MS}",
            f"--screenshot={out.resolve()}",
        ]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        try:
            done = subprocess.run(
                [*command, url], capture_output=True, text=True, timeout=_PICTURE_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise NoPicture(f"{browser} did not finish within {_PICTURE_S} s") from None
    if not out.is_file() or not out.read_bytes().startswith(_PNG):
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise NoPicture(f"{browser} wrote no picture (exit {done.returncode}): {said[0]}")


def _browser() -> str:
    found = _find()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = _find()
    if found is None:
        raise NoPicture(f"no browser found; as root: apt-get install {' '.join(PACKAGES)}")
    return found


def _find() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name)) is not None), None)


def _install() -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", "-q", *arguments],
            env=quiet,
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise NoPicture(f"apt-get {arguments[0]} failed (exit {done.returncode}): {said[0]}")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 the picture is there, 1 it is not."""
    parser = argparse.ArgumentParser(prog="wallboard_picture", description="Takes a picture of a page.")
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1920)
    parser.add_argument("--height", type=int, default=1080)
    given = parser.parse_args(arguments)
    try:
        picture(given.url, given.out, given.width, given.height)
    except NoPicture as error:
        print(error, file=sys.stderr)
        return 1
    print(given.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
