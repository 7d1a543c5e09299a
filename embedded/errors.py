"""Why servers on this machine cannot be started or found, named for the fact."""

from pathlib import Path

from operations.errors import OperationsError

LINES_SHOWN = 15
LONGEST_LINE = 240  # characters shown
LONGEST_TAIL = 20_000  # bytes of a log that are looked at


class DidNotStart(OperationsError):
    """A server did not start; everything started before it was ended."""

    def __init__(self, name: str, fact: str, log: Path | None = None, *, since: int = 0) -> None:
        """`since`: where in the log this start begins, in bytes; what earlier ones said explains nothing."""
        sentence = f"{name} did not start: {fact}."
        lines = last_lines(log, since) if log else []
        if lines:
            sentence += "\n".join(["", f"The end of {log}:", *(f"  {line}" for line in lines)])
        super().__init__(sentence)


class AlreadyRunning(OperationsError):
    """Tenantry is already running on this data directory."""


class NotRunning(OperationsError):
    """Nothing runs on this data directory. Start it with `tenantry up`."""


class MadeForAnother(OperationsError):
    """A demo runs on a directory of its own, and nothing else runs on that one."""

    def __init__(self, directory: Path, *, is_demo: bool) -> None:
        if is_demo:
            super().__init__(
                f"{directory} holds an installation that was not made for a demo; nothing in it was changed."
                " Leave --data-dir out, or name a new directory."
            )
        else:
            super().__init__(f"{directory} holds a demo. Start it with `tenantry up --demo --data-dir {directory}`.")


class NoExternalServers(OperationsError):
    """A demo runs on servers of its own."""


class CannotListen(OperationsError):
    """No server can listen where it was asked to."""


class DirectoryUnusable(OperationsError):
    """Nothing can be kept in the data directory."""


class PortTaken(OperationsError):
    """The port asked for is in use by another program."""


def last_lines(log: Path, since: int = 0) -> list[str]:
    """Return the last lines that say something, from a byte on; none for a log that cannot be read."""
    try:
        with log.open("rb") as file:
            size = log.stat().st_size
            file.seek(max(since if since <= size else 0, size - LONGEST_TAIL))  # a log may have been shortened
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [_shortened(line.rstrip()) for line in text.splitlines() if line.strip()][-LINES_SHOWN:]


def _shortened(line: str) -> str:
    """Both ends: when and where at the front, the actual reason at the back."""
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]} … {line[-LONGEST_LINE // 2 :]}"
