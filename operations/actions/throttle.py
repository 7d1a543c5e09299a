"""Bounds failed log-ins: by account and address, so that nobody can lock somebody else out, and by address alone."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from operations.errors import TooManyTries, WrongPassword

PER_ACCOUNT = RateLimitItemPerMinute(10)
PER_ADDRESS = RateLimitItemPerMinute(20)


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttle:
    """One per process; forgets within a minute."""

    _failed: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))
    _under_way: Counter[tuple[str, ...]] = field(default_factory=Counter)

    @asynccontextmanager
    async def attempt(self, email: str, address: str) -> AsyncIterator[None]:
        """Around one log-in, whose `WrongPassword` is counted; raises `TooManyTries` instead of letting it begin.

        Those under way count as failed: of many sent at once, no more may slip through than one after the other.
        """
        bounds = {(email.strip().lower(), address): PER_ACCOUNT, (address,): PER_ADDRESS}
        self._under_way.update(bounds.keys())
        try:
            for key, bound in bounds.items():
                if (await self._failed.get_window_stats(bound, *key)).remaining < self._under_way[key]:
                    raise TooManyTries
            yield
        except WrongPassword:
            for key, bound in bounds.items():
                await self._failed.hit(bound, *key)
            raise
        finally:
            self._under_way.subtract(bounds.keys())
            for key in bounds:
                if not self._under_way[key]:
                    del self._under_way[key]
