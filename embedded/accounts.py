"""The OS account PostgreSQL runs as when we are root, which it refuses to be."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from operations.errors import ConfigurationError

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int


def unprivileged() -> Account | None:
    """Return None when we are an ordinary user: then everything stays ours."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise ConfigurationError("PostgreSQL refuses to run as root, and this system has no user postgres or nobody.")


def let_through(account: Account, paths: Iterable[Path]) -> list[Path]:
    """Add the search bit for others to those directories on the way that the account cannot pass; return them."""
    opened: list[Path] = []
    for path in paths:
        resolved = path.resolve()
        for directory in reversed([resolved, *resolved.parents]):
            mode = directory.stat().st_mode
            if stat.S_ISDIR(mode) and not _can_search(account, directory):
                directory.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
                opened.append(directory)
    return opened


def hand_over(account: Account | None, *paths: Path) -> None:
    """Give these paths to the account; without one they stay ours."""
    if account:
        for path in paths:
            os.chown(path, account.uid, account.gid)


def _can_search(account: Account, directory: Path) -> bool:
    facts = directory.stat()
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == account.gid:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)
