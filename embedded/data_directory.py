"""The directory that holds everything `tenantry up` keeps, owned by one supervisor at a time."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from embedded import ports
from embedded.errors import AlreadyRunning, DirectoryUnusable
from embedded.files import kept_secret, write_private
from embedded.state import State


@dataclass(frozen=True, kw_only=True, slots=True)
class DataDirectory:
    """Paths and remembered choices below `path`, which is absolute."""

    path: Path

    @property
    def state_file(self) -> Path:
        return self.path / "state.json"

    @property
    def environment_file(self) -> Path:
        return self.path / "environment"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def temporal(self) -> Path:
        return self.path / "temporal"

    @property
    def records(self) -> Path:
        return self.path / "run"

    @property
    def free(self) -> int:
        """Bytes, where it is or is going to be."""
        there = next(path for path in (self.path, *self.path.parents) if path.exists())
        return shutil.disk_usage(there).free

    @property
    def left_by(self) -> int | None:
        """The process that did not end in order here; None also while one runs."""
        try:
            pid = int(json.loads(self.state_file.read_text())["pid"])
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return None if State.read(self.state_file) else pid

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def record(self, name: str) -> Path:
        return self.records / f"{name}.json"

    def secret_key(self) -> str:
        return kept_secret(self.path / "secret_key")

    def presenters_password(self) -> str:
        """Of the first account of a demo; short, as it is typed before an audience."""
        return kept_secret(self.path / "password", size=9)

    def empty_temporal_config(self) -> Path:
        """Named to Temporal's tools so that they do not look for the user's."""
        path = self.path / "temporal.toml"
        path.touch(mode=0o600)
        return path

    def remembered_ports(self, *names: str) -> list[int]:
        """The ports these names had last time as far as they are free, else others, which are remembered."""
        file = self.path / "ports.json"
        known: dict[str, int] = {}
        with suppress(OSError, ValueError):
            known = {str(name): int(port) for name, port in json.loads(file.read_text()).items()}
        chosen = ports.choose([known.get(name) for name in names])
        known |= dict(zip(names, chosen, strict=True))
        write_private(file, json.dumps(known, indent=2) + "\n")
        return chosen


def locate(path: Path) -> DataDirectory:
    """The directory as it is, for those who only look."""
    return DataDirectory(path=path.expanduser().resolve())


@contextmanager
def held(path: Path) -> Iterator[DataDirectory]:
    """Own the directory until the block ends; raises `AlreadyRunning` while another process does.

    `DirectoryUnusable` when this account cannot write there.
    """
    home = locate(path)
    try:
        descriptor = _prepared(home)
    except OSError as error:
        said = (error.strerror or "unusable").lower()
        raise DirectoryUnusable(
            f"The data directory {home.path} cannot be written: {said}. Choose another with --data-dir."
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_who_runs(home)) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield home
    finally:
        os.close(descriptor)


def _prepared(home: DataDirectory) -> int:
    """The descriptor of the file that is locked by the owner; the kernel unlocks it however the process ends."""
    # Root's PostgreSQL runs as somebody else, who has to pass through; every file in here is private by itself.
    home.path.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    (home.path / ".gitignore").write_text("*\n")
    return os.open(home.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)  # no child inherits it


def _who_runs(home: DataDirectory) -> str:
    state = State.read(home.state_file)
    if state:
        return f"Tenantry already runs on {home.path}: process {state.pid}, {state.url}."
    owner = (home.path / "lock").read_text().strip()
    return f"Tenantry is just starting or ending on {home.path}: process {owner}."
