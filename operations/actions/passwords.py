"""Hashing passwords: on threads of its own, so that nothing else waits for it, and only so many at a time.

A hash takes a tenth of a second of a core and 64 MB. Whoever sends log-ins by the thousand gets neither more of the
machine nor the places of those who have logged in before.
"""

import asyncio
import functools
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from operations.errors import LoginsBusy

SHORTEST, LONGEST = 12, 256  # characters
PASSWORD_RULE = f"The password must have {SHORTEST} to {LONGEST} characters."
THREADS = 2
MOST = 64  #: passwords that are hashed or wait for it; some seconds of waiting
MOST_OF_STRANGERS = MOST // 2


def password_problem(password: str) -> str | None:
    return None if SHORTEST <= len(password) <= LONGEST and _is_text(password) else PASSWORD_RULE


@dataclass(kw_only=True, slots=True)
class Passwords:
    """One per process."""

    hasher: PasswordHasher = field(default_factory=PasswordHasher)  #: what hashes cost that are made from here on
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "passwords"))
    _under_way: int = 0

    async def hashed(self, password: str) -> str:
        """For an account; it waits for its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.hasher.hash, password)

    async def matches(self, hashed: str | None, password: str, *, known: bool) -> bool:
        """Whether this is the password of the hash; without one it takes as long to say no.

        `known`: it comes from where somebody logged in before. Raises `LoginsBusy` when too many wait already.
        """
        if self._under_way >= (MOST if known else MOST_OF_STRANGERS):
            raise LoginsBusy
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, _matches, self.hasher, hashed, password
            )
        finally:
            self._under_way -= 1


def _matches(hasher: PasswordHasher, hashed: str | None, password: str) -> bool:
    if len(password) > LONGEST or not _is_text(password):  # nobody's, whatever the account
        hashed, password = None, ""
    try:
        return hasher.verify(hashed or _nobodys_hash(hasher), password)
    except (VerificationError, InvalidHashError):
        return False


def _is_text(password: str) -> bool:
    """Whether it can be hashed: half of a surrogate pair, which JSON can carry, cannot."""
    return not any(unicodedata.category(character) == "Cs" for character in password)


@functools.cache
def _nobodys_hash(hasher: PasswordHasher) -> str:
    """A hash that no password matches, so that an unknown e-mail takes as long to refuse as a wrong password."""
    return hasher.hash(secrets.token_urlsafe(32))
