"""Children that never outlive the process that started them."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import BinaryIO

from embedded.accounts import Account
from embedded.errors import DidNotStart
from embedded.identity import Identity, look_up

LEASH = Path(__file__).with_name("leash.py")
LARGEST_LOG = 10 * 1024 * 1024  # bytes; looked at when a child starts, and while it runs
KILL_DEADLINE = 10.0  # seconds until even a killed process must be gone


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What to run, as whom, and where its output goes. The executable is an absolute path."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    account: Account | None = None
    directory: Path | None = None
    on_orphaned: Signals = signal.SIGKILL


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """A process started by us and not yet known to be gone."""

    process: Process
    identity: Identity | None
    program: Program
    log_begins: int = 0  #: where in the log its own output starts, in bytes

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        return self.process.returncode

    async def exited(self) -> int:
        return await self.process.wait()

    async def stop(self, *, polite: Signals, within: float) -> None:
        """Ask; past the deadline, kill it and whatever it started in its process group."""
        self.send(polite)
        try:
            async with asyncio.timeout(within):
                await self.exited()
        except TimeoutError:
            self.kill()
            async with asyncio.timeout(KILL_DEADLINE):
                await self.exited()

    def send(self, number: Signals) -> None:
        if self.exit_code is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill(self) -> None:
        if self.exit_code is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


async def spawn(program: Program) -> Child:
    """Start the program in its own process group: a Ctrl-C of the terminal reaches the supervisor alone.

    Call it on the main thread: Linux ends the child with the thread that started it.
    """
    command = _leashed(program)
    with open_log(program.log) as log:
        begins = log.seek(0, os.SEEK_END)
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=log,
            stderr=STDOUT,
            env=dict(program.environment),
            cwd=program.directory,
            process_group=0,
        )
    return Child(process=process, identity=look_up(process.pid), program=program, log_begins=begins)


async def run_to_end(name: str, program: Program, *, within: float) -> None:
    """Run a program that must exit with 0; raises `DidNotStart` when it does not, and never leaves it behind."""
    child = await spawn(program)
    try:
        async with asyncio.timeout(within):
            code = await child.exited()
    except TimeoutError:
        raise DidNotStart(name, f"it took more than {within:g} seconds", program.log, since=child.log_begins) from None
    finally:
        if child.exit_code is None:
            await child.stop(polite=signal.SIGTERM, within=KILL_DEADLINE)
    if code != 0:
        raise DidNotStart(name, exit_as_words(code), program.log, since=child.log_begins)


def exit_as_words(code: int) -> str:
    return f"it exited with code {code}" if code >= 0 else f"it was ended by {Signals(-code).name}"


def open_log(log: Path) -> BinaryIO:
    """Append; a log that has grown large becomes its one predecessor first."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if _is_large(log):
        log.replace(_predecessor(log))
    return _appending(log)


def shorten(log: Path) -> None:
    """Make room in a log that its writer holds open: what it says becomes the predecessor, and it begins anew.

    The writer appends, so it goes on at the new end; what it writes between the two steps is lost.
    """
    if not _is_large(log):
        return
    _predecessor(log).unlink(missing_ok=True)
    with log.open("rb") as source, _appending(_predecessor(log)) as kept:
        shutil.copyfileobj(source, kept)
    os.truncate(log, 0)


def _is_large(log: Path) -> bool:
    return log.exists() and log.stat().st_size > LARGEST_LOG


def _predecessor(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")


def _appending(log: Path) -> BinaryIO:
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def _leashed(program: Program) -> list[str]:
    account = f"{program.account.uid}:{program.account.gid}" if program.account else ""
    head = [sys.executable, "-I", "-S", str(LEASH), str(int(program.on_orphaned)), str(os.getpid()), account]
    return [*head, *program.command]
