"""Notes about running children, left on disk so that the next start can end those a crash has orphaned."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import Signals
from typing import Self

from embedded import identity
from embedded.files import write_private
from embedded.identity import Identity

ORPHAN_DEADLINE = 10.0  # seconds from asking to killing


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A child as it was when it started, and the signal that ends it well."""

    pid: int
    started: str
    command: list[str]
    polite: int

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return None where nothing (or nothing legible) was left behind."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def still_running(self) -> Identity | None:
        """The recorded process itself: same start and same command, not whoever got its pid since."""
        found = identity.look_up(self.pid)
        if found is None or found.started != self.started or not found.runs(self.command):
            return None
        return found


async def end_orphans(paths: Iterable[Path]) -> None:
    """End what these records describe if it still runs, and forget them."""
    for path in paths:
        record = Record.read(path)
        orphan = record.still_running() if record else None
        if record and orphan:
            await identity.end(orphan, polite=Signals(record.polite), within=ORPHAN_DEADLINE)
        path.unlink(missing_ok=True)
