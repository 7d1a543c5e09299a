"""Find a Chromium for the end-to-end tests, or install one: `python -m workbench.browser` prints its path."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

SHELL = "chromium-headless-shell"  #: the same engine without windows, for a fifth less of the processor
INSTALLED_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS_APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
LONGEST_INSTALLATION = 600  # seconds


class BrowserNotFound(Exception):
    """No Chromium was found that starts: install one, or give its path in the variable CHROMIUM."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def find_browser() -> str:
    """Return the path of a Chromium that starts: CHROMIUM, else one without windows, else any."""
    for candidate in _candidates():
        if _starts(candidate):
            return candidate
    raise BrowserNotFound


def install_browser() -> str:
    """Try each way of installing a Chromium until one starts; asks no question and needs no terminal."""
    for command in _ways_to_install():
        print(f"Installing Chromium: {' '.join(command)}", file=sys.stderr)
        try:
            subprocess.run(
                command,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                timeout=LONGEST_INSTALLATION,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            )
            return find_browser()
        except (OSError, subprocess.SubprocessError, BrowserNotFound) as error:
            print(f"That did not help: {error}", file=sys.stderr)
    raise BrowserNotFound


def _candidates() -> Iterator[str]:
    if chosen := os.environ.get("CHROMIUM"):
        yield chosen
        return
    for shell in ("chrome-headless-shell-*/chrome-headless-shell", "chrome-*/headless_shell"):
        yield from _playwrights_own("chromium_headless_shell", shell)
    yield from filter(None, [shutil.which(SHELL)])
    for whole in ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*"):
        yield from _playwrights_own("chromium", whole)
    yield from filter(None, map(shutil.which, INSTALLED_NAMES))
    yield from MACOS_APPLICATIONS


def _playwrights_own(build: str, pattern: str) -> Iterator[str]:
    """Of what the installed Playwright was made for; asking Playwright itself would start its server."""
    package = find_spec("playwright")
    if package is None or package.origin is None:
        return
    pinned = json.loads(Path(package.origin).with_name("driver").joinpath("package", "browsers.json").read_bytes())
    revision = next(browser["revision"] for browser in pinned["browsers"] if browser["name"] == "chromium")
    yield from map(str, (_playwright_downloads() / f"{build}-{revision}").glob(pattern))


def _playwright_downloads() -> Path:
    if chosen := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(chosen)
    caches = Path("Library", "Caches") if sys.platform == "darwin" else Path(".cache")
    return Path.home() / caches / "ms-playwright"


def _starts(candidate: str) -> bool:
    """A file is not enough: Ubuntu's chromium-browser only advertises a snap, and libraries may be missing."""
    try:
        answer = subprocess.run(
            [candidate, "--version"], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.startswith((b"Chrom", b"Google Chrome"))


def _ways_to_install() -> Iterator[list[str]]:
    if os.environ.get("CHROMIUM"):
        return  # somebody has chosen; another one would not be used
    as_root = _prefix_of_root()
    playwright = [sys.executable, "-m", "playwright", "install"]
    if as_root is None or shutil.which("apt-get") is None:
        yield [*playwright, "chromium"]
        return
    yield [*playwright, "--with-deps", "chromium"]
    yield [*as_root, "sh", "-c", "apt-get update -q && apt-get install -q -y --no-install-recommends chromium"]


def _prefix_of_root() -> list[str] | None:
    """What to put before a command to run it as root without a password; None when there is no such way."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    try:
        subprocess.run([*sudo, "true"], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return sudo


def main() -> None:
    try:
        print(find_browser())
    except BrowserNotFound:
        print(install_browser())


if __name__ == "__main__":
    try:
        main()
    except BrowserNotFound as error:
        sys.exit(str(error))
