"""Real programs that stand around ours in some tests: `python -m tests.parts` installs those that are missing."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from workbench import browser

LONGEST_INSTALLATION = 600  # seconds
BESIDE_THE_PATH = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin")
# A package of Debian's starts its server at once, unless this script is there and says no.
INSTALL = """
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\\nexit 101\\n' > $policy && chmod 755 $policy
fi
apt-get update -q && apt-get install -q -y --no-install-recommends "$@"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A program that Debian's package of the same name brings."""

    name: str
    why: str

    def path(self) -> str | None:
        """Where it is, also when only root has the directory in its path."""
        return shutil.which(self.name, path=os.pathsep.join([os.environ.get("PATH", ""), *BESIDE_THE_PATH]))

    def wanted(self) -> str:
        """Where it is; the test that asks is skipped with a sentence where it is not."""
        return self.path() or pytest.skip(self.lack)

    @property
    def lack(self) -> str:
        return f"{self.name} is not installed, so {self.why} was not tried: apt-get install {self.name}"


PGBOUNCER = Part(name="pgbouncer", why="a pooler between us and PostgreSQL")
NGINX = Part(name="nginx", why="a proxy in front of the console")
FAKETIME = Part(name="faketime", why="a clock that runs wrong")
SHELL = Part(name=browser.SHELL, why="the browser that costs a fifth less of the processor")
PARTS = (PGBOUNCER, NGINX, FAKETIME, SHELL)


def clock(offset: str) -> dict[str, str]:
    """The variables of a process whose clock is wrong by this much ("+10m"); the test is skipped without the part.

    The program itself would stand between us and the process, and keep signals from it.
    """
    said = subprocess.run(
        [FAKETIME.wanted(), "-f", offset, "printenv", "LD_PRELOAD"], check=True, capture_output=True, text=True
    )
    # How long something takes is measured on a clock that no setting of the time moves.
    return {"LD_PRELOAD": said.stdout.strip(), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def install(missing: list[Part]) -> None:
    """Only as root: on somebody's own machine, servers are not ours to add."""
    if not missing or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    names = [part.name for part in missing]
    _say(f"Installing {', '.join(names)}")
    try:
        subprocess.run(
            ["sh", "-c", INSTALL, "sh", *names],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            timeout=LONGEST_INSTALLATION,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        _say(f"That did not help: {error}")


def main() -> None:
    """Never an error: what cannot be installed is skipped, and said."""
    install([part for part in PARTS if part.path() is None])
    for part in PARTS:
        if part.path() is None:
            _say(part.lack)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
