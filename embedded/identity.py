"""Which process a recorded pid is today; nothing here signals a process that merely inherited the number."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

from embedded import patience

LINUX_STATE, LINUX_STARTED = 0, 19  # fields of /proc/PID/stat behind the name
STOPPED = "Tt"
PS_DATE_WORDS = 5  # of "Tue Nov 20 11:23:45 2026"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A running process. Two of them are the same process when pid and start agree; exec changes the command only."""

    pid: int
    started: str
    command: str
    is_stopped: bool = field(default=False, compare=False)  #: by SIGSTOP or a debugger

    def is_alive(self) -> bool:
        now = look_up(self.pid)
        return now is not None and now.started == self.started

    def runs(self, command: Sequence[str]) -> bool:
        """Compare without the executable, which macOS rewrites."""
        return f" {' '.join(command[1:])} " in f"{self.command} "


def look_up(pid: int) -> Identity | None:
    """Return None for a process that is gone, or dead and only waiting to be reaped."""
    return _in_proc(pid) if sys.platform == "linux" else with_ps(pid)


async def end(identity: Identity, *, polite: Signals, within: float) -> None:
    """Ask, wait, kill: for a process that is not our child."""
    if not send(identity, polite):
        return
    if not await patience.until(lambda: not identity.is_alive(), within=within):
        send(identity, signal.SIGKILL)
        await patience.until(lambda: not identity.is_alive(), within=within)


def send(identity: Identity, number: Signals) -> bool:
    """Signal exactly this process; false when it is gone."""
    with suppress(ProcessLookupError):
        handle = _handle(identity.pid)
        try:
            if not identity.is_alive():
                return False
            if handle is None:
                os.kill(identity.pid, number)
            else:
                signal.pidfd_send_signal(handle, number)
            return True
        finally:
            if handle is not None:
                os.close(handle)
    return False


def _handle(pid: int) -> int | None:
    """On Linux: taken before the check, it keeps the number from passing to a stranger between check and signal."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError:  # a kernel or sandbox without it
        return None


def _in_proc(pid: int) -> Identity | None:
    directory = Path("/proc", str(pid))
    try:
        fields = (directory / "stat").read_text().rpartition(")")[2].split()
        words = (directory / "cmdline").read_bytes().split(b"\0")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    if fields[LINUX_STATE] in "ZX":
        return None
    command = b" ".join(words).decode(errors="replace").strip()
    is_stopped = fields[LINUX_STATE] in STOPPED
    return Identity(pid=pid, started=f"{boot} {fields[LINUX_STARTED]}", command=command, is_stopped=is_stopped)


def with_ps(pid: int) -> Identity | None:
    """The same answer from `ps`, for systems without /proc; its start is exact to the second only."""
    command = ["ps", "-ww", "-o", "state=,lstart=,command=", "-p", str(pid)]
    done = subprocess.run(  # noqa: S603 - fixed words and a number
        command, capture_output=True, text=True, check=False, env={"PATH": "/bin:/usr/bin", "LC_ALL": "C"}
    )
    words = done.stdout.split(None, PS_DATE_WORDS + 1)
    if len(words) <= PS_DATE_WORDS or words[0].startswith("Z"):
        return None
    return Identity(
        pid=pid,
        started=" ".join(words[1 : PS_DATE_WORDS + 1]),
        command=words[-1].strip(),
        is_stopped=words[0][0] in STOPPED,
    )
