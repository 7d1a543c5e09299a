"""Becomes the command it is given, after giving up privileges and tying its life to the process that asked for it.

`processes.spawn` runs this file as a script: between fork and exec only a fresh interpreter may safely do this,
because the supervisor has threads (those of temporalio) whose locks a forked copy would inherit.
"""

import ctypes
import os
import signal
import sys

SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
NOBODY_WAITS = 1


def main(death_signal: str, parent: str, account: str, *command: str) -> None:
    """Take the account as `uid:gid`, or empty to keep the own one. Does not return."""
    if account:
        _become(*map(int, account.split(":")))
    # A change of credentials clears the death signal, so it is set after it.
    _die_with_parent(int(death_signal))
    if os.getppid() != int(parent):  # it died before the signal was set
        raise SystemExit(NOBODY_WAITS)
    for number in IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execv(command[0], command)  # noqa: S606 - a shell is what it must not have
    except OSError as error:
        raise SystemExit(f"{command[0]}: {error.strerror}") from None


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _die_with_parent(death_signal: int) -> None:
    """Other systems lack this; there orphans are found by their record at the next start."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(SET_DEATH_SIGNAL, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


if __name__ == "__main__":
    main(*sys.argv[1:])
