"""What a `tenantry up` is to run, and where."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from embedded import environment, ports
from embedded.environment import DATABASE_URL, TEMPORAL_ADDRESS
from embedded.errors import NoExternalServers
from embedded.keeper import Pace


@dataclass(frozen=True, kw_only=True, slots=True)
class Commands:
    """How our own processes are run; the first word of each is an absolute path."""

    migrations: tuple[str, ...] = (sys.executable, "-m", "migrations")
    worker: tuple[str, ...] = (sys.executable, "-m", "workers")
    console: tuple[str, ...] = (sys.executable, "-m", "console")
    bad_worker: tuple[str, ...] = (sys.executable, "-m", "demo.bad_build")  # of a demo
    demo: tuple[str, ...] = (sys.executable, "-m", "demo")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to run where. Addresses in `user`, the environment `up` was called with, replace servers of our own."""

    directory: Path
    user: Mapping[str, str]
    host: str = ports.LOOPBACK
    port: int | None = None  # None: the usual one, or any when that is busy
    commands: Commands = field(default_factory=Commands)
    pace: Pace = field(default_factory=Pace)
    with_temporal_ui: bool = False
    workers: int = 1
    is_demo: bool = False  #: filled with customers and trouble; then nobody else's servers are taken

    def __post_init__(self) -> None:
        """Raises `NoExternalServers`."""
        named = [name for name in (DATABASE_URL, TEMPORAL_ADDRESS) if environment.given(self.user, name)]
        if self.is_demo and named:
            raise NoExternalServers(
                f"{' and '.join(named)} {'is' if len(named) == 1 else 'are'} set, and a demo breaks the servers it runs"
                " on: it takes none but its own. Unset it; nothing was started."
            )
